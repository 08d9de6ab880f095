//! Embeddings: three methods for the same thing.
//!
//! The Gemini API embeds one text with `embedContent` and up to 100 with `batchEmbedContents`
//! (<https://ai.google.dev/api/embeddings>). Vertex AI embeds with `predict`, up to 250 texts but
//! only one with a Gemini model
//! (<https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>),
//! or one text with an `embedContent` of its own, whose options stand in `embedContentConfig`.
//! None takes token ids. `user` is left out and `encoding_format` is the host's affair.

use patchbay_sdk::canonical::embeddings::{EmbeddingsRequest, Input};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::{Dropped, read_embeddings};
use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure};

use crate::request::{put, to_json};
use crate::settings::{DialectSettings, EmbeddingsApi};
use crate::{head, model};

/// Members that a request may have in Google's words, and where `predict` has them.
const OPTIONS: [(&str, Place); 4] = [
    ("taskType", Place::Instance),
    ("title", Place::Instance),
    ("autoTruncate", Place::Parameters),
    ("outputDimensionality", Place::Parameters),
];

/// Where `predict` has an option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Instance,
    Parameters,
}

/// Method and limit; the method for a single text is chosen when the text is seen.
pub(crate) fn plan(call: &Call, settings: &DialectSettings) -> ExchangePlan {
    let (method, most) = match settings.embeddings_api(&call.model) {
        EmbeddingsApi::EmbedContent => ("batchEmbedContents", "100"),
        EmbeddingsApi::VertexEmbedContent => ("embedContent", "1"),
        EmbeddingsApi::Predict if model::embeds_by_content(&call.model) => ("predict", "1"),
        EmbeddingsApi::Predict => ("predict", "250"),
    };
    let mut plan = ExchangePlan::rewritten(head(call, settings, method, "application/json"));
    plan.extra.push(("max-inputs".to_owned(), most.to_owned()));
    plan
}

/// Writes the body; for one text on the Gemini API also the head.
pub(crate) fn encode(
    call: &Call,
    settings: &DialectSettings,
    canonical: &[u8],
) -> Result<Encoded, Failure> {
    let mut request = read_embeddings(canonical)?;
    let mut dropped = Dropped::default();
    let options = options(&mut request, settings, &mut dropped);
    let is_single = matches!(request.input, Input::Text(_));
    let texts = texts(&request.input)?;
    let (body, method) = match (settings.embeddings_api(&call.model), texts) {
        (EmbeddingsApi::EmbedContent, [text]) if is_single => {
            (single(text, &options, &call.model), Some("embedContent"))
        }
        (EmbeddingsApi::EmbedContent, texts) => (batch(texts, &options, &call.model), None),
        (EmbeddingsApi::VertexEmbedContent, [text]) => (vertex(text, &options), None),
        (EmbeddingsApi::VertexEmbedContent, _) => {
            let message = "this model embeds one text a request";
            return Err(Failure::invalid_request("input", message));
        }
        (EmbeddingsApi::Predict, texts) => (predict(texts, &options), None),
    };
    let mut encoded = Encoded::new(to_json(&body)).with_dropped(dropped.into_paths());
    encoded.head = method.map(|method| head(call, settings, method, "application/json"));
    encoded.extra.push(("inputs".to_owned(), texts.len().to_string()));
    Ok(encoded)
}

fn texts(input: &Input) -> Result<&[String], Failure> {
    match input {
        Input::Text(text) => Ok(std::slice::from_ref(text)),
        Input::Texts(texts) if !texts.is_empty() => Ok(texts),
        Input::Texts(_) => Err(Failure::invalid_request("input", "there is nothing to embed")),
        Input::Tokens(_) | Input::TokenLists(_) => {
            let message = "this provider embeds texts, not token ids";
            Err(Failure::invalid_request("input", message))
        }
    }
}

/// The options in Google's spelling, and the names of members that are none.
fn options(
    request: &mut EmbeddingsRequest,
    settings: &DialectSettings,
    dropped: &mut Dropped,
) -> Object {
    let mut options = Object::new();
    let mut rest = Object::new();
    for (name, value) in std::mem::take(&mut request.extra) {
        let own = crate::request::camel_case(&name);
        match OPTIONS.iter().any(|(known, _)| *known == own) && !value.is_null() {
            true => options.insert_raw(&own, value),
            false => rest.insert_raw(&name, value),
        }
    }
    dropped.add_members("", &rest);
    if let Some(dimensions) = &request.dimensions {
        put(&mut options, "outputDimensionality", dimensions);
    }
    if let Some(task) = &settings.task_type
        && options.get_raw("taskType").is_none()
    {
        put(&mut options, "taskType", task);
    }
    options
}

/// `{"content": {"parts": [{"text": "…"}]}}` and the options.
fn content(text: &str, options: &Object) -> Object {
    let mut request = with_text(text);
    for (name, value) in options.iter() {
        request.insert_raw(name, value.clone());
    }
    request
}

fn with_text(text: &str) -> Object {
    let mut part = Object::new();
    put(&mut part, "text", text);
    let mut content = Object::new();
    put(&mut content, "parts", &[part]);
    let mut request = Object::new();
    put(&mut request, "content", &content);
    request
}

/// The Gemini API requires the model in the body, which also the path names.
fn single(text: &str, options: &Object, model: &str) -> Object {
    let mut request = content(text, options);
    put(&mut request, "model", &model::full_name(model));
    request
}

fn batch(texts: &[String], options: &Object, model: &str) -> Object {
    let requests: Vec<Object> = texts.iter().map(|text| single(text, options, model)).collect();
    let mut body = Object::new();
    put(&mut body, "requests", &requests);
    body
}

fn vertex(text: &str, options: &Object) -> Object {
    let mut request = with_text(text);
    if !options.is_empty() {
        put(&mut request, "embedContentConfig", options);
    }
    request
}

fn predict(texts: &[String], options: &Object) -> Object {
    let of = |place: Place| {
        let named = OPTIONS.iter().filter(move |(_, at)| *at == place);
        named.filter_map(|(name, _)| Some((*name, options.get_raw(name)?)))
    };
    let instance = |text: &String| {
        let mut instance = Object::new();
        put(&mut instance, "content", text);
        for (name, value) in of(Place::Instance) {
            // This method alone spells it so.
            let name = if name == "taskType" { "task_type" } else { name };
            instance.insert_raw(name, RawJson::clone(value));
        }
        instance
    };
    let instances: Vec<Object> = texts.iter().map(instance).collect();
    let mut parameters = Object::new();
    for (name, value) in of(Place::Parameters) {
        parameters.insert_raw(name, RawJson::clone(value));
    }
    let mut body = Object::new();
    put(&mut body, "instances", &instances);
    if !parameters.is_empty() {
        put(&mut body, "parameters", &parameters);
    }
    body
}
