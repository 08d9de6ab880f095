//! Callers' requests as canonical ones.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::{assert_golden, decode, fixture_json};
use patchbay_sdk::{FailureKind, Ingress as _, RequestHead};
use serde_json::{Value, json};

pub(crate) const REQUESTS: [&str; 12] = [
    "plain",
    "system_and_sampling",
    "cache_control",
    "images_and_documents",
    "tools",
    "tool_results",
    "tool_result_with_image",
    "thinking",
    "thinking_budget",
    "structured_output",
    "server_tools",
    "system_within",
];

pub(crate) fn request(name: &str) -> Value {
    fixture_json(&format!("tests/callers/{name}.json"))
}

fn canonical(request: &Value) -> Value {
    decode::<AnthropicMessages>("/v1/messages", request).expect("the test gave it").1
}

fn refused(request: &Value) -> (String, String) {
    let failure = decode::<AnthropicMessages>("/v1/messages", request).expect_err("it is wrong");
    assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{failure:?}");
    (failure.param().unwrap_or_default().to_owned(), failure.message().to_owned())
}

fn with_messages(messages: Value) -> Value {
    json!({"model": "m", "max_tokens": 5, "messages": messages})
}

#[test]
fn every_request_becomes_a_canonical_one() {
    for name in REQUESTS {
        let (decoded, canonical) =
            decode::<AnthropicMessages>("/v1/messages", &request(name)).unwrap();
        assert_eq!(decoded.operation, "chat");
        assert_golden(&format!("tests/golden/callers/{name}.json"), &canonical);
    }
}

#[test]
fn a_count_needs_no_limit_and_is_never_streamed() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let request = json!({"model": "m", "messages": messages, "stream": true});
    for path in ["/v1/messages/count_tokens", "/v1/messages/count_tokens?beta=true"] {
        let (decoded, canonical) = decode::<AnthropicMessages>(path, &request).unwrap();
        assert_eq!((decoded.operation.as_str(), decoded.streaming), ("count-tokens", false));
        let expected = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        assert_eq!(canonical, expected);
    }
    let (decoded, _) = decode::<AnthropicMessages>(
        "/v1/messages?beta=true",
        &with_messages(request["messages"].clone()),
    )
    .unwrap();
    assert_eq!(decoded.operation, "chat");
}

