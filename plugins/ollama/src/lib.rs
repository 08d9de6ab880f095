//! Reaches an Ollama server: on this machine, in the network, or ollama.com.
//!
//! The provider's base URL has no path: the dialect's paths begin with `/api`. A server of one's
//! own wants no key; ollama.com wants one as bearer. Health and the model list are `GET /api/tags`,
//! which both answer. <https://docs.ollama.com/api/tags>, <https://docs.ollama.com/api/authentication>

use patchbay_sdk::{DEFAULT_SLOT, Exchange, Failure, HttpAdapter, RequestHead, Settings};

/// The adapter `ollama`.
pub struct Ollama;

impl HttpAdapter for Ollama {
    fn probe(_: Settings<'_>) -> Result<Exchange, Failure> {
        let head = RequestHead::get("/api/tags").with_header("accept", "application/json");
        Ok(Exchange::new(head).with_credential(DEFAULT_SLOT))
    }
}

patchbay_sdk::export!(http_adapter: Ollama);
