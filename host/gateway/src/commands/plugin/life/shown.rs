//! Plugins, for people.

use serde_json::Value;

use super::versions::entries;
use crate::command_line::Share;
use crate::commands::members::text;
use crate::commands::table;
use crate::terminal::{self, harmless};

/// Digits of a digest that are shown in tables.
const SHORT_DIGITS: usize = 12;
/// Events that are shown.
const EVENTS: usize = 20;

/// The beginning of a digest.
pub(super) fn short(document: &Value, path: &str) -> String {
    let digest = text(document, path);
    digest.strip_prefix("sha256:").unwrap_or(&digest).chars().take(SHORT_DIGITS).collect()
}

/// All plugins, a line each, and a line for each file that does not serve.
pub(super) fn print_list(list: &Value) {
    let headings = [
        "NAME",
        "VERSION",
        "PHASE",
        "ORIGIN",
        "CALLS",
        "TRAPS",
        "TIMEOUTS",
        "CPU MS",
        "MEMORY KIB",
        "STOCK",
        "MISSES",
        "CANARY",
    ];
    let rows: Vec<_> = entries(list, "data").into_iter().map(row).collect();
    table::print(&headings, &rows);
    for pending in entries(list, "pending") {
        terminal::complain(&harmless(&waiting(pending)));
    }
}

fn row(plugin: &Value) -> Vec<String> {
    let figure = |name: &str| text(plugin, &format!("serving.figures.{name}"));
    let canary = plugin.get("canary").filter(|it| it.is_object());
    let canary = canary.map_or_else(
        || "-".to_owned(),
        |it| format!("{} {}", text(it, "generation.version"), share(it, "plan.share_permille")),
    );
    vec![
        text(plugin, "name"),
        text(plugin, "serving.version"),
        text(plugin, "phase"),
        text(plugin, "origin"),
        figure("calls"),
        figure("traps"),
        figure("timeouts"),
        divided(plugin, "serving.figures.cpu_us", 1000),
        divided(plugin, "serving.figures.peak_memory_bytes", 1024),
        figure("stock_depth"),
        figure("stock_misses"),
        canary,
    ]
}

/// Everything that is known of a plugin.
pub(super) fn print_one(plugin: &Value) {
    table::print(&[], &facts(plugin));
    print_generations(plugin);
    if let Some(canary) = plugin.get("canary").filter(|it| it.is_object()) {
        terminal::say("");
        terminal::say("since the canary began");
        let sides = [("old", "old_since"), ("canary", "new_since")];
        let rows: Vec<_> = sides.iter().map(|(name, it)| side(name, &canary[*it])).collect();
        table::print(&["VERSION", "CALLS", "FAILED", "OF A THOUSAND", "MEAN US", "P95 US"], &rows);
    }
    section("VERSION", &["DIGEST", "SIGNER", "INSTALLED AT", "QUARANTINED"], versions(plugin));
    for pending in entries(plugin, "pending") {
        terminal::say("");
        terminal::say(&harmless(&waiting(pending)));
        for more in entries(pending, "widened") {
            let [member, asked] = ["member", "asked"].map(|it| text(more, it));
            terminal::say(&harmless(&format!("  asks for {member}: {asked}")));
        }
    }
    section("QUARANTINED", &["DIGEST", "SINCE", "CAUSE"], quarantine(plugin));
    section("EVENT AT", &["KIND", "WHAT HAPPENED"], events(plugin));
}

/// How a plugin is, in one line.
pub(in crate::commands::plugin) fn summary(plugin: &Value) -> String {
    let mut line = format!("plugin {:?}: ", text(plugin, "name"));
    match text(plugin, "serving.version").as_str() {
        "-" => line.push_str("nothing serves"),
        version => line.push_str(&format!("{version} serves")),
    }
    if let Some(canary) = plugin.get("canary").filter(|it| it.is_object()) {
        let version = text(canary, "generation.version");
        line.push_str(&format!(", {version} takes {}", share(canary, "plan.share_permille")));
    }
    if plugin.get("pinned") == Some(&Value::Bool(true)) {
        line.push_str(", pinned");
    }
    for pending in entries(plugin, "pending") {
        line.push_str(&format!("; {}", waiting(pending)));
    }
    line
}

fn waiting(pending: &Value) -> String {
    let [file, phase, cause] = ["file", "phase", "cause"].map(|it| text(pending, it));
    let version = text(pending, "version");
    let version = if version == "-" { String::new() } else { format!(" ({version})") };
    format!("{file}{version} does not serve: {phase}: {cause}")
}

