//! Embeddings, as Titan's and Cohere's models send them.

use patchbay_sdk::canonical::{RawJson, TokenUsage};
use patchbay_sdk::{Call, Document, Failure, ResponseHead, reply};
use serde::Deserialize;

use super::no_answer;

/// Where InvokeModel counts, whatever the model.
const COUNT_HEADER: &str = "x-amzn-bedrock-input-token-count";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    /// Titan's one vector.
    embedding: Option<RawJson>,
    /// Cohere's vectors: a list, or lists by type.
    embeddings: Option<RawJson>,
    input_text_token_count: Option<u64>,
    /// Of Titan's image model: why there is no vector.
    message: Option<String>,
}

#[derive(Deserialize)]
struct ByType {
    float: Vec<RawJson>,
}

pub(super) fn read(call: &Call, head: &ResponseHead, body: &[u8]) -> Result<Document, Failure> {
    let unreadable = || no_answer(body, "a list of vectors");
    let answer: Reply = serde_json::from_slice(body).map_err(|_| unreadable())?;
    if answer.message.as_deref().is_some_and(|message| !message.is_empty()) {
        return Err(unreadable());
    }
    let vectors = match (answer.embedding, answer.embeddings) {
        (Some(vector), _) if !vector.is_null() => vec![vector],
        (_, Some(list)) => list
            .parse::<Vec<RawJson>>()
            .or_else(|_| list.parse::<ByType>().map(|lists| lists.float))
            .map_err(|_| unreadable())?,
        _ => return Err(unreadable()),
    };
    let counted = head.header(COUNT_HEADER).and_then(|text| text.trim().parse().ok());
    let tokens = counted.or(answer.input_text_token_count).map(|count| TokenUsage {
        prompt_tokens: count,
        total_tokens: count,
        ..TokenUsage::default()
    });
    reply::embeddings(&call.model, vectors, tokens)
}
