//! Conversations that go through canonical and back.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::{Replay, decode, encode, encode_reply, fixture, fixture_json};
use patchbay_sdk::{Ending, testing};
use serde_json::{Value, json};

use crate::answers::{asked, events};
use crate::callers::request;
use crate::{MODEL, call};

/// The body that a provider of the dialect gets for a caller's request, and what was dropped.
fn through(request: &Value, settings: Value) -> (Value, Vec<String>) {
    let (decoded, canonical) =
        decode::<AnthropicMessages>("/v1/messages", request).expect("the test gave it");
    let mut call = call(&decoded.model, &settings);
    call.streaming = decoded.streaming;
    let encoded = encode::<AnthropicMessages>(&call, canonical).expect("the test gave it");
    (serde_json::from_slice(&encoded.body).expect("the test gave it"), encoded.dropped)
}

/// Joined text blocks and lists of one text mean the same as text.
fn plain(mut value: Value) -> Value {
    let unwrap = |content: &mut Value| {
        if let Some([block]) = content.as_array().map(Vec::as_slice)
            && block["type"] == "text"
            && block.as_object().is_some_and(|block| block.len() == 2)
        {
            *content = block["text"].clone();
        }
    };
    unwrap(&mut value["system"]);
    if value["system"].is_null() {
        value.as_object_mut().expect("the test gave it").remove("system");
    }
    for message in value["messages"].as_array_mut().expect("the test gave it") {
        unwrap(&mut message["content"]);
    }
    value
}

#[test]
fn a_request_reaches_a_provider_of_the_same_dialect_as_it_was() {
    for name in [
        "plain",
        "system_and_sampling",
        "cache_control",
        "images_and_documents",
        "tool_results",
        "thinking",
        "thinking_budget",
        "structured_output",
        "server_tools",
    ] {
        let (body, dropped) = through(&request(name), json!({}));
        let expected = plain(request(name));
        assert_eq!(plain(body), expected, "{name}");
        assert!(dropped.is_empty(), "{name}: {dropped:?}");
    }
}

#[test]
fn a_type_that_says_nothing_more_is_all_that_a_tool_loses() {
    let (body, dropped) = through(&request("tools"), json!({}));
    let mut expected = request("tools");
    expected["tools"][1].as_object_mut().unwrap().remove("type");
    assert_eq!(plain(body), plain(expected));
    assert!(dropped.is_empty(), "{dropped:?}");
}

#[test]
fn instructions_within_a_conversation_survive_where_they_are_kept() {
    let (body, _) = through(&request("system_within"), json!({"mid_conversation_system": "keep"}));
    assert_eq!(body, request("system_within"));
}

/// The assistant message of a decoded reply, as a client keeps it.
fn message(documents: &[Value]) -> Value {
    documents[0]["choices"][0]["message"].clone()
}

#[test]
fn a_whole_reply_comes_back_as_the_blocks_that_it_was() {
    for name in
        ["text", "one_tool", "two_tools", "tool_without_arguments", "thinking", "pause_turn"]
    {
        let body = fixture(&format!("tests/replies/{name}.json"));
        let documents = Replay::new(testing::chat(MODEL))
            .decode::<AnthropicMessages>(&[&body], Ending::Clean)
            .unwrap();
        let messages = json!([{"role": "user", "content": "a"}, message(&documents), {"role": "user", "content": "b"}]);
        let encoded =
            encode::<AnthropicMessages>(&testing::chat(MODEL), json!({"messages": messages}));
        let encoded = encoded.unwrap();
        let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
        let said = fixture_json(&format!("tests/replies/{name}.json"));
        let expected = json!({"messages": [{"content": said["content"]}]});
        assert_eq!(
            sent["messages"][1]["content"],
            plain(expected)["messages"][0]["content"],
            "{name}"
        );
        assert!(encoded.dropped.is_empty(), "{name}: {:?}", encoded.dropped);
    }
}

#[test]
fn a_whole_reply_reaches_a_caller_of_the_same_dialect_as_it_was() {
    for name in [
        "text",
        "unicode",
        "one_tool",
        "two_tools",
        "tool_without_arguments",
        "thinking",
        "stop_sequence",
        "refusal",
        "pause_turn",
        "cache",
    ] {
        let body = fixture(&format!("tests/replies/{name}.json"));
        let documents = Replay::new(testing::chat(MODEL))
            .decode::<AnthropicMessages>(&[&body], Ending::Clean)
            .unwrap();
        let bytes = encode_reply::<AnthropicMessages>(&asked(false), &documents).unwrap();
        let written: Value = serde_json::from_slice(&bytes).unwrap();
        let mut expected = fixture_json(&format!("tests/replies/{name}.json"));
        for count in ["cache_creation_input_tokens", "cache_read_input_tokens"] {
            if expected["usage"].get(count).is_none() {
                expected["usage"][count] = json!(0);
            }
        }
        assert_eq!(written, expected, "{name}");
    }
}

