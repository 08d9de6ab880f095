//! `patchbay master-key …`

use http::Method;
use serde_json::Value;

use super::admin_client::{AdminClient, Ask};
use super::collection::print_document;
use crate::command_line::GatewayChoice;
use crate::terminal;

const PATH: &str = "master-key";

/// Prints which master key is used.
pub(super) fn show(gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    print_document(&client.ask(Ask::get(&[PATH]))?.body, gateway);
    Ok(())
}

/// Begins a new master key.
pub(super) fn rotate(gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let view = client.ask(Ask::new(Method::POST, &[PATH, "rotate"]))?.body;
    print_document(&view, gateway);
    let remaining = view.get("remaining").and_then(Value::as_u64).unwrap_or_default();
    if remaining > 0 && !gateway.json {
        terminal::complain(
            "the earlier key is needed until nothing remains; see `patchbay master-key show`",
        );
    }
    Ok(())
}
