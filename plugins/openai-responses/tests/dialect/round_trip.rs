//! There and back again: what went through canonical is what it was.

use openai_responses::OpenAiResponses;
use patchbay_sdk::testing::{self, Replay};
use serde_json::{Value, json};

use crate::event_order::checked;
use crate::ingress_replies::request;

/// A caller's request, sent to a provider of the same dialect by way of canonical.
fn sent_on(name: &str) -> Value {
    let request = testing::fixture_json(&format!("tests/requests/{name}.json"));
    let (_, chat) = testing::decode::<OpenAiResponses>("/v1/responses", &request).unwrap();
    let encoded = testing::encode::<OpenAiResponses>(&testing::chat("m"), chat).unwrap();
    assert_eq!(encoded.dropped, [""; 0], "{name}");
    serde_json::from_slice(&encoded.body).unwrap()
}

/// The request without what says the same in other words.
fn normal(mut request: Value) -> Value {
    for item in request["input"].as_array_mut().into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        if item.contains_key("role") {
            item.insert("type".into(), "message".into());
        }
        let is_reasoning = item.get("type") == Some(&json!("reasoning"));
        item.retain(|name, _| name != "status" && (name != "id" || is_reasoning));
        let answers = item.get("role") == Some(&json!("assistant"));
        let kind = if answers { "output_text" } else { "input_text" };
        for member in ["content", "output"] {
            match item.get_mut(member) {
                Some(Value::String(text)) => {
                    let text = std::mem::take(text);
                    item.insert(member.into(), json!([{"type": kind, "text": text}]));
                }
                Some(Value::Array(parts)) => {
                    for part in parts.iter_mut().filter_map(Value::as_object_mut) {
                        part.retain(|name, _| !["annotations", "logprobs"].contains(&&**name));
                    }
                }
                _ => {}
            }
        }
    }
    request
}

#[test]
fn a_conversation_reaches_the_provider_as_it_was() {
    for name in ["conversation", "custom_tools"] {
        let request = testing::fixture_json(&format!("tests/requests/{name}.json"));
        let (sent, request) = (normal(sent_on(name)), normal(request));
        assert_eq!(sent["input"], request["input"], "{name}");
        for member in ["tools", "tool_choice", "text"] {
            assert_eq!(sent.get(member), request.get(member), "{name}: {member}");
        }
    }
}

#[test]
fn parameters_and_formats_reach_the_provider_as_they_were() {
    for name in ["parameters", "structured"] {
        let request = testing::fixture_json(&format!("tests/requests/{name}.json"));
        let sent = sent_on(name);
        for (member, value) in request.as_object().unwrap() {
            if !["input", "include"].contains(&member.as_str()) {
                assert_eq!(sent.get(member), Some(value), "{name}: {member}");
            }
        }
    }
    let include = json!(["reasoning.encrypted_content", "message.output_text.logprobs"]);
    assert_eq!(sent_on("parameters")["include"], include);
}

/// The input that a caller sends next, if it gives back everything it got.
fn next_turn(output: &Value) -> Value {
    let mut input = vec![json!({"role": "user", "content": "hi"})];
    input.extend(output.as_array().unwrap().iter().cloned());
    input.push(json!({"role": "user", "content": "go on"}));
    let request = json!({"model": "m", "input": input});
    testing::decode::<OpenAiResponses>("/v1/responses", &request).unwrap().1["messages"].clone()
}

#[test]
fn reasoning_of_other_providers_comes_back_with_its_signature() {
    let response =
        testing::fixture_json("tests/golden/responses/reasoning_with_a_signature_and_a_tool.json");
    let messages = next_turn(&response["output"]);
    let details = json!([
        {"type": "reasoning.text", "text": "I need the tool.", "signature": "c2ln",
            "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "cmVk", "format": "anthropic-claude-v1",
            "index": 1}]);
    assert_eq!(messages[1]["reasoning_details"], details);
    assert_eq!(messages[1]["reasoning_content"], "I need the tool.");
    assert_eq!(messages[1]["tool_calls"][0]["id"], "call_1");
}

#[test]
fn a_providers_stream_is_a_valid_stream_for_the_caller_and_its_reasoning_goes_back() {
    let body = testing::fixture("tests/replies/reasoning_and_two_tools.sse");
    let replay = Replay::new(testing::chat_stream("little-1"));
    let documents =
        replay.decode::<OpenAiResponses>(&[&body], patchbay_sdk::Ending::Clean).unwrap();
    let stream = testing::encode_reply::<OpenAiResponses>(&request(true), &documents).unwrap();
    let events = checked(&stream);
    let output = &events.last().unwrap()["response"]["output"];

    let messages = next_turn(output);
    let encoded =
        testing::encode::<OpenAiResponses>(&testing::chat("m"), json!({"messages": messages}))
            .unwrap();
    assert_eq!(encoded.dropped, [""; 0]);
    let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected = json!([
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "ZW5jcnlwdGVk", "summary": [
            {"type": "summary_text", "text": "**Looking**"},
            {"type": "summary_text", "text": "Both at once."}]},
        {"type": "function_call", "call_id": "call_1", "name": "get_weather",
            "arguments": "{\"city\":\"Paris\"}"},
        {"type": "function_call", "call_id": "call_2", "name": "get_time", "arguments": "{}"}]);
    assert_eq!(sent["input"].as_array().unwrap()[1..4], *expected.as_array().unwrap());
}
