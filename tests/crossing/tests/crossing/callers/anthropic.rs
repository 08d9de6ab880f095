//! Anthropic's messages.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::decode;
use patchbay_sdk::{CallerFailure, Decoded, Failure};
use serde_json::{Value, json};

use crate::caller::{Answer, Caller, Event, Question, Turn, fail_with, reply_with};
use crate::conversation::{Ending, Item, Lack, Tokens, list, parsed, schema, text, tools};

pub(crate) struct Anthropic;

impl Caller for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic-messages"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn request(&self, question: &Question) -> Value {
        let mut request = json!({"model": "little-1", "max_tokens": 1024, "messages": []});
        for turn in &question.turns {
            add(&mut request, turn);
        }
        if question.tools {
            let tool = |(name, schema)| json!({"name": name, "input_schema": schema});
            request["tools"] = tools().into_iter().map(tool).collect();
        }
        if question.schema {
            let format = json!({"type": "json_schema", "schema": schema()});
            request["output_config"] = json!({ "format": format });
        }
        if question.streaming {
            request["stream"] = true.into();
        }
        request
    }

    fn decode(&self, request: &Value) -> Result<(Decoded, Value), Failure> {
        decode::<AnthropicMessages>("/v1/messages", request)
    }

    fn reply(
        &self,
        decoded: &Decoded,
        documents: &[Value],
        failure: Option<CallerFailure>,
    ) -> Result<Vec<u8>, Failure> {
        reply_with::<AnthropicMessages>(decoded, documents, failure)
    }

    fn fail(&self, failure: &CallerFailure) -> Value {
        fail_with::<AnthropicMessages>(failure)
    }

    fn read_whole(&self, reply: &Value) -> Answer {
        Answer {
            items: list(&reply["content"]).filter_map(said).collect(),
            ending: ending(&reply["stop_reason"]),
            tokens: tokens(&reply["usage"]),
            kept: reply["content"].clone(),
            clean: reply["error"].is_null(),
            error: reply["error"]["message"].as_str().map(str::to_owned),
        }
    }

    fn read_stream(&self, events: &[Event]) -> Answer {
        let mut reply = json!({"content": []});
        let mut stopped = false;
        for Event { name, data } in events {
            assert_eq!(name.as_deref(), data["type"].as_str(), "an event's name");
            assert!(!stopped, "an event after the end");
            match name.as_deref().unwrap_or_default() {
                "message_start" => {
                    reply = data["message"].clone();
                }
                "content_block_start" => {
                    let blocks = reply["content"].as_array_mut().expect("a message has content");
                    assert_eq!(data["index"], blocks.len(), "blocks come in order");
                    blocks.push(data["content_block"].clone());
                }
                "content_block_delta" => {
                    let index = data["index"].as_u64().unwrap_or_default() as usize;
                    grow(&mut reply["content"][index], &data["delta"]);
                }
                "content_block_stop" => {
                    let index = data["index"].as_u64().unwrap_or_default() as usize;
                    close(&mut reply["content"][index]);
                }
                "message_delta" => {
                    reply["stop_reason"] = data["delta"]["stop_reason"].clone();
                    for (name, count) in data["usage"].as_object().into_iter().flatten() {
                        reply["usage"][name] = count.clone();
                    }
                }
                "message_stop" => stopped = true,
                "error" => reply["error"] = data["error"].clone(),
                other => assert_eq!(other, "ping", "an event that the API does not have"),
            }
        }
        let answer = self.read_whole(&reply);
        Answer { clean: stopped, ..answer }
    }
}

/// Adds a turn; blocks of one role are one message.
fn add(request: &mut Value, turn: &Turn) {
    let (role, blocks) = match turn {
        Turn::Answer(answer) => ("assistant", answer.kept.clone()),
        Turn::Item(Item::System(text)) => {
            request["system"] = text.as_str().into();
            return;
        }
        Turn::Item(Item::User(text)) => ("user", json!([{"type": "text", "text": text}])),
        Turn::Item(Item::Said(text)) => ("assistant", json!([{"type": "text", "text": text}])),
        Turn::Item(Item::Image(base64)) => {
            let source = json!({"type": "base64", "media_type": "image/png", "data": base64});
            ("user", json!([{"type": "image", "source": source}]))
        }
        Turn::Item(Item::Result { id, text }) => {
            ("user", json!([{"type": "tool_result", "tool_use_id": id, "content": text}]))
        }
        Turn::Item(other) => {
            assert!(other.needs().is_none(), "only an answer has {other:?}");
            return;
        }
    };
    let messages = request["messages"].as_array_mut().expect("the request has messages");
    match messages.last_mut().filter(|last| last["role"] == role) {
        Some(last) => {
            let content = last["content"].as_array_mut().expect("the content is a list");
            content.extend(list(&blocks).cloned());
        }
        None => messages.push(json!({"role": role, "content": blocks})),
    }
}

fn said(block: &Value) -> Option<Item> {
    match block["type"].as_str()? {
        "text" => Some(Item::Said(text(&block["text"]))),
        "thinking" => Some(Item::Thought(text(&block["thinking"]))),
        "tool_use" => Some(Item::Call {
            id: text(&block["id"]),
            name: text(&block["name"]),
            arguments: block["input"].clone(),
        }),
        _ => None,
    }
}

/// Input comes as text and is JSON at the block's end.
fn grow(block: &mut Value, delta: &Value) {
    let (member, more) = match delta["type"].as_str().unwrap_or_default() {
        "text_delta" => ("text", "text"),
        "thinking_delta" => ("thinking", "thinking"),
        "signature_delta" => ("signature", "signature"),
        "input_json_delta" => ("input", "partial_json"),
        other => ("unknown", other),
    };
    block[member] = (text(&block[member]) + &text(&delta[more])).into();
}

fn close(block: &mut Value) {
    if block["type"] == "tool_use" && block["input"].is_string() {
        block["input"] = parsed(&block["input"]);
    }
}

fn ending(reason: &Value) -> Option<Ending> {
    match reason.as_str()? {
        "end_turn" => Some(Ending::Done),
        "tool_use" => Some(Ending::Calls),
        "max_tokens" => Some(Ending::CutOff),
        _ => None,
    }
}

/// The API always counts; nothing counted is no count.
fn tokens(usage: &Value) -> Option<Tokens> {
    let count = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let cached = count("/cache_read_input_tokens");
    let tokens = Tokens {
        input: count("/input_tokens") + count("/cache_creation_input_tokens") + cached,
        cached,
        output: count("/output_tokens"),
        reasoning: count("/output_tokens_details/thinking_tokens"),
    };
    Some(tokens).filter(|tokens| *tokens != Tokens::default())
}
