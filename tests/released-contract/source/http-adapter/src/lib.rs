//! The smallest adapter that uses all of its world.

use patchbay_sdk::{Call, Exchange, Failure, HttpAdapter, RequestHead, ResponseHead, Settings};

/// The adapter `released-http-adapter`.
pub struct Released;

impl HttpAdapter for Released {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        let head = head.with_path_prefix("/v1").with_header("x-model", call.model.as_str());
        Ok(Exchange::new(head).with_credential("api_key"))
    }

    fn probe(_: Settings<'_>) -> Result<Exchange, Failure> {
        Ok(Exchange::new(RequestHead::get("/probe")))
    }

    fn list_models(_: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        Ok(None)
    }

    fn read_models(_: &ResponseHead, _: &[u8]) -> Result<Vec<String>, Failure> {
        Ok(vec!["small".to_owned()])
    }
}

patchbay_sdk::export!(http_adapter: Released);
