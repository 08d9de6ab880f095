//! Embeddings: `POST /api/embed` and its reply.

use patchbay_sdk::canonical::embeddings::{EmbeddingsRequest, Input};
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::reply::{self, TokenUsage};
use patchbay_sdk::request::Dropped;
use patchbay_sdk::{Document, Encoded, Failure};
use serde::{Deserialize, Serialize};

use crate::request::{take, to_json};
use crate::settings::OllamaSettings;
use crate::{errors, options};

/// Under this name the decoder is told how many vectors there have to be.
pub(crate) const INPUTS: &str = "inputs";

#[derive(Serialize)]
struct EmbedBody<'a> {
    model: &'a str,
    /// A list even of one: Ollama answers a lone empty text with no vector at all.
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<RawJson>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    options: Object,
}

#[derive(Deserialize)]
struct EmbedReply {
    embeddings: Vec<RawJson>,
    prompt_eval_count: Option<u64>,
}

/// Writes the body. `encoding_format` is the gateway's affair, and `user` nobody's loss.
///
/// # Errors
/// `invalid-request` for token ids: Ollama embeds text only.
pub(crate) fn encode(
    mut settings: OllamaSettings,
    mut request: EmbeddingsRequest,
) -> Result<Encoded, Failure> {
    let mut extra = std::mem::take(&mut request.extra);
    let input = match &request.input {
        Input::Text(text) => std::slice::from_ref(text),
        Input::Texts(texts) => texts,
        Input::Tokens(_) | Input::TokenLists(_) => {
            let message = "this provider embeds texts; it takes no token ids";
            return Err(Failure::invalid_request("input", message));
        }
    };
    options::take(&mut extra, &mut settings.options)?;
    let body = to_json(&EmbedBody {
        model: &request.model,
        input,
        dimensions: request.dimensions.as_ref(),
        truncate: take(&mut extra, "truncate").or_else(|| RawJson::of(&settings.truncate?).ok()),
        keep_alive: take(&mut extra, "keep_alive").or(settings.keep_alive),
        options: settings.options,
    })?;
    let mut dropped = Dropped::default();
    dropped.add_members("", &extra);
    let mut encoded = Encoded::new(body).with_dropped(dropped.into_paths());
    encoded.extra.push((INPUTS.to_owned(), input.len().to_string()));
    Ok(encoded)
}

/// Reads a whole reply. `inputs` is how many vectors there have to be, where that is known.
///
/// # Errors
/// What Ollama says instead of vectors, or `upstream-error`.
pub(crate) fn read(model: &str, inputs: Option<usize>, body: &[u8]) -> Result<Document, Failure> {
    let reply: EmbedReply = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(_) => return Err(errors::instead_of_answer(body)),
    };
    let count = reply.embeddings.len();
    if let Some(inputs) = inputs.filter(|inputs| *inputs != count) {
        let message = format!("the provider sent {count} vectors for {inputs} inputs");
        return Err(Failure::upstream(message));
    }
    let tokens = reply.prompt_eval_count.map(|count| TokenUsage {
        prompt_tokens: count,
        total_tokens: count,
        ..TokenUsage::default()
    });
    reply::embeddings(model, reply.embeddings, tokens)
}
