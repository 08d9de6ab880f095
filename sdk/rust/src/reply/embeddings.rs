//! A canonical embeddings reply.

use openai_api::embeddings::{Embedding, EmbeddingsReply};
use openai_api::{Canonical as _, JsonKind, RawJson, TokenUsage};

use crate::failure::Failure;
use crate::normalizer::Document;

/// The document with vectors in the order of the input. A vector is an array of numbers as the
/// provider wrote it; base64, where the caller wants it, is the host's affair.
///
/// ```
/// use patchbay_sdk::canonical::{RawJson, TokenUsage};
///
/// let vectors = vec![RawJson::from_text("[0.5,-1.0]").unwrap()];
/// let tokens = TokenUsage { prompt_tokens: 2, total_tokens: 2, ..TokenUsage::default() };
/// let document = patchbay_sdk::reply::embeddings("m", vectors, Some(tokens)).unwrap();
/// assert!(String::from_utf8(document).unwrap().contains(r#""embedding":[0.5,-1.0]"#));
/// ```
///
/// # Errors
/// `upstream-error` if a vector is no array.
pub fn embeddings(
    model: &str,
    vectors: Vec<RawJson>,
    tokens: Option<TokenUsage>,
) -> Result<Document, Failure> {
    let mut data = Vec::with_capacity(vectors.len());
    for (index, embedding) in (0..).zip(vectors) {
        if embedding.kind() != JsonKind::Array {
            return Err(Failure::upstream("a vector of the provider's reply is no array"));
        }
        let object = "embedding".to_owned();
        data.push(Embedding { object, index, embedding, ..Embedding::default() });
    }
    let usage = tokens.map(Into::into);
    Ok(EmbeddingsReply { usage, ..EmbeddingsReply::new(model, data) }.to_json())
}

/// The document that answers `count-tokens`.
#[must_use]
pub fn token_count(input_tokens: u64) -> Document {
    format!(r#"{{"object":"token_count","input_tokens":{input_tokens}}}"#).into_bytes()
}