#[test]
fn a_member_that_is_missing_or_wrong_is_named_as_the_vendor_names_it() {
    let user = json!([{"role": "user", "content": "hi"}]);
    let cases = [
        (json!({"max_tokens": 5, "messages": user}), "model"),
        (json!({"model": "", "max_tokens": 5, "messages": user}), "model"),
        (json!({"model": "m", "messages": user}), "max_tokens"),
        (json!({"model": "m", "max_tokens": "5", "messages": user}), "max_tokens"),
        (json!({"model": "m", "max_tokens": -1, "messages": user}), "max_tokens"),
        (json!({"model": "m", "max_tokens": 5}), "messages"),
        (with_messages(json!([])), "messages"),
        (with_messages(json!("hi")), "messages"),
        (with_messages(json!([7])), "messages.0"),
        (with_messages(json!([{"role": "user"}])), "messages.0.content"),
        (with_messages(json!([{"role": "user", "content": ""}])), "messages.0.content"),
        (with_messages(json!([{"role": "user", "content": []}])), "messages.0.content"),
        (with_messages(json!([{"role": "user", "content": 7}])), "messages.0.content"),
        (with_messages(json!([{"role": "tool", "content": "x"}])), "messages.0.role"),
        (with_messages(json!([{"content": "x"}])), "messages.0.role"),
        (with_messages(json!([{"role": "user", "content": ["x"]}])), "messages.0.content.0"),
        (
            with_messages(json!([{"role": "user", "content": [{"text": "x"}]}])),
            "messages.0.content.0.type",
        ),
        (
            with_messages(json!([{"role": "user", "content": [{"type": "text"}]}])),
            "messages.0.content.0.text",
        ),
        (
            with_messages(
                json!([{"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}]),
            ),
            "messages.0.content.0.source.media_type",
        ),
        (
            with_messages(json!([{"role": "user", "content": [{"type": "tool_result"}]}])),
            "messages.0.content.0.tool_use_id",
        ),
        (
            with_messages(
                json!([{"role": "user", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}]),
            ),
            "messages.0.content.0",
        ),
        (
            with_messages(
                json!([{"role": "assistant", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]),
            ),
            "messages.0.content.0",
        ),
        (
            with_messages(
                json!([{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": "x"}]}]),
            ),
            "messages.0.content.0.input",
        ),
    ];
    for (request, param) in cases {
        let (found, message) = refused(&request);
        assert_eq!(found, param, "{request}");
        assert!(message.starts_with(&format!("{param}: ")), "{message}");
    }
}

#[test]
fn settings_of_the_answer_are_checked_too() {
    let cases = [
        ("temperature", json!(1.5), "temperature"),
        ("stream", json!("yes"), "stream"),
        ("stop_sequences", json!("x"), "stop_sequences"),
        ("system", json!(7), "system"),
        (
            "system",
            json!([{"type": "image", "source": {"type": "url", "url": "x"}}]),
            "system.0.type",
        ),
        ("tools", json!([{"name": "f"}]), "tools.0.input_schema"),
        ("tools", json!([{"input_schema": {}}]), "tools.0.name"),
        ("tools", json!([{"name": "f", "input_schema": 7}]), "tools.0.input_schema"),
        ("tool_choice", json!("auto"), "tool_choice"),
        ("tool_choice", json!({"type": "some"}), "tool_choice.type"),
        ("tool_choice", json!({"type": "tool"}), "tool_choice.name"),
        ("thinking", json!({"type": "enabled"}), "thinking.budget_tokens"),
        ("metadata", json!({"user_id": 7}), "metadata.user_id"),
        ("output_config", json!({"format": {"type": "xml"}}), "output_config.format.type"),
    ];
    for (member, value, param) in cases {
        let mut request = with_messages(json!([{"role": "user", "content": "hi"}]));
        request[member] = value;
        assert_eq!(refused(&request).0, param, "{request}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for body in ["", "{", "[]", "\"x\""] {
        let head = RequestHead::post("/v1/messages");
        let failure = AnthropicMessages::decode(&head, body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{body}");
    }
}

#[test]
fn thinking_is_an_effort_in_canonical() {
    let cases = [
        (json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}), Some("low")),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 10_000}}), Some("medium")),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 31_999}}), Some("high")),
        (json!({"thinking": {"type": "adaptive"}}), Some("high")),
        (
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
            Some("max"),
        ),
        (json!({"output_config": {"effort": "low"}}), Some("low")),
        (json!({"thinking": {"type": "disabled"}}), None),
        (json!({"thinking": null}), None),
    ];
    for (members, effort) in cases {
        let mut request = with_messages(json!([{"role": "user", "content": "hi"}]));
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let canonical = canonical(&request);
        assert_eq!(canonical.get("reasoning_effort").and_then(Value::as_str), effort, "{members}");
        assert_eq!(canonical.get("thinking"), None, "other providers would refuse it");
    }
}

#[test]
fn thinking_without_a_signature_is_text_that_nobody_wants_back() {
    let blocks = json!([
        {"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "a"},
    ]);
    let message = &canonical(&with_messages(json!([{"role": "assistant", "content": blocks}])))["messages"]
        [0];
    assert_eq!(*message, json!({"role": "assistant", "content": "a", "reasoning_content": "hm"}));
}

#[test]
fn blocks_that_are_not_known_yet_stay_in_their_message() {
    let block = json!({"type": "brand_new", "a": 1});
    let messages = json!([
        {"role": "user", "content": [block, {"type": "text", "text": "a"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "b"}, block]},
    ]);
    let canonical = canonical(&with_messages(messages));
    assert_eq!(canonical["messages"][0]["content"][0], block);
    let placed = json!([{"index": 1, "block": block}]);
    assert_eq!(canonical["messages"][1]["anthropic_blocks"], placed);
}
