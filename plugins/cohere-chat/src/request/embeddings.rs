//! `POST /v2/embed`.

use patchbay_sdk::canonical::embeddings::{EmbeddingsRequest, Input};
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::request::{self, Dropped};
use patchbay_sdk::{Encoded, Failure};
use serde::Serialize;

use crate::CohereSettings;
use crate::reply::INPUTS;

/// Members that a caller may send as Cohere names them.
const OWN: [&str; 4] = ["truncate", "max_tokens", "priority", "output_dimension"];

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    texts: &'a [String],
    /// Required by Cohere, unknown to canonical.
    input_type: RawJson,
    embedding_types: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<&'a Number>,
    #[serde(flatten)]
    own: Object,
}

pub(crate) fn encode(settings: &CohereSettings, canonical: &[u8]) -> Result<Encoded, Failure> {
    let mut request: EmbeddingsRequest = request::read_embeddings(canonical)?;
    let mut own = Object::new();
    for name in OWN {
        if let Some(value) = request.extra.remove(name).filter(|value| !value.is_null()) {
            own.insert_raw(name, value);
        }
    }
    let input_type = request.extra.remove("input_type").filter(|value| !value.is_null());
    let input_type = match input_type {
        Some(input_type) => input_type,
        None => RawJson::of(&settings.input_type).map_err(|problem| request::invalid(&problem))?,
    };
    let texts = match &request.input {
        Input::Text(text) => std::slice::from_ref(text),
        Input::Texts(texts) => texts,
        Input::Tokens(_) | Input::TokenLists(_) => {
            let message = "the provider embeds texts, not token ids";
            return Err(Failure::invalid_request("input", message));
        }
    };
    let mut dropped = Dropped::default();
    // `encoding_format` is fulfilled by the host; `user` is the caller's own label.
    dropped.add_members("", &request.extra);
    let dimensions = request.dimensions.as_ref();
    let body = Body {
        model: &request.model,
        texts,
        input_type,
        embedding_types: ["float"],
        output_dimension: dimensions.filter(|_| own.get_raw("output_dimension").is_none()),
        own,
    };
    let body = serde_json::to_vec(&body)
        .map_err(|error| Failure::invalid_request("", format!("it has no JSON: {error}")))?;
    let mut encoded = Encoded::new(body).with_dropped(dropped.into_paths());
    encoded.extra.push((INPUTS.to_owned(), texts.len().to_string()));
    Ok(encoded)
}
