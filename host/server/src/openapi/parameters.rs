//! Parameters of paths, queries and headers.

use administration::{AuditAction, AuditFilter, PageRequest, UsageQuery};
use serde_json::{Map, Value, json};

use super::shapes::{MODEL_NAME, SLUG};

/// `*`, or entity tags that are strong.
const STRONG_TAGS: &str = r#"^(\*|"[!#-~]*"(, ?"[!#-~]*")*)$"#;

/// `*`, or entity tags.
const ANY_TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#;

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
    let known = "`ETag`s of what is known already: 304 where that is still so.";
    vec![
        ("if-match", header(("If-Match", true), needed, STRONG_TAGS, "*")),
        ("if-match-optional", header(("If-Match", false), optional, STRONG_TAGS, "*")),
        ("if-none-match", header(("If-None-Match", false), known, ANY_TAGS, "\"7\"")),
    ]
}

fn in_queries() -> Vec<(&'static str, Value)> {
    of_pages().into_iter().chain(of_audit()).chain(of_usage()).collect()
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

fn query(name: &str, description: &str, schema: Value) -> Value {
    let mut parameter =
        json!({ "name": name, "in": "query", "required": false, "description": description });
    parameter["schema"] = schema;
    parameter
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}