/// The blocks that the events of a stream join to, and how it ended.
fn joined(events: &[Value]) -> Value {
    let mut blocks: Vec<Value> = Vec::new();
    let mut inputs: Vec<String> = Vec::new();
    let mut ending = Value::Null;
    for event in events {
        let delta = &event["delta"];
        let at = event["index"].as_u64().unwrap_or(0) as usize;
        match event["type"].as_str().expect("the test gave it") {
            "content_block_start" => {
                assert_eq!(at, blocks.len(), "indices are in order");
                blocks.push(event["content_block"].clone());
                inputs.push(String::new());
            }
            "content_block_delta" if delta["type"] == "input_json_delta" => {
                inputs[at].push_str(delta["partial_json"].as_str().expect("the test gave it"));
            }
            "content_block_delta" if delta["type"] == "citations_delta" => {
                let list = blocks[at]
                    .as_object_mut()
                    .expect("the test gave it")
                    .entry("citations")
                    .or_insert(json!([]));
                list.as_array_mut().expect("the test gave it").push(delta["citation"].clone());
            }
            "content_block_delta" => {
                for name in ["text", "thinking", "signature"] {
                    if let Some(piece) = delta[name].as_str() {
                        let whole =
                            blocks[at][name].as_str().unwrap_or_default().to_owned() + piece;
                        blocks[at][name] = whole.into();
                    }
                }
            }
            "content_block_stop" if !inputs[at].is_empty() => {
                blocks[at]["input"] = serde_json::from_str(&inputs[at]).expect("the test gave it");
            }
            "message_delta" => {
                let (reason, sequence) = (&delta["stop_reason"], &delta["stop_sequence"]);
                ending = json!({"stop_reason": reason, "stop_sequence": sequence});
            }
            _ => {}
        }
    }
    for block in &mut blocks {
        block.as_object_mut().expect("the test gave it").remove("caller");
    }
    json!({"blocks": blocks, "ending": ending})
}

#[test]
fn a_stream_reaches_a_caller_of_the_same_dialect_with_the_same_blocks() {
    for name in [
        "text",
        "unicode",
        "one_tool",
        "two_tools",
        "tool_without_arguments",
        "tool_with_input_at_start",
        "thinking",
        "thinking_between_calls",
        "cache",
        "server_tool",
    ] {
        let body = fixture(&format!("tests/replies/{name}.sse"));
        let documents = Replay::new(testing::chat_stream(MODEL))
            .decode::<AnthropicMessages>(&[&body], Ending::Clean)
            .unwrap();
        let bytes = encode_reply::<AnthropicMessages>(&asked(true), &documents).unwrap();
        let received = events(&body);
        assert_eq!(joined(&events(&bytes)), joined(&received), "{name}");
    }
}

#[test]
fn other_vendors_reasoning_survives_a_caller_of_this_dialect() {
    let details = json!([
        {"type": "reasoning.encrypted", "data": "Z2VtaW5p", "id": "c0", "format": "google-gemini-v1", "index": 0},
        {"type": "reasoning.text", "text": "readable", "signature": "c2ln", "format": "other-v1", "index": 1},
    ]);
    let choice = |delta: Value, reason: Value| json!({"id": "x", "model": MODEL, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
    let call = json!([{"index": 0, "id": "c0", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let documents = [
        choice(json!({"role": "assistant", "reasoning_content": "readable"}), json!(null)),
        choice(json!({"reasoning_details": [details[0]]}), json!(null)),
        choice(
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "read", "format": "other-v1", "index": 1}]}),
            json!(null),
        ),
        choice(
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "able", "signature": "c2ln", "index": 1}]}),
            json!(null),
        ),
        choice(json!({"tool_calls": call}), json!(null)),
        choice(json!({}), json!("tool_calls")),
    ];
    let bytes = encode_reply::<AnthropicMessages>(&asked(true), &documents).unwrap();
    let blocks = joined(&events(&bytes))["blocks"].clone();
    let kinds: Vec<_> =
        blocks.as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "redacted_thinking", "redacted_thinking", "tool_use"]);

    let request = json!({"model": MODEL, "max_tokens": 5, "messages": [{"role": "assistant", "content": blocks}]});
    let (_, canonical) = decode::<AnthropicMessages>("/v1/messages", &request).unwrap();
    let mut kept = canonical["messages"][0]["reasoning_details"].clone();
    for (detail, original) in
        kept.as_array_mut().unwrap().iter_mut().zip(details.as_array().unwrap())
    {
        detail["index"] = original["index"].clone();
    }
    assert_eq!(kept, details);
    assert_eq!(canonical["messages"][0]["reasoning_content"], "readable");
}

#[test]
fn a_whole_reply_keeps_other_vendors_reasoning_too() {
    let detail = json!({"type": "reasoning.encrypted", "data": "ZW5j", "id": "rs_1", "format": "openai-responses-v1", "index": 0});
    let message = json!({"role": "assistant", "content": "a", "reasoning_content": "short", "reasoning_details": [detail]});
    let document = json!({"id": "x", "model": MODEL, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let bytes = encode_reply::<AnthropicMessages>(&asked(false), &[document]).unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    let request = json!({"model": MODEL, "max_tokens": 5, "messages": [{"role": "assistant", "content": written["content"]}]});
    let (_, canonical) = decode::<AnthropicMessages>("/v1/messages", &request).unwrap();
    let mut kept = canonical["messages"][0]["reasoning_details"][0].clone();
    kept["index"] = json!(0);
    assert_eq!(kept, detail);
    assert_eq!(canonical["messages"][0]["content"], "a");
}
