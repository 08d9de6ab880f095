//! What a canonical request becomes.

use ollama_chat::OllamaChat;
use patchbay_sdk::{Encoded, Failure, FailureKind, Normalizer, testing};
use serde_json::{Value, json};

use super::with;

fn encode(settings: Value, request: Value) -> Result<Encoded, Failure> {
    testing::encode::<OllamaChat>(&with(settings, testing::chat("m")), request)
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.body).expect("bodies are JSON")
}

/// A question with further members.
fn asking(members: Value) -> Value {
    let mut request = json!({"messages": [{"role": "user", "content": "hi"}]});
    let (Value::Object(all), Value::Object(members)) = (&mut request, members) else {
        return request;
    };
    all.extend(members);
    request
}

#[test]
fn every_case_is_encoded_as_the_documentation_says() {
    for case in testing::chat_cases() {
        let encoded = testing::encode::<OllamaChat>(&testing::chat("qwen3:8b"), case.request);
        let path = format!("tests/golden/requests/{}.json", case.name);
        testing::assert_golden(&path, &testing::encoded_value(encoded));
    }
}

#[test]
fn a_stream_differs_in_one_member_alone() {
    for case in testing::chat_cases() {
        let whole = encode(json!({}), case.request.clone());
        let streamed = testing::encode::<OllamaChat>(&testing::chat_stream("m"), case.request);
        let (Ok(whole), Ok(streamed)) = (whole, streamed) else { continue };
        let mut expected = body(&whole);
        expected["stream"] = true.into();
        assert_eq!(body(&streamed), expected, "{}", case.name);
        assert_eq!(streamed.dropped, whole.dropped, "{}", case.name);
    }
}

#[test]
fn numbers_keep_their_digits() {
    let canonical = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],
        "seed":9007199254740993,"temperature":1.0,"top_k":40.0,"options":{"min_p":0.10}}"#;
    let call = with(json!({}), testing::chat("m"));
    let encoded = OllamaChat::encode(&call, canonical);
    let text = String::from_utf8(encoded.unwrap().body).unwrap();
    for digits in [r#""seed":9007199254740993"#, r#""temperature":1.0"#, r#""min_p":0.10"#] {
        assert!(text.contains(digits), "{text}");
    }
}

#[test]
fn the_callers_options_win_over_the_operators() {
    let settings = json!({"options": {"num_ctx": 8192, "temperature": 0.1, "top_k": 5}});
    let request = asking(json!({
        "temperature": 0.7, "top_k": 9, "max_tokens": 10, "max_completion_tokens": 20,
        "options": {"num_gpu": 1, "num_predict": 30},
    }));
    let encoded = encode(settings, request).unwrap();
    let options = json!({
        "num_ctx": 8192, "temperature": 0.7, "top_k": 9, "num_gpu": 1, "num_predict": 30,
    });
    assert_eq!(body(&encoded)["options"], options);
    assert!(encoded.dropped.is_empty(), "{:?}", encoded.dropped);
}

#[test]
fn options_that_are_no_object_are_refused() {
    let failure = encode(json!({}), asking(json!({"options": [1]}))).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    assert_eq!(failure.param(), Some("options"));
}

#[test]
fn members_of_ollamas_own_are_carried_and_win_over_settings() {
    let settings = json!({"keep_alive": "5m", "truncate": true, "think": true});
    let encoded = encode(settings.clone(), asking(json!({}))).unwrap();
    let sent = body(&encoded);
    assert_eq!((&sent["keep_alive"], &sent["truncate"]), (&json!("5m"), &json!(true)));
    assert_eq!(sent["think"], true);
    let own = json!({"keep_alive": 0, "truncate": false, "shift": false, "think": "low",
        "format": {"type": "object"}});
    let encoded = encode(settings, asking(own.clone())).unwrap();
    for (member, value) in own.as_object().unwrap() {
        assert_eq!(body(&encoded)[member], *value, "{member}");
    }
    assert!(encoded.dropped.is_empty(), "{:?}", encoded.dropped);
}

