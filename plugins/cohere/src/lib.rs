//! Reaches Cohere's API.
//!
//! The base URL is the host alone: chat and embed are under `/v2`, the model list under `/v1`
//! (<https://docs.cohere.com/reference/list-models>), and the dialect's paths carry their version.

use patchbay_sdk::{
    Call, DEFAULT_SLOT, Exchange, Failure, HttpAdapter, RequestHead, ResponseHead, Settings, models,
};
use serde::Deserialize;

/// The most that one page of the model list holds.
const MODELS: &str = "/v1/models?page_size=1000";
/// One model proves as much as all.
const PROBE: &str = "/v1/models?page_size=1";

/// The adapter `cohere`.
pub struct Cohere;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Deserialize)]
struct CohereSettings {
    client_name: Option<String>,
}

/// What a model says of itself.
#[derive(Deserialize)]
struct Model {
    name: Option<String>,
    #[serde(default)]
    endpoints: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Models {
    models: Vec<Model>,
}

impl HttpAdapter for Cohere {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        exchange(head, &call.settings()?)
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        exchange(get(PROBE), &settings.read()?)
    }

    fn list_models(settings: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        exchange(get(MODELS), &settings.read()?).map(Some)
    }

    /// The models that chat or embed; others rerank and transcribe.
    fn read_models(head: &ResponseHead, body: &[u8]) -> Result<Vec<String>, Failure> {
        let all = models::read_ids(head, body)?;
        let Ok(list) = serde_json::from_slice::<Models>(body) else { return Ok(all) };
        let names = list.models.into_iter().filter(Model::is_of_use).filter_map(|model| model.name);
        Ok(names.collect())
    }
}

impl Model {
    fn is_of_use(&self) -> bool {
        let of_use = |endpoint: &String| endpoint == "chat" || endpoint == "embed";
        self.endpoints.as_ref().is_none_or(|endpoints| endpoints.iter().any(of_use))
    }
}

fn get(path: &str) -> RequestHead {
    RequestHead::get(path).with_header("accept", "application/json")
}

fn exchange(mut head: RequestHead, settings: &CohereSettings) -> Result<Exchange, Failure> {
    if let Some(name) = &settings.client_name {
        if !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            let reason = "a header value is printable ASCII";
            return Err(Failure::misconfigured("settings.client_name", reason));
        }
        head = head.with_header("x-client-name", name);
    }
    Ok(Exchange::new(head).with_credential(DEFAULT_SLOT))
}

patchbay_sdk::export!(http_adapter: Cohere);
