//! Parameters of paths, queries and headers.

use administration::{AuditAction, AuditFilter, PageRequest, UsageQuery};
use serde_json::{Map, Value, json};

use super::shapes::{MODEL_NAME, PLUGIN_NAME, SLUG};

/// `*`, or entity tags that are strong.
const STRONG_TAGS: &str = r#"^(\*|"[!#-~]*"(, ?"[!#-~]*")*)$"#;

/// `*`, or entity tags.
const ANY_TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#;

/// A base64 text.
const BASE64: &str = "^[A-Za-z0-9+/]+=*$";

/// A URL-safe base64 text.
const CURSOR: &str = "^[A-Za-z0-9_-]+$";

/// Every parameter, by the name that operations call it by.
pub(super) fn components() -> Value {
    let parameters = in_paths().into_iter().chain(in_headers()).chain(in_queries());
    Value::Object(parameters.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn in_paths() -> Vec<(&'static str, Value)> {
    let id = |what: &str, example: &str| {
        let schema = json!({ "type": "string", "pattern": SLUG });
        json!({
            "name": "id", "in": "path", "required": true, "description": what,
            "schema": schema, "example": example,
        })
    };
    vec![
        ("provider-id", id("Id of the provider.", "main")),
        ("api-key-id", id("Id of the API key; not the key.", "laptop")),
        (
            "plugin",
            json!({
                "name": "name", "in": "path", "required": true,
                "description": "Name of the plugin.",
                "schema": { "type": "string", "pattern": PLUGIN_NAME },
                "example": "my-cloud",
            }),
        ),
        (
            "model",
            json!({
                "name": "model", "in": "path", "required": true,
                "description": "What callers say. One segment: a `/` in it is written `%2F`.",
                "schema": { "type": "string", "pattern": MODEL_NAME },
                "example": "smart",
            }),
        ),
        (
            "model-id",
            json!({
                "name": "id", "in": "path", "required": true,
                "description": "The model's name, as callers say it. A `/` in it may be written \
                    as it is, or `%2F`.",
                "schema": { "type": "string", "minLength": 1 },
                "example": "smart",
            }),
        ),
    ]
}

fn in_headers() -> Vec<(&'static str, Value)> {
    let header =
        |(name, required): (&str, bool), description: &str, pattern: &str, example: &str| {
            let schema = json!({ "type": "string", "pattern": pattern, "minLength": 1 });
            json!({
                "name": name, "in": "header", "required": required, "description": description,
                "schema": schema, "example": example,
            })
        };
    let needed = "The `ETag` of what was read, or `*` for whatever is there.";
    let optional = "The `ETag` of what was read. May be left out.";
    let signature = "The `.minisig` file of the component, in base64. Needed where \
                     `plugins.trust` names signers.";
    let known = "`ETag`s of what is known already: 304 where that is still so.";
    vec![
        ("if-match", header(("If-Match", true), needed, STRONG_TAGS, "*")),
        ("if-match-optional", header(("If-Match", false), optional, STRONG_TAGS, "*")),
        ("signature", header(("x-patchbay-signature", false), signature, BASE64, "dW50cnVzdGVk")),
        ("if-none-match", header(("If-None-Match", false), known, ANY_TAGS, "\"7\"")),
    ]
}

fn in_queries() -> Vec<(&'static str, Value)> {
    of_pages().into_iter().chain(of_audit()).chain(of_usage()).chain(of_uploads()).collect()
}

fn of_pages() -> [(&'static str, Value); 2] {
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": PageRequest::MAX_LIMIT,
        "default": PageRequest::DEFAULT_LIMIT,
    });
    let cursor = json!({
        "type": "string", "pattern": CURSOR, "minLength": 2,
        "maxLength": PageRequest::MAX_CURSOR_CHARS,
    });
    [
        ("limit", query("limit", "Most elements of the page.", limit)),
        ("cursor", query("cursor", "`next_cursor` of the page before.", cursor)),
    ]
}

fn of_audit() -> [(&'static str, Value); 6] {
    let text = || json!({ "type": "string" });
    let actions = json!({ "type": "string", "enum": AuditAction::ALL.map(AuditAction::as_str) });
    let nouns = json!({ "type": "string", "enum": AuditFilter::NOUNS });
    [
        ("actor", query("actor", "Only what this operator did.", text())),
        ("action", query("action", "Only this action.", actions)),
        ("noun", query("noun", "Only what was done to these.", nouns)),
        ("target", query("id", "Only what was done to the one of this id.", text())),
        ("since", query("since", "From then on; included.", time())),
        ("until", query("until", "Until then; not included. After `since`.", time())),
    ]
}

fn of_usage() -> [(&'static str, Value); 3] {
    let group = format!("({})", UsageQuery::GROUPS.join("|"));
    let groups = json!({
        "type": "string", "pattern": format!("^({group}(,{group})*)?$"),
        "default": UsageQuery::DEFAULT_GROUPS,
    });
    let from = "Beginning, moved back to a whole hour; 24 hours before `to`.";
    let to = "End, moved forward to a whole hour; now. At most 400 days after `from`.";
    let by = "A list with commas of what rows are grouped by; empty is the total.";
    [
        ("from", query("from", from, time())),
        ("to", query("to", to, time())),
        ("group-by", query("group_by", by, groups)),
    ]
}

fn of_uploads() -> [(&'static str, Value); 4] {
    let whole =
        |least: u64, most: u64| json!({ "type": "integer", "minimum": least, "maximum": most });
    let start = json!({ "type": "string", "enum": ["immediate", "canary"] });
    let how = "How this version starts; as `rollout` of the plugin says if left out.";
    let share = "Of a canary: how many of a thousand exchanges it takes.";
    let calls = "Of a canary: calls after which it is promoted or rolled back by itself.";
    let worse = "How much its share of failed calls may be above the old one's: of a thousand.";
    [
        ("rollout", query("rollout", how, start)),
        ("share", query("share_permille", share, whole(1, 1000))),
        ("auto-calls", query("auto_calls", calls, whole(1, 1_000_000_000))),
        ("auto-worse", query("auto_worse_permille", worse, whole(0, 1000))),
    ]
}

fn query(name: &str, description: &str, schema: Value) -> Value {
    let mut parameter =
        json!({ "name": name, "in": "query", "required": false, "description": description });
    parameter["schema"] = schema;
    parameter
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}
