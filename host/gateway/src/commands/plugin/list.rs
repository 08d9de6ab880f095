//! `patchbay plugin list`

use serde_json::Value;

use crate::command_line::GatewayChoice;
use crate::commands::admin_client::{AdminClient, Ask};
use crate::commands::collection::print_json;
use crate::commands::members::text;
use crate::commands::table;

/// Prints the plugins of a running gateway.
pub(in crate::commands) fn list(gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let answer = client.ask(Ask::get(&["plugins"]))?.body;
    if gateway.json {
        print_json(&answer);
        return Ok(());
    }
    let plugins = answer.get("data").and_then(Value::as_array);
    let row = |plugin: &Value| {
        ["name", "version", "kind", "origin", "digest"].map(|it| text(plugin, it)).to_vec()
    };
    let rows: Vec<_> = plugins.into_iter().flatten().map(row).collect();
    table::print(&["NAME", "VERSION", "KIND", "ORIGIN", "DIGEST"], &rows);
    Ok(())
}
