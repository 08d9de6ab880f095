//! Lists that come in pages.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::admin_client::{AdminClient, Ask};

/// Most entries that the admin API gives at once.
const PAGE: usize = 200;
/// Most entries that are held in memory.
const MOST: usize = 100_000;

/// Reads a list, up to `limit` entries of it. `ask` makes the request without page and size.
pub(super) fn read(
    client: &AdminClient,
    limit: Option<u32>,
    ask: impl Fn() -> Ask,
) -> anyhow::Result<Vec<Value>> {
    let wanted = limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let size = PAGE.min(wanted - found.len());
        let mut next = ask().with_query("limit", size.to_string());
        if let Some(cursor) = cursor {
            next = next.with_query("cursor", cursor);
        }
        let mut page = client.ask(next)?.body;
        let data = page.get_mut("data").and_then(Value::as_array_mut);
        found.append(
            data.context("the answer is no list; use a patchbay of the gateway's version")?,
        );
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
        if found.len() >= MOST {
            bail!("there are more than {MOST} entries; ask for fewer with --limit");
        }
    }
}

/// The whole of a list, in the form of one page.
pub(super) fn whole(data: Vec<Value>) -> Value {
    json!({ "object": "list", "data": data, "next_cursor": null })
}
