//! Reaches Example Cloud, which speaks OpenAI's dialect and bills by team.

use patchbay_sdk::{Call, Exchange, Failure, HttpAdapter, RequestHead};

pub struct ExampleCloud;

#[derive(serde::Deserialize)]
struct Settings {
    team: String,
}

impl HttpAdapter for ExampleCloud {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        let settings: Settings = call.settings()?;
        let head = head.with_path_prefix("/inference").with_header("x-team", settings.team);
        Ok(Exchange::new(head).with_credential("api_key"))
    }
}

patchbay_sdk::export!(http_adapter: ExampleCloud);
