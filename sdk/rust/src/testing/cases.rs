//! Canonical requests that every dialect has to deal with.

use serde_json::Value;

/// A canonical request by its name. It lacks `model` and `stream`, which
/// [`encode`](super::encode) sets.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is about; names the golden file.
    pub name: &'static str,
    /// The request.
    pub request: Value,
}

/// The chat requests: text, system, turns, images, files, tools in every form, tool results,
/// structured output, reasoning that comes back, sampling, caching, unicode, long lines.
#[must_use]
pub fn chat_cases() -> Vec<Case> {
    read(CHAT)
}

/// The embeddings requests.
#[must_use]
pub fn embeddings_cases() -> Vec<Case> {
    read(EMBEDDINGS)
}

fn read(cases: &[(&'static str, &'static str)]) -> Vec<Case> {
    let cases = cases.iter().map(|(name, json)| Case {
        name,
        request: serde_json::from_str(json).expect("the cases are JSON"),
    });
    cases.collect()
}

macro_rules! cases {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("cases/", $name, ".json")))),*]
    };
}

const CHAT: &[(&str, &str)] = cases![
    "plain_text",
    "system",
    "multi_turn",
    "sampling",
    "max_tokens_and_one_stop",
    "images",
    "files",
    "one_tool",
    "two_tools_at_once",
    "one_tool_at_a_time",
    "forced_tool",
    "any_tool",
    "no_tool",
    "tool_results",
    "tool_call_with_text_and_empty_arguments",
    "json_object",
    "json_schema",
    "reasoning_effort",
    "reasoning_comes_back",
    "reasoning_with_tool_call",
    "refusal_comes_back",
    "cache_control",
    "unicode",
    "long_line",
    "large_numbers",
    "unknown_members",
];

const EMBEDDINGS: &[(&str, &str)] =
    cases!["embed_one", "embed_many", "embed_base64_with_dimensions", "embed_tokens"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{request, testing};

    #[test]
    fn every_case_is_a_canonical_request() {
        for case in chat_cases() {
            let mut json = case.request;
            json["model"] = "m".into();
            let read = request::read_chat(json.to_string().as_bytes());
            assert!(read.is_ok(), "{}: {read:?}", case.name);
        }
        for case in embeddings_cases() {
            let mut json = case.request;
            json["model"] = testing::embeddings("m").model.into();
            let read = request::read_embeddings(json.to_string().as_bytes());
            assert!(read.is_ok(), "{}: {read:?}", case.name);
        }
    }
}
