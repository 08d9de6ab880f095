//! What the decoder writes goes back to the provider as it came.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::Ending;
use patchbay_sdk::testing::{Replay, aws_events, chat, chat_stream, encode, fixture_json};
use serde_json::{Value, json};

use crate::CLAUDE;

/// The assistant's turn of the next request's body.
fn sent_back(model: &str, message: &Value) -> Value {
    let request = json!({"messages": [
        {"role": "user", "content": "17 * 23?"},
        message,
        {"role": "tool", "tool_call_id": "tooluse_9", "content": "right"},
    ]});
    let encoded = encode::<BedrockConverse>(&chat(model), request).expect("it can be encoded");
    assert_eq!(encoded.dropped, [""; 0]);
    let body: Value = serde_json::from_slice(&encoded.body).expect("bodies are JSON");
    assert_eq!(body["messages"][2]["content"][0]["toolResult"]["toolUseId"], "tooluse_9");
    body["messages"][1].clone()
}

/// A message out of chunks, as clients join them.
fn joined(chunks: &[Value]) -> Value {
    let mut content = String::new();
    let (mut details, mut calls): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for delta in chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta")) {
        content.push_str(delta["content"].as_str().unwrap_or_default());
        for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
            join(&mut details, detail, &["/text", "/signature"]);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            join(&mut calls, call, &["/function/arguments"]);
        }
    }
    json!({"role": "assistant", "content": content, "reasoning_details": details,
        "tool_calls": calls})
}

/// Adds a piece to those of its index; the texts at some paths are appended.
fn join(pieces: &mut Vec<Value>, piece: &Value, texts: &[&str]) {
    let Some(known) = pieces.iter_mut().find(|it| it["index"] == piece["index"]) else {
        let mut first = piece.clone();
        if let (Some(detail), true) = (first.as_object_mut(), texts.len() > 1) {
            detail.entry("signature").or_insert_with(|| "".into());
        }
        pieces.push(first);
        return;
    };
    for path in texts {
        if let (Some(Value::String(whole)), Some(more)) =
            (known.pointer_mut(path), piece.pointer(path).and_then(Value::as_str))
        {
            whole.push_str(more);
        }
    }
}

#[test]
fn a_whole_reply_goes_back_as_it_came() {
    let reply = fixture_json("tests/replies/whole/reasoning.json");
    let body = reply.to_string();
    let body = body.as_bytes();
    for model in [CLAUDE, "us.amazon.nova-2-lite-v1:0", "opaque"] {
        let documents =
            Replay::new(chat(model)).decode::<BedrockConverse>(&[body], Ending::Clean).unwrap();
        let message = &documents[0]["choices"][0]["message"];
        assert_eq!(sent_back(model, message), reply["output"]["message"], "{model}");
    }
}

#[test]
fn a_streamed_reply_goes_back_as_if_it_had_come_whole() {
    let reply = fixture_json("tests/replies/whole/reasoning.json");
    let bytes = aws_events(&fixture_json("tests/replies/stream/reasoning.json"));
    let replay = Replay::new(chat_stream(CLAUDE));
    let chunks = replay.decode::<BedrockConverse>(&[&bytes], Ending::Clean).unwrap();
    assert_eq!(sent_back(CLAUDE, &joined(&chunks)), reply["output"]["message"]);
}
