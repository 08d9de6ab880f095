//! `patchbay usage`

use administration::UsageQuery;
use serde_json::Value;
use time::OffsetDateTime;

use super::admin_client::{AdminClient, Ask};
use super::collection::print_json;
use super::members::text;
use super::table;
use crate::command_line::UsageArguments;
use crate::terminal;

/// What is counted, with its heading.
const COUNTS: [(&str, &str); 6] = [
    ("REQUESTS", "requests"),
    ("FAILED", "failed_requests"),
    ("PROMPT TOKENS", "prompt_tokens"),
    ("COMPLETION TOKENS", "completion_tokens"),
    ("CACHED TOKENS", "cached_tokens"),
    ("REASONING TOKENS", "reasoning_tokens"),
];

/// Prints what was used.
pub(super) fn run(arguments: &UsageArguments) -> anyhow::Result<()> {
    let client = AdminClient::try_new(&arguments.gateway)?;
    // The default is sent, too, so that the columns are known.
    let groups: Vec<&str> = match arguments.group_by.as_slice() {
        [] => UsageQuery::DEFAULT_GROUPS.split(',').collect(),
        named => named.iter().map(String::as_str).collect(),
    };
    let now = OffsetDateTime::now_utc();
    let mut ask = Ask::get(&["usage"]).with_query("group_by", groups.join(","));
    for (name, moment) in [("from", arguments.from), ("to", arguments.to)] {
        if let Some(moment) = moment {
            ask = ask.with_query(name, moment.ago(now)?);
        }
    }
    let report = client.ask(ask)?.body;
    if arguments.gateway.json {
        print_json(&report);
        return Ok(());
    }
    let data = report.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if data.is_empty() {
        let (from, to) = (text(&report, "from"), text(&report, "to"));
        terminal::complain(&terminal::harmless(&format!("nothing was used from {from} to {to}")));
    } else {
        let (headings, rows) = table_of(&groups, data);
        table::print(&headings.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    }
    Ok(())
}

fn table_of(groups: &[&str], data: &[Value]) -> (Vec<String>, Vec<Vec<String>>) {
    let headings = groups.iter().map(|it| it.to_uppercase().replace('_', " "));
    let headings = headings.chain(COUNTS.iter().map(|(heading, _)| (*heading).to_owned()));
    let members = || groups.iter().copied().chain(COUNTS.iter().map(|(_, member)| *member));
    let row = |line: &Value| members().map(|it| text(line, it)).collect();
    (headings.collect(), data.iter().map(row).collect())
}
