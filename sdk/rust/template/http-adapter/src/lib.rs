//! Reaches my provider: which path, which headers, which credential. Bodies are a dialect's.

use patchbay_sdk::{Call, Exchange, Failure, HttpAdapter, RequestHead};

/// The adapter `my-plugin`.
pub struct MyPlugin;

/// What an operator can set; `plugin.json` has its JSON Schema.
#[derive(serde::Deserialize)]
struct Settings {
    team: Option<String>,
}

impl HttpAdapter for MyPlugin {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        let settings: Settings = call.settings()?;
        let mut head = head.with_path_prefix("/v1");
        if let Some(team) = settings.team {
            head = head.with_header("x-team", team);
        }
        Ok(Exchange::new(head).with_credential("api_key"))
    }
}

patchbay_sdk::export!(http_adapter: MyPlugin);
