//! Dialects with OpenAI's messages or something near: OpenAI's own, Ollama's, Cohere's.

use cohere_chat::CohereChat;
use ollama_chat::OllamaChat;
use openai_chat::OpenAiChat;
use serde_json::Value;

use crate::conversation::{Item, Lack, image, list, parsed, text};
use crate::provider::{Dialect, Provider, data_events, named_events};

pub(crate) struct OpenAi;

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<OpenAiChat>()
    }

    fn relays(&self) -> bool {
        true
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        list(&body["messages"]).flat_map(message).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        functions(body)
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.pointer("/response_format/json_schema/schema").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        let mut bytes = data_events(events);
        if list(events).all(|event| event["error"].is_null()) {
            bytes.extend(b"data: [DONE]\n\n");
        }
        bytes
    }
}

pub(crate) struct Ollama;

impl Provider for Ollama {
    fn name(&self) -> &'static str {
        "ollama-chat"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack::CallIds, Lack::Proofs, Lack::CachedUsage, Lack::ReasoningUsage]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<OllamaChat>()
    }

    fn model(&self) -> &'static str {
        "qwen3:8b"
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        list(&body["messages"]).flat_map(message).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        functions(body)
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.get("format").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        list(events).map(|line| format!("{line}\n")).collect::<String>().into_bytes()
    }
}

pub(crate) struct Cohere;

impl Provider for Cohere {
    fn name(&self) -> &'static str {
        "cohere-chat"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack::Proofs, Lack::ReasoningUsage]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<CohereChat>()
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        list(&body["messages"]).flat_map(message).collect()
    }

    fn tools(&self, body: &Value) -> Vec<(String, Value)> {
        functions(body)
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.pointer("/response_format/json_schema").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        named_events(events)
    }
}

/// A message of any of the three.
fn message(message: &Value) -> Vec<Item> {
    let said = |text: String| match message["role"].as_str().unwrap_or_default() {
        "system" | "developer" => Item::System(text),
        "user" => Item::User(text),
        "tool" => Item::Result { id: self::text(&message["tool_call_id"]), text },
        _ => Item::Said(text),
    };
    let mut items: Vec<Item> = ["reasoning_content", "thinking", "tool_plan"]
        .iter()
        .filter_map(|name| Some(Item::Thought(message.get(*name)?.as_str()?.to_owned())))
        .collect();
    let proofs = list(&message["reasoning_details"]).flat_map(|it| [&it["signature"], &it["data"]]);
    items.extend(proofs.filter_map(|it| Some(Item::Proof(it.as_str()?.to_owned()))));
    match &message["content"] {
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => items.push(said(text.clone())),
        parts => items.extend(list(parts).map(|part| match part["type"].as_str() {
            Some("image_url") => image(&part["image_url"]["url"]),
            Some("thinking") => Item::Thought(text(&part["thinking"])),
            _ => said(text(&part["text"])),
        })),
    }
    items.extend(list(&message["images"]).map(|base64| Item::Image(text(base64))));
    items.extend(list(&message["tool_calls"]).map(call));
    items
}

/// Arguments are text, or what the text says.
fn call(call: &Value) -> Item {
    let function = &call["function"];
    let arguments = match &function["arguments"] {
        Value::String(_) => parsed(&function["arguments"]),
        arguments => arguments.clone(),
    };
    Item::Call { id: text(&call["id"]), name: text(&function["name"]), arguments }
}

fn functions(body: &Value) -> Vec<(String, Value)> {
    let tools = list(&body["tools"]).map(|tool| &tool["function"]);
    tools.map(|tool| (text(&tool["name"]), tool["parameters"].clone())).collect()
}
