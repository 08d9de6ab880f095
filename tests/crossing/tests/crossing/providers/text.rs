//! Dialects in which a whole conversation is one text.

use cli_jsonl::CliJsonl;
use cli_text::CliText;
use serde_json::Value;
use tgi_dialect::Tgi;

use crate::conversation::{Item, Lack, list, text};
use crate::provider::{Dialect, Provider, data_events};

/// Text Generation Inference's own API.
pub(crate) struct TextGeneration;

impl Provider for TextGeneration {
    fn name(&self) -> &'static str {
        "tgi"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[
            Lack::Images,
            Lack::Calls,
            Lack::Thoughts,
            Lack::Proofs,
            Lack::WholeUsage,
            Lack::CachedUsage,
            Lack::ReasoningUsage,
        ]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<Tgi>()
    }

    fn settings(&self) -> &'static str {
        r#"{"prompt_template": "chatml"}"#
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        let prompt = text(&body["inputs"]);
        let turns = prompt.split("<|im_start|>").filter_map(|turn| turn.split_once('\n'));
        let turns = turns
            .filter_map(|(role, text)| said(role, text.trim_end().strip_suffix("<|im_end|>")?));
        turns.collect()
    }

    fn tools(&self, _: &Value) -> Vec<(String, Value)> {
        Vec::new()
    }

    fn schema(&self, body: &Value) -> Option<Value> {
        body.pointer("/parameters/grammar/value").cloned()
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        data_events(events)
    }
}

/// A program.
pub(crate) struct Program;

impl Provider for Program {
    fn name(&self) -> &'static str {
        "cli-text"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[
            Lack::Images,
            Lack::Calls,
            Lack::Thoughts,
            Lack::Proofs,
            Lack::Schema,
            Lack::CutOff,
            Lack::Errors,
            Lack::Usage,
        ]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<CliText>()
    }

    fn settings(&self) -> &'static str {
        r#"{"prompt": "transcript"}"#
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        turns(body)
    }

    fn tools(&self, _: &Value) -> Vec<(String, Value)> {
        Vec::new()
    }

    fn schema(&self, _: &Value) -> Option<Value> {
        None
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        list(events).map(text).collect::<String>().into_bytes()
    }

    fn whole(&self, reply: &Value) -> Vec<u8> {
        text(reply).into_bytes()
    }
}

/// A program that prints events.
pub(crate) struct Agent;

impl Provider for Agent {
    fn name(&self) -> &'static str {
        "cli-jsonl"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack::Images, Lack::Calls, Lack::Thoughts, Lack::Proofs, Lack::Schema, Lack::CutOff]
    }

    fn dialect(&self) -> Dialect {
        Dialect::of::<CliJsonl>()
    }

    fn settings(&self) -> &'static str {
        r#"{"format": "claude", "prompt": "transcript"}"#
    }

    fn items(&self, body: &Value) -> Vec<Item> {
        turns(body)
    }

    fn tools(&self, _: &Value) -> Vec<(String, Value)> {
        Vec::new()
    }

    fn schema(&self, _: &Value) -> Option<Value> {
        None
    }

    fn stream(&self, events: &Value) -> Vec<u8> {
        list(events).map(|event| format!("{event}\n")).collect::<String>().into_bytes()
    }

    fn whole(&self, events: &Value) -> Vec<u8> {
        self.stream(events)
    }
}

/// What a prompt of all messages says.
fn turns(prompt: &Value) -> Vec<Item> {
    let prompt = text(prompt);
    let turns = prompt.split("\n\n").filter_map(|turn| turn.split_once(": "));
    turns.filter_map(|(role, text)| said(role, text)).collect()
}

fn said(role: &str, text: &str) -> Option<Item> {
    match role {
        "system" | "developer" => Some(Item::System(text.to_owned())),
        "user" => Some(Item::User(text.to_owned())),
        "assistant" => Some(Item::Said(text.to_owned())),
        _ => None,
    }
}
