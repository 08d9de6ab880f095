//! `patchbay status`

use serde_json::Value;

use super::admin_client::{AdminClient, Ask};
use super::collection::print_json;
use super::members::text;
use super::table;
use crate::command_line::GatewayChoice;
use crate::terminal;

/// Prints how the gateway is.
pub(super) fn run(gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let status = client.ask(Ask::get(&["status"]))?.body;
    if gateway.json {
        print_json(&status);
        return Ok(());
    }
    table::print(&[], &facts(&status));
    terminal::say("");
    table::print(&["RESOURCES", "FILE", "STORE", "SET ASIDE"], &counts(&status));
    for line in trouble(&status) {
        terminal::say(&terminal::harmless(&line));
    }
    Ok(())
}

fn facts(status: &Value) -> Vec<Vec<String>> {
    let rows = [
        ("version", "version"),
        ("started at", "started_at"),
        ("uptime in seconds", "uptime_seconds"),
        ("store revision", "store_revision"),
        ("master key", "master_key"),
    ];
    let mut rows: Vec<_> =
        rows.iter().map(|(name, member)| vec![(*name).to_owned(), text(status, member)]).collect();
    for check in entries(status, "checks") {
        let good = check.get("good").and_then(Value::as_bool) == Some(true);
        let reason = check.get("reason").and_then(Value::as_str);
        let word = if good { "good" } else { "not good" };
        let found = reason.map_or_else(|| word.to_owned(), |it| format!("{word}: {it}"));
        rows.push(vec![text(check, "name"), found]);
    }
    rows
}

fn counts(status: &Value) -> Vec<Vec<String>> {
    let row = |(name, member): &(&str, &str)| {
        let count = |of| text(status, &format!("{member}.{of}"));
        vec![(*name).to_owned(), count("file"), count("store"), count("set_aside")]
    };
    [("providers", "providers"), ("API keys", "api_keys"), ("routes", "routes")]
        .iter()
        .map(row)
        .collect()
}

/// A line for everything that does not serve, and why.
fn trouble(status: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for resource in entries(status, "set_aside") {
        let name = format!("{} {:?}", text(resource, "noun"), text(resource, "id"));
        for problem in entries(resource, "problems") {
            let [path, message, fix] = ["path", "message", "fix"].map(|it| text(problem, it));
            lines.push(format!("{name} is set aside: {path}: {message}; {fix}"));
        }
    }
    for record in entries(status, "damaged") {
        let [kind, key, reason] = ["kind", "key", "reason"].map(|it| text(record, it));
        lines.push(format!(
            "{kind} {key:?} is damaged: {reason}; enter it again, or restore a backup"
        ));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

fn entries<'v>(document: &'v Value, member: &str) -> &'v [Value] {
    document.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
