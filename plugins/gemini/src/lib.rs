//! Reaches Google's Gemini API with an API key.
//!
//! The base URL ends in the version path, so heads go out with the paths that the dialect gave
//! them. `GET /models` lists models (<https://ai.google.dev/api/models>): their names begin with
//! `models/`, which is left out, and only those are given that answer or embed. One page holds
//! all: a page of 1000 is the largest, and further pages are not asked for.

use patchbay_sdk::{
    DEFAULT_SLOT, Exchange, Failure, HttpAdapter, RequestHead, ResponseHead, Settings, explain,
};
use serde::Deserialize;

/// The methods that this gateway has an operation for.
const METHODS: [&str; 2] = ["generateContent", "embedContent"];

/// The adapter `gemini`.
pub struct Gemini;

/// A page of the list.
#[derive(Deserialize)]
struct Page {
    models: Vec<Model>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    name: String,
    #[serde(default)]
    supported_generation_methods: Vec<String>,
}

impl HttpAdapter for Gemini {
    fn probe(_: Settings<'_>) -> Result<Exchange, Failure> {
        Ok(list("1"))
    }

    fn list_models(_: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        Ok(Some(list("1000")))
    }

    fn read_models(head: &ResponseHead, body: &[u8]) -> Result<Vec<String>, Failure> {
        if !(200..300).contains(&head.status) {
            return Err(refused(head, body));
        }
        let page: Page = serde_json::from_slice(body).map_err(|_| {
            let unknown = || Failure::upstream("the provider's model list is not a list of models");
            explain::error_instead_of_answer(body).unwrap_or_else(unknown)
        })?;
        let mut ids: Vec<String> = Vec::with_capacity(page.models.len());
        for model in page.models.into_iter().filter(Model::is_of_use) {
            let id = model.name.strip_prefix("models/").unwrap_or(&model.name);
            if !id.is_empty() && !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        Ok(ids)
    }
}

impl Model {
    fn is_of_use(&self) -> bool {
        let methods = &self.supported_generation_methods;
        methods.iter().any(|method| METHODS.contains(&method.as_str()))
    }
}

/// Google answers a wrong key with status 400, as if the request were wrong.
fn refused(head: &ResponseHead, body: &[u8]) -> Failure {
    let is_key = String::from_utf8_lossy(body).contains("API_KEY_INVALID");
    match head.status {
        400 if is_key => explain::reply(&ResponseHead::new(401), body),
        _ => explain::reply(head, body),
    }
}

fn list(page_size: &str) -> Exchange {
    let head = RequestHead::get("/models")
        .with_query("pageSize", page_size)
        .with_header("accept", "application/json");
    Exchange::new(head).with_credential(DEFAULT_SLOT)
}

patchbay_sdk::export!(http_adapter: Gemini);
