//! What operators send to plugins.

use serde_json::{Value, json};

use super::super::shapes::{closed, members, nullable, whole};

/// A digest as operators write it.
const DIGEST: &str = "^(sha256:)?[0-9a-f]{64}$";

/// Every schema, by name.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let digest = |description: &str| json!({ "type": "string", "pattern": DIGEST, "description": description });
    let approval = [("digest", digest("The version that waits, or is in quarantine."))];
    let back =
        [("digest", nullable(digest("A kept version; the one installed before if left out.")))];
    let canary = [
        ("digest", digest("A kept version that does not serve.")),
        ("share_permille", share()),
        ("auto", auto()),
    ];
    let all = [
        ("PluginApproval", closed("What is approved.", &["digest"], members(approval))),
        ("PluginRollback", closed("What is gone back to.", &[], members(back))),
        (
            "PluginCanary",
            closed("A version and its share.", &["digest", "share_permille"], members(canary)),
        ),
        ("PluginRollout", rollout()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn share() -> Value {
    whole(1..=1000, "How many of a thousand exchanges it takes.")
}

fn auto() -> Value {
    let all = [
        ("calls", whole(1..=1_000_000_000, "Calls of the canary after which it is decided.")),
        (
            "worse_permille",
            whole(0..=1000, "How much its share of failed calls may be above: of a thousand."),
        ),
    ];
    let what = "Promotes the canary, or rolls it back, by itself; without it an operator does.";
    nullable(closed(what, &["calls", "worse_permille"], members(all)))
}

fn rollout() -> Value {
    let kind = json!({ "type": "string", "enum": ["immediate", "canary"], "description": "How." });
    let all = [("kind", kind), ("share_permille", nullable(share())), ("auto", auto())];
    let mut rollout = closed("How new versions start.", &["kind"], members(all));
    rollout["if"] = json!({ "properties": { "kind": { "const": "canary" } } });
    rollout["then"] = json!({
        "required": ["share_permille"], "properties": { "share_permille": { "type": "integer" } },
    });
    rollout["else"] = json!({
        "properties": { "share_permille": { "type": "null" }, "auto": { "type": "null" } },
    });
    rollout
}
