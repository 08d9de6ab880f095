//! Canonical requests as Cohere's.

use cohere_chat::CohereChat;
use patchbay_sdk::testing::{self, encoded_value};
use patchbay_sdk::{FailureKind, Normalizer};
use serde_json::{Value, json};

fn encode(request: Value) -> Value {
    encoded_value(testing::encode::<CohereChat>(&testing::chat("command"), request))
}

fn user() -> Value {
    json!([{"role": "user", "content": "Hello"}])
}

#[test]
fn every_case_is_what_cohere_wants() {
    for case in testing::chat_cases() {
        let path = format!("tests/golden/requests/{}.json", case.name);
        testing::assert_golden(&path, &encode(case.request));
    }
}

#[test]
fn a_streamed_request_says_so_and_is_the_same_otherwise() {
    for case in testing::chat_cases() {
        let mut whole = encode(case.request.clone());
        let call = testing::chat_stream("command");
        let streamed = encoded_value(testing::encode::<CohereChat>(&call, case.request));
        if whole.get("failure").is_none() {
            whole["body"]["stream"] = true.into();
        }
        assert_eq!(streamed, whole, "{}", case.name);
    }
}

#[test]
fn numbers_keep_their_digits() {
    let body = br#"{"model":"m","messages":[],"seed":9007199254740993,"temperature":1.0,"top_k":5.0,"documents":[1e400]}"#;
    let encoded = CohereChat::encode(&testing::chat("m"), body).unwrap();
    let text = String::from_utf8(encoded.body).unwrap();
    for digits in [r#""seed":9007199254740993"#, r#""temperature":1.0"#, r#""k":5.0"#, "[1e400]"] {
        assert!(text.contains(digits), "{text}");
    }
}

#[test]
fn members_in_coheres_own_words_are_carried_and_unknown_ones_named() {
    let own = json!({
        "documents": [{"id": "d", "data": {"text": "x"}}], "citation_options": {"mode": "fast"},
        "safety_mode": "OFF", "priority": 1, "k": 3, "p": 0.5, "strict_tools": false,
    });
    let mut request = own.clone();
    request["messages"] = user();
    request["top_k"] = 9.into();
    request["top_p"] = json!(0.9);
    request["connectors"] = json!([{"id": "web-search"}]);
    let encoded = encode(request);
    for (name, value) in own.as_object().unwrap() {
        assert_eq!(encoded["body"][name], *value, "{name}");
    }
    assert_eq!(encoded["dropped"], json!(["connectors"]));
}

#[test]
fn the_effort_turns_thinking_on_and_off() {
    let cases = [
        ("none", json!({"type": "disabled"})),
        ("minimal", json!({"type": "enabled", "token_budget": 512})),
        ("low", json!({"type": "enabled", "token_budget": 2048})),
        ("medium", json!({"type": "enabled", "token_budget": 8192})),
        ("high", json!({"type": "enabled"})),
    ];
    for (effort, thinking) in cases {
        let encoded = encode(json!({"messages": user(), "reasoning_effort": effort}));
        assert_eq!(encoded["body"]["thinking"], thinking, "{effort}");
        assert_eq!(encoded["dropped"], json!([]), "{effort}");
    }
    let encoded = encode(json!({"messages": user(), "reasoning_effort": "extreme"}));
    assert_eq!(encoded["body"].get("thinking"), None);
    assert_eq!(encoded["dropped"], json!(["reasoning_effort"]));
}

#[test]
fn the_callers_own_thinking_comes_first() {
    let cases = [
        (json!({"token_budget": 500}), Some(json!({"token_budget": 500}))),
        (
            json!({"type": "enabled", "budget_tokens": 1024}),
            Some(json!({"type": "enabled", "token_budget": 1024})),
        ),
        (json!({"type": "adaptive"}), None),
        (json!("on"), None),
    ];
    for (own, sent) in cases {
        let encoded = encode(json!({"messages": user(), "thinking": own}));
        assert_eq!(encoded["body"].get("thinking"), sent.as_ref(), "{own}");
        let dropped = if sent.is_some() { json!([]) } else { json!(["thinking"]) };
        assert_eq!(encoded["dropped"], dropped, "{own}");
    }
    let both = json!({"messages": user(), "thinking": {"type": "disabled"},
        "reasoning_effort": "high"});
    let encoded = encode(both);
    assert_eq!(encoded["body"]["thinking"], json!({"type": "disabled"}));
    assert_eq!(encoded["dropped"], json!(["reasoning_effort"]));
}

#[test]
fn tools_are_strict_where_all_of_them_are() {
    let tool = |name: &str, strict: bool| {
        json!({"type": "function", "function":
            {"name": name, "parameters": {"type": "object"}, "strict": strict}})
    };
    let encoded = encode(json!({"messages": user(), "tools": [tool("a", true), tool("b", true)]}));
    assert_eq!(encoded["body"]["strict_tools"], true);
    assert_eq!(encoded["dropped"], json!([]));
    let encoded = encode(json!({"messages": user(), "tools": [tool("a", true), tool("b", false)]}));
    assert_eq!(encoded["body"].get("strict_tools"), None);
    assert_eq!(encoded["dropped"], json!(["tools[].function.strict"]));
}

#[test]
fn what_has_no_place_is_named() {
    let request = json!({
        "messages": [
            {"role": "user", "name": "Ada", "content": [
                {"type": "text", "text": "x"}, {"type": "video", "video": 1},
            ]},
            {"role": "function", "name": "f", "content": "1"},
        ],
        "tools": [{"type": "custom", "custom": {"name": "c"}}], "tool_choice": {"type": "custom"},
        "n": 2, "service_tier": "flex", "logit_bias": {"1": 2}, "top_logprobs": 2,
        "parallel_tool_calls": false, "response_format": {"type": "grammar"}, "verbosity": "low",
    });
    let dropped = json!([
        "messages[0].name",
        "messages[0].content[1]",
        "messages[1]",
        "tools[0]",
        "tool_choice",
        "response_format",
        "n",
        "logit_bias",
        "top_logprobs",
        "parallel_tool_calls",
        "service_tier",
        "verbosity",
    ]);
    let mut named = encode(request)["dropped"].as_array().unwrap().clone();
    let mut expected = dropped.as_array().unwrap().clone();
    named.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(named, expected);
}

#[test]
fn a_message_of_which_nothing_is_left_is_invalid() {
    let audio = json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}});
    let request = json!({"messages": [{"role": "user", "content": [audio]}]});
    let failure = testing::encode::<CohereChat>(&testing::chat("m"), request).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    assert_eq!(failure.param(), Some("messages[0].content"));
}

#[test]
fn results_of_tools_may_be_documents() {
    let request = json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": [
        {"type": "document", "document": {"id": "1", "data": {"snippet": "x"}}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]}]});
    let encoded = encode(request);
    let content = json!([{"type": "document", "document": {"id": "1", "data": {"snippet": "x"}}}]);
    assert_eq!(encoded["body"]["messages"][0]["content"], content);
    assert_eq!(encoded["dropped"], json!(["messages[0].content[1]"]));
}
