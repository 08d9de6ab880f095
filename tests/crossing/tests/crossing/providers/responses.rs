//! OpenAI's responses.

use openai_responses::OpenAiResponses;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use serde_json::Value;

use crate::conversation::{Item, Lack, image, list, parsed, text};
use crate::provider::{Dialect, Provider, named_events};

pub(crate) struct Responses;

impl Provider for Responses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<OpenAiResponses>()
    }

    fn proofs(&self) -> Option<&'static str> {
        Some(ReasoningDetail::OPENAI_RESPONSES)
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        list(&body["input"]).flat_map(item).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        let tools = list(&body["tools"]);
        tools.map(|tool| (text(&tool["name"]), tool["parameters"].clone())).collect()
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.pointer("/text/format/schema").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        named_events(events)
    }
}

fn item(item: &Value) -> Vec<Item> {
    let joined = |parts: &Value| list(parts).map(|part| text(&part["text"])).collect::<String>();
    match item["type"].as_str().unwrap_or_default() {
        "function_call" => vec![Item::Call {
            id: text(&item["call_id"]),
            name: text(&item["name"]),
            arguments: parsed(&item["arguments"]),
        }],
        "function_call_output" => {
            vec![Item::Result { id: text(&item["call_id"]), text: text(&item["output"]) }]
        }
        "reasoning" => vec![
            Item::Thought(joined(&item["summary"])),
            Item::Proof(text(&item["encrypted_content"])),
        ],
        _ => message(item),
    }
}

fn message(message: &Value) -> Vec<Item> {
    let said = |text: String| match message["role"].as_str().unwrap_or_default() {
        "system" | "developer" => Item::System(text),
        "user" => Item::User(text),
        _ => Item::Said(text),
    };
    match &message["content"] {
        Value::String(text) => vec![said(text.clone())],
        parts => list(parts)
            .map(|part| match part["type"].as_str() {
                Some("input_image") => image(&part["image_url"]),
                _ => said(text(&part["text"])),
            })
            .collect(),
    }
}