fn facts(plugin: &Value) -> Vec<Vec<String>> {
    let mut rows: Vec<_> = [
        ("name", "name"),
        ("kind", "kind"),
        ("dialect", "dialect"),
        ("origin", "origin"),
        ("file", "file"),
        ("phase", "phase"),
        ("cause", "cause"),
        ("pinned", "pinned"),
        ("digest", "serving.digest"),
        ("signer", "serving.signer"),
        ("isolation", "serving.isolation"),
        ("sockets", "serving.sockets"),
        ("entity tag", "etag"),
    ]
    .iter()
    .map(|(name, member)| vec![(*name).to_owned(), text(plugin, member)])
    .collect();
    let start = match text(plugin, "rollout.kind").as_str() {
        "canary" => format!("take {} first", share(plugin, "rollout.share_permille")),
        _ => "serve at once".to_owned(),
    };
    rows.push(vec!["new versions".to_owned(), start]);
    rows
}

fn print_generations(plugin: &Value) {
    let canary = plugin.pointer("/canary/generation");
    let serving = plugin.get("serving").filter(|it| it.is_object());
    let all = serving.into_iter().chain(canary).chain(entries(plugin, "draining"));
    let rows: Vec<_> = all.map(generation).collect();
    if rows.is_empty() {
        return;
    }
    terminal::say("");
    let headings = [
        "GENERATION",
        "VERSION",
        "PHASE",
        "OPEN",
        "CALLS",
        "TRAPS",
        "TIMEOUTS",
        "MEAN US",
        "P95 US",
        "CPU MS",
        "MEMORY KIB",
        "STOCK",
        "HITS",
        "MISSES",
    ];
    table::print(&headings, &rows);
}

fn generation(generation: &Value) -> Vec<String> {
    let figure = |name: &str| text(generation, &format!("figures.{name}"));
    vec![
        text(generation, "generation"),
        text(generation, "version"),
        text(generation, "phase"),
        text(generation, "open_exchanges"),
        figure("calls"),
        figure("traps"),
        figure("timeouts"),
        figure("mean_us"),
        figure("p95_us"),
        divided(generation, "figures.cpu_us", 1000),
        divided(generation, "figures.peak_memory_bytes", 1024),
        figure("stock_depth"),
        figure("stock_hits"),
        figure("stock_misses"),
    ]
}

fn side(name: &str, figures: &Value) -> Vec<String> {
    let failed = ["traps", "timeouts"].map(|it| figures.get(it).and_then(Value::as_u64));
    let failed: u64 = failed.into_iter().flatten().sum();
    vec![
        name.to_owned(),
        text(figures, "calls"),
        failed.to_string(),
        text(figures, "failures_permille"),
        text(figures, "mean_us"),
        text(figures, "p95_us"),
    ]
}

fn versions(plugin: &Value) -> Vec<Vec<String>> {
    let row = |it: &Value| {
        let [version, signer, at, refused] =
            ["version", "signer", "installed_at", "quarantined"].map(|member| text(it, member));
        vec![version, short(it, "digest"), signer, at, refused]
    };
    entries(plugin, "versions").into_iter().map(row).collect()
}

fn quarantine(plugin: &Value) -> Vec<Vec<String>> {
    let row = |it: &Value| {
        let [version, since, cause] = ["version", "since", "cause"].map(|member| text(it, member));
        vec![version, short(it, "digest"), since, cause]
    };
    entries(plugin, "quarantine").into_iter().map(row).collect()
}

fn events(plugin: &Value) -> Vec<Vec<String>> {
    let events = entries(plugin, "events");
    let skipped = events.len().saturating_sub(EVENTS);
    let row = |it: &Value| ["at", "kind", "text"].map(|member| text(it, member)).to_vec();
    events.into_iter().skip(skipped).map(row).collect()
}

/// A table below an empty line; nothing if it has no rows.
fn section(first: &str, rest: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    terminal::say("");
    let headings: Vec<_> = std::iter::once(first).chain(rest.iter().copied()).collect();
    table::print(&headings, &rows);
}

fn share(document: &Value, path: &str) -> String {
    let permille = text(document, path).parse().unwrap_or_default();
    Share(permille).to_string()
}

fn divided(document: &Value, path: &str, by: u64) -> String {
    let found = text(document, path);
    found.parse::<u64>().map_or(found, |number| (number / by).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_summary_says_what_serves_what_takes_a_share_and_what_waits() {
        let pending = json!({
            "file": "x.wasm", "version": "3", "phase": "held", "cause": "it is pinned; unpin it",
        });
        let canary = json!({"generation": {"version": "2"}, "plan": {"share_permille": 5}});
        for (plugin, expected) in [
            (json!({"name": "x", "serving": {"version": "1"}}), "plugin \"x\": 1 serves"),
            (json!({"name": "x", "serving": null}), "plugin \"x\": nothing serves"),
            (
                json!({"name": "x", "serving": {"version": "1"}, "canary": canary}),
                "plugin \"x\": 1 serves, 2 takes 0.5%",
            ),
            (
                json!({
                    "name": "x", "serving": {"version": "1"}, "pinned": true, "pending": [pending],
                }),
                "plugin \"x\": 1 serves, pinned; x.wasm (3) does not serve: held: it is pinned; \
                 unpin it",
            ),
        ] {
            assert_eq!(summary(&plugin), expected);
        }
    }
}
