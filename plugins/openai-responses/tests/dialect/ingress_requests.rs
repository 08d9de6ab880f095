//! Callers' requests.

use openai_responses::OpenAiResponses;
use patchbay_sdk::{FailureKind, Ingress, RequestHead, testing};
use serde_json::{Value, json};

fn canonical(request: &Value) -> Value {
    testing::decode::<OpenAiResponses>("/v1/responses", request).unwrap().1
}

#[test]
fn requests_become_chats() {
    let names = [
        "text",
        "conversation",
        "content",
        "tools",
        "custom_tools",
        "reasoning",
        "parameters",
        "structured",
    ];
    for name in names {
        let request = testing::fixture_json(&format!("tests/requests/{name}.json"));
        let chat = canonical(&request);
        testing::assert_golden(&format!("tests/golden/chats/{name}.json"), &chat);
        let read = patchbay_sdk::request::read_chat(chat.to_string().as_bytes());
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}

#[test]
fn digits_survive() {
    let body = br#"{"model":"m","input":"hi","temperature":1.0,"top_p":0.10,
        "max_output_tokens":9007199254740993,"seed":18446744073709551617,"store":false}"#;
    let decoded = OpenAiResponses::decode(&RequestHead::post("/v1/responses"), body).unwrap();
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"#,
        r#""max_completion_tokens":9007199254740993,"temperature":1.0,"top_p":0.10,"#,
        r#""seed":18446744073709551617}"#,
    );
    assert_eq!(String::from_utf8(decoded.canonical).unwrap(), expected);
}

#[test]
fn what_asks_for_nothing_is_not_carried_and_null_is_absent() {
    let request = json!({"model": "m", "input": "hi", "store": false, "background": false,
        "previous_response_id": null, "conversation": null, "prompt": null, "n": 1,
        "truncation": "disabled", "max_tool_calls": 3, "include": ["reasoning.encrypted_content"],
        "stream": false, "stream_options": {"include_obfuscation": false}, "top_logprobs": 0,
        "reasoning": {"effort": null, "summary": "auto"}, "text": {"format": {"type": "text"}},
        "temperature": null, "tools": [], "messages": []});
    let expected = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "text"}, "tools": []});
    assert_eq!(canonical(&request), expected);
}

#[test]
fn what_needs_a_server_with_a_memory_is_refused_by_name() {
    let with = |name: &str, value: Value| {
        let mut request = json!({"model": "m", "input": "hi"});
        request[name] = value;
        request
    };
    let item = |item: Value| json!({"model": "m", "input": [item]});
    let cases = [
        (with("previous_response_id", json!("resp_1")), "previous_response_id"),
        (with("conversation", json!({"id": "conv_1"})), "conversation"),
        (with("prompt", json!({"id": "pmpt_1"})), "prompt"),
        (with("background", json!(true)), "background"),
        (with("store", json!(true)), "store"),
        (with("n", json!(2)), "n"),
        (with("tools", json!([{"type": "web_search"}])), "tools[0].type"),
        (
            with("tools", json!([{"type": "function", "name": "f"}, {"type": "mcp"}])),
            "tools[1].type",
        ),
        (with("tool_choice", json!({"type": "file_search"})), "tool_choice.type"),
        (
            with(
                "tool_choice",
                json!({"type": "allowed_tools", "tools": [{"type": "image_generation"}]}),
            ),
            "tool_choice.tools[0].type",
        ),
        (item(json!({"type": "item_reference", "id": "msg_1"})), "input[0]"),
        (item(json!({"id": "msg_1"})), "input[0]"),
        (item(json!({"type": "web_search_call", "id": "ws_1"})), "input[0].type"),
        (item(json!({"type": "compaction", "encrypted_content": "x"})), "input[0].type"),
        (
            item(json!({"role": "user", "content": [{"type": "input_image", "file_id": "f"}]})),
            "input[0].content[0].file_id",
        ),
    ];
    for (request, param) in cases {
        let failure = testing::decode::<OpenAiResponses>("/v1/responses", &request).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{request}");
        assert_eq!(failure.param(), Some(param), "{request}");
    }
}

#[test]
fn a_wrong_member_is_named_by_its_path_and_not_quoted() {
    let input =
        |item: Value| json!({"model": "m", "input": [{"role": "user", "content": ""}, item]});
    let cases = [
        (json!({"input": "hi"}), "model"),
        (json!({"model": "m"}), "input"),
        (json!({"model": "m", "input": []}), "input"),
        (json!({"model": "m", "input": {"secret": 1}}), "input"),
        (json!({"model": "m", "input": "hi", "stream": "secret"}), "stream"),
        (json!({"model": "m", "input": "hi", "instructions": ["secret"]}), "instructions"),
        (json!({"model": "m", "input": "hi", "text": {"format": {}}}), "text.format.type"),
        (
            json!({"model": "m", "input": "hi", "text": {"format": {"type": "json_schema"}}}),
            "text.format.name",
        ),
        (json!({"model": "m", "input": "hi", "reasoning": {"effort": 1}}), "reasoning.effort"),
        (json!({"model": "m", "input": "hi", "tools": [{"type": "function"}]}), "tools[0].name"),
        (json!({"model": "m", "input": "hi", "tools": ["secret"]}), "tools[0]"),
        (input(json!("secret")), "input[1]"),
        (input(json!({"role": "user"})), "input[1].content"),
        (input(json!({"role": "user", "content": 5})), "input[1].content"),
        (input(json!({"role": "user", "content": [{}]})), "input[1].content[0].type"),
        (
            input(json!({"role": "user", "content": [{"type": "input_text", "text": {}}]})),
            "input[1].content[0].text",
        ),
        (
            input(json!({"role": "user", "content": [{"type": "input_image"}]})),
            "input[1].content[0].image_url",
        ),
        (input(json!({"type": "function_call", "name": "f"})), "input[1].call_id"),
        (input(json!({"type": "function_call", "call_id": "c"})), "input[1].name"),
        (input(json!({"type": "function_call_output", "call_id": "c"})), "input[1].output"),
        (input(json!({"type": "custom_tool_call", "call_id": "c", "name": "f"})), "input[1].input"),
        (input(json!({"type": "reasoning", "summary": "secret"})), "input[1].summary"),
    ];
    for (request, param) in cases {
        let failure = testing::decode::<OpenAiResponses>("/v1/responses", &request).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{request}");
        assert_eq!(failure.param(), Some(param), "{request}: {failure}");
        assert!(!failure.message().contains("secret"), "{failure}");
    }
    let head = RequestHead::post("/v1/responses");
    for body in [&b""[..], b"[]", b"{", b"\xff"] {
        let failure = OpenAiResponses::decode(&head, body).err().unwrap();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    }
}

#[test]
fn instructions_with_line_breaks_and_tools_are_echoed_on_one_line() {
    let body = b"{\"model\":\"m\",\"input\":\"hi\",\"tools\":[\n {\"type\":\"function\",\r\n\t\"name\":\"f\",\"parameters\":{\"multipleOf\":0.010}}]}";
    let decoded = OpenAiResponses::decode(&RequestHead::post("/v1/responses"), body).unwrap();
    let (name, echo) = &decoded.extra[0];
    assert_eq!(name, "echo");
    assert!(!echo.contains(['\n', '\r']), "{echo}");
    let tools = r#""tools":[{"type":"function","name":"f","parameters":{"multipleOf":0.010}}]"#;
    assert!(echo.contains(tools), "{echo}");
}
