//! Reaches a Text Generation Inference server, or a Hugging Face Inference Endpoint that runs one.
//!
//! The provider's base URL is the server's root. Health is `GET /health`, and the one model that
//! a server has stands in `GET /info`. An endpoint of Hugging Face wants a token as bearer.
//! <https://huggingface.github.io/text-generation-inference/>

use patchbay_sdk::{
    DEFAULT_SLOT, Exchange, Failure, HttpAdapter, RequestHead, ResponseHead, Settings, explain,
};
use serde::Deserialize;

/// The adapter `tgi`.
pub struct Tgi;

#[derive(Deserialize)]
struct Info {
    model_id: String,
}

impl HttpAdapter for Tgi {
    fn probe(_: Settings<'_>) -> Result<Exchange, Failure> {
        Ok(get("/health"))
    }

    fn list_models(_: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        Ok(Some(get("/info")))
    }

    fn read_models(head: &ResponseHead, body: &[u8]) -> Result<Vec<String>, Failure> {
        if !(200..300).contains(&head.status) {
            return Err(explain::reply(head, body));
        }
        match serde_json::from_slice::<Info>(body) {
            Ok(info) if !info.model_id.is_empty() => Ok(vec![info.model_id]),
            _ => Err(explain::error_instead_of_answer(body)
                .unwrap_or_else(|| Failure::upstream("the provider does not say its model"))),
        }
    }
}

fn get(path: &str) -> Exchange {
    let head = RequestHead::get(path).with_header("accept", "application/json");
    Exchange::new(head).with_credential(DEFAULT_SLOT)
}

patchbay_sdk::export!(http_adapter: Tgi);
