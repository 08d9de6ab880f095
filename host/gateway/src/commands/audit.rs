//! `patchbay audit …`

use anyhow::Context as _;
use serde_json::Value;
use time::OffsetDateTime;

use super::admin_client::{AdminClient, Ask};
use super::collection::print_json;
use super::members::text;
use super::{pages, table};
use crate::command_line::{AuditFilter, AuditList, GatewayChoice};
use crate::terminal;

/// Prints the latest entries.
pub(super) fn list(arguments: &AuditList) -> anyhow::Result<()> {
    let client = AdminClient::try_new(&arguments.gateway)?;
    let filter = parameters(&arguments.filter)?;
    let ask = || with_parameters(Ask::get(&["audit"]), &filter);
    let entries = pages::read(&client, Some(arguments.limit), ask)?;
    if arguments.gateway.json {
        print_json(&pages::whole(entries));
    } else if entries.is_empty() {
        terminal::complain("there is no such entry in the audit log");
    } else {
        table::print(&["AT", "ACTOR", "ROLE", "ACTION", "TARGET", "CHANGED"], &rows(&entries));
    }
    Ok(())
}

/// Prints every entry as the gateway sends it.
pub(super) fn export(filter: &AuditFilter, gateway: &GatewayChoice) -> anyhow::Result<()> {
    let client = AdminClient::try_new(gateway)?;
    let ask = with_parameters(Ask::get(&["audit", "export"]), &parameters(filter)?);
    let pass_on = |bytes: &[u8]| {
        terminal::pass_on(bytes).context("standard output cannot be written; make room there")
    };
    client.download(ask, pass_on).map(drop)
}

/// Moments are fixed here, so that they are the same for every page.
fn parameters(filter: &AuditFilter) -> anyhow::Result<Vec<(&'static str, String)>> {
    let now = OffsetDateTime::now_utc();
    let found = [
        ("actor", filter.actor.clone()),
        ("action", filter.action.clone()),
        ("noun", filter.noun.clone()),
        ("id", filter.id.clone()),
        ("since", filter.since.map(|it| it.ago(now)).transpose()?),
        ("until", filter.until.map(|it| it.ago(now)).transpose()?),
    ];
    Ok(found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

fn with_parameters(ask: Ask, parameters: &[(&'static str, String)]) -> Ask {
    parameters.iter().fold(ask, |ask, (name, value)| ask.with_query(name, value.as_str()))
}

fn rows(entries: &[Value]) -> Vec<Vec<String>> {
    let row = |entry: &Value| {
        let mut row =
            ["at", "actor", "role", "action", "target"].map(|it| text(entry, it)).to_vec();
        row.push(changed(entry));
        row
    };
    entries.iter().map(row).collect()
}

/// Names of the outermost members that differ; all of it is in the export.
fn changed(entry: &Value) -> String {
    let side = |name| entry.get(name).and_then(Value::as_object);
    let (Some(before), Some(after)) = (side("before"), side("after")) else {
        return "-".to_owned();
    };
    let mut names: Vec<_> = before.keys().chain(after.keys()).map(String::as_str).collect();
    names.retain(|name| before.get(*name) != after.get(*name));
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_names_the_members_that_differ() {
        for (before, after, expected) in [
            (json!({"a": 1, "b": 2, "c": 3}), json!({"a": 1, "c": 4, "d": 5}), "b, c, d"),
            (json!({"a": 1}), json!({"a": 1}), "-"),
            (json!(null), json!({"a": 1}), "-"),
            (json!({"a": 1}), json!(null), "-"),
        ] {
            assert_eq!(changed(&json!({ "before": before, "after": after })), expected);
        }
    }
}
