//! Anthropic's messages.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use serde_json::Value;

use crate::conversation::{Item, Lack, list, text};
use crate::provider::{Dialect, Provider, named_events};

pub(crate) struct Anthropic;

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic-messages"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<AnthropicMessages>()
    }

    fn model(&self) -> &'static str {
        "claude-opus-4-6"
    }

    fn proofs(&self) -> Option<&'static str> {
        Some(ReasoningDetail::ANTHROPIC)
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        let system = blocks(&body["system"], &|text| Item::System(text));
        let messages = list(&body["messages"]).flat_map(|message| {
            let is_user = message["role"] == "user";
            let said = move |text| if is_user { Item::User(text) } else { Item::Said(text) };
            blocks(&message["content"], &said)
        });
        system.into_iter().chain(messages).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        let tools = list(&body["tools"]);
        tools.map(|tool| (text(&tool["name"]), tool["input_schema"].clone())).collect()
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.pointer("/output_config/format/schema").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        named_events(events)
    }
}

/// A text, or blocks.
fn blocks(content: &Value, said: &dyn Fn(String) -> Item) -> Vec<Item> {
    match content {
        Value::String(text) => vec![said(text.clone())],
        blocks => list(blocks).flat_map(|it| block(it, said)).collect(),
    }
}

fn block(block: &Value, said: &dyn Fn(String) -> Item) -> Vec<Item> {
    match block["type"].as_str().unwrap_or_default() {
        "text" => vec![said(text(&block["text"]))],
        "image" => vec![Item::Image(text(&block["source"]["data"]))],
        "thinking" => {
            vec![Item::Thought(text(&block["thinking"])), Item::Proof(text(&block["signature"]))]
        }
        "redacted_thinking" => vec![Item::Proof(text(&block["data"]))],
        "tool_use" => vec![Item::Call {
            id: text(&block["id"]),
            name: text(&block["name"]),
            arguments: block["input"].clone(),
        }],
        "tool_result" => vec![Item::Result {
            id: text(&block["tool_use_id"]),
            text: match &block["content"] {
                Value::String(text) => text.clone(),
                parts => list(parts).map(|part| text(&part["text"])).collect(),
            },
        }],
        other => vec![Item::Said(format!("a block of the type {other}"))],
    }
}