#[test]
fn an_effort_becomes_what_the_operator_chose() {
    let absent = Value::Null;
    let cases = [
        ("level", "none", json!(false), false),
        ("level", "minimal", json!("low"), false),
        ("level", "medium", json!("medium"), false),
        ("level", "xhigh", json!("max"), false),
        ("level", "extreme", absent.clone(), true),
        ("boolean", "low", json!(true), false),
        ("boolean", "none", json!(false), false),
        ("drop", "high", absent, true),
    ];
    for (think_as, effort, think, is_dropped) in cases {
        let request = asking(json!({"reasoning_effort": effort}));
        let encoded = encode(json!({"think_as": think_as}), request).unwrap();
        assert_eq!(body(&encoded)["think"], think, "{think_as} {effort}");
        assert_eq!(!encoded.dropped.is_empty(), is_dropped, "{think_as} {effort}");
    }
    // The caller's effort wins over the operator's default.
    let request = asking(json!({"reasoning_effort": "none"}));
    assert_eq!(body(&encode(json!({"think": true}), request).unwrap())["think"], false);
}

#[test]
fn what_ollama_has_no_place_for_is_named() {
    let request = asking(json!({
        "n": 2, "logit_bias": {"1": 1}, "service_tier": "flex", "store": true,
        "user": "u", "metadata": {"a": "b"}, "brand_new": null,
        "tools": [
            {"type": "function", "function": {"name": "f", "strict": true}},
            {"type": "custom", "custom": {"name": "g"}},
        ],
        "tool_choice": "required", "parallel_tool_calls": false,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s",
            "description": "d", "schema": {"type": "object"}}},
    }));
    let encoded = encode(json!({}), request).unwrap();
    let mut dropped = encoded.dropped.clone();
    dropped.sort();
    let expected = [
        "logit_bias",
        "n",
        "parallel_tool_calls",
        "response_format.json_schema.description",
        "service_tier",
        "store",
        "tool_choice",
        "tools[0].function.strict",
        "tools[1]",
    ];
    assert_eq!(dropped, expected);
    let parameters = &body(&encoded)["tools"][0]["function"]["parameters"];
    assert_eq!(*parameters, json!({"type": "object", "properties": {}}));
}

#[test]
fn a_message_of_which_nothing_is_left_is_refused() {
    let image = json!({"type": "image_url", "image_url": {"url": "https://a.example/x.png"}});
    let file = json!({"type": "file", "file": {"file_id": "f"}});
    let cases = [
        (json!([]), "messages"),
        (json!([{"role": "user", "content": [image]}]), "messages[0].content[0]"),
        (json!([{"role": "user", "content": [file]}]), "messages[0].content[0]"),
        (json!([{"role": "critic", "content": "no"}]), "messages[0].role"),
    ];
    for (messages, param) in cases {
        let failure = encode(json!({}), json!({"messages": messages})).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{messages}");
        assert_eq!(failure.param(), Some(param), "{messages}");
    }
    let empty = json!([{"role": "user", "content": ""}, {"role": "assistant", "content": null}]);
    let encoded = encode(json!({}), json!({"messages": empty})).unwrap();
    assert_eq!(body(&encoded)["messages"][1], json!({"role": "assistant", "content": ""}));
}

#[test]
fn an_image_alone_is_a_message_and_its_base64_is_the_standard_one() {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,-_8"}});
    let request = json!({"messages": [{"role": "user", "content": [image]}]});
    let sent = body(&encode(json!({}), request).unwrap());
    let message = json!({"role": "user", "content": "", "images": ["+/8="]});
    assert_eq!(sent["messages"][0], message);
}

#[test]
fn arguments_that_are_no_object_are_refused() {
    for arguments in ["[1]", "{\"a\":", "null"] {
        let call = json!({"id": "c", "type": "function",
            "function": {"name": "f", "arguments": arguments}});
        let messages = json!([{"role": "assistant", "tool_calls": [call]}]);
        let failure = encode(json!({}), json!({"messages": messages})).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{arguments}");
        let param = "messages[0].tool_calls[0].function.arguments";
        assert_eq!(failure.param(), Some(param), "{arguments}");
    }
}

#[test]
fn a_tool_result_has_the_name_of_its_function_wherever_it_stands() {
    let messages = json!([
        {"role": "tool", "tool_call_id": "unknown", "content": "a"},
        {"role": "tool", "tool_call_id": "unknown", "name": "given", "content": "b"},
        {"role": "function", "name": "old", "content": "c"},
    ]);
    let sent = body(&encode(json!({}), json!({"messages": messages})).unwrap());
    let names: Vec<_> = (0..3).map(|at| sent["messages"][at]["tool_name"].clone()).collect();
    assert_eq!(names, [json!(null), json!("given"), json!("old")]);
    assert!((0..3).all(|at| sent["messages"][at]["role"] == "tool"));
}
