//! What operators are shown of providers, API keys and routes: their documents, and what the
//! gateway knows of them.

use serde_json::{Value, json};

use super::documents::{key_settings, provider_settings, route_settings};
use super::operation::schema;
use super::shapes::{Members, SLUG, closed, nullable, text};

/// Members of every view.
const OF_ALL: [&str; 5] = ["origin", "etag", "created_at", "updated_at", "status"];

/// Every schema of a view, by name.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let (key, new_key) = (api_key(), new_api_key());
    vec![
        (
            "ProviderView",
            view("A provider, as it is shown.", &["id", "adapter", "models"], provider()),
        ),
        (
            "ApiKeyView",
            view("An API key, as it is shown.", &["id", "state", "hint", "last_used_at"], key),
        ),
        (
            "NewApiKeyView",
            view(
                "An API key that was just made: the one time that it is shown.",
                &["id", "state", "hint", "last_used_at", "key"],
                new_key,
            ),
        ),
        (
            "RouteView",
            view("A route, as it is shown.", &["model", "candidates"], with_all(route_settings())),
        ),
        ("ProviderList", list("ProviderView")),
        ("ApiKeyList", list("ApiKeyView")),
        ("RouteList", list("RouteView")),
        ("ResourceStatus", status()),
    ]
}

fn provider() -> Members {
    let mut all = with_all(provider_settings());
    let fingerprint = || json!({ "type": "string", "description": "Tells secrets apart, and tells nothing of them." });
    let shown = json!({
        "type": "object",
        "properties": { "fingerprint": fingerprint(), "set_at": time("When it was set.") },
        "required": ["fingerprint"],
        "additionalProperties": false,
    });
    let replaced = json!({
        "type": ["object", "null"],
        "properties": { "fingerprint": fingerprint() },
        "required": ["fingerprint"],
        "additionalProperties": false,
    });
    let slots = |description: &str, slot: Value| json!({ "type": "object", "description": description, "additionalProperties": slot });
    let previous = json!({
        "type": "object",
        "description": "What the latest rotation replaced, while it can be put back.",
        "properties": {
            "until": time("Until when."),
            "slots": slots("By slot; null where there was no secret.", replaced),
        },
        "required": ["until", "slots"],
        "additionalProperties": false,
    });
    all.insert("credentials".to_owned(), slots("Which secrets there are, by slot.", shown));
    all.insert("previous_credentials".to_owned(), previous);
    all
}

fn api_key() -> Members {
    let mut all = with_all(key_settings());
    let state = json!({
        "type": "string", "enum": ["active", "disabled", "revoked"],
        "description": "Whether it is accepted. `revoked` is final.",
    });
    let hint = json!({
        "type": ["string", "null"],
        "description": "The first 7 characters of the key; null for those of the file.",
    });
    all.insert("id".to_owned(), text(SLUG, "For logs and reports; not the key."));
    all.insert("state".to_owned(), state);
    all.insert("hint".to_owned(), hint);
    all.insert("last_used_at".to_owned(), nullable(time("When a request came with it last.")));
    all
}

fn new_api_key() -> Members {
    let mut all = api_key();
    let key = json!({
        "type": "string", "pattern": "^pb-[A-Za-z0-9_-]{43}$",
        "description": "The key itself. It is not shown again.",
    });
    all.insert("key".to_owned(), key);
    all
}

fn with_all(mut all: Members) -> Members {
    let origin = json!({
        "type": "string", "enum": ["file", "store"],
        "description": "The configuration file, or the store. Those of the file are changed there.",
    });
    let etag = json!({
        "type": ["string", "null"],
        "description": "The entity tag, without quotes; null for those of the file.",
    });
    all.insert("origin".to_owned(), origin);
    all.insert("etag".to_owned(), etag);
    all.insert(
        "created_at".to_owned(),
        nullable(time("When it was made; null for those of the file.")),
    );
    all.insert(
        "updated_at".to_owned(),
        nullable(time("When an operator changed it last; null for those of the file.")),
    );
    all.insert("status".to_owned(), schema("ResourceStatus"));
    all
}

fn view(description: &str, required: &[&str], all: Members) -> Value {
    let required: Vec<_> = required.iter().chain(&OF_ALL).copied().collect();
    closed(description, &required, all)
}

fn list(of: &str) -> Value {
    let next = json!({
        "type": ["string", "null"],
        "description": "`cursor` of the next page; null on the last one.",
    });
    let all = json!({
        "object": { "type": "string", "const": "list" },
        "data": { "type": "array", "items": schema(of), "description": "In the order of ids." },
        "next_cursor": next,
    });
    let all = all.as_object().cloned().unwrap_or_default();
    closed("A page.", &["object", "data", "next_cursor"], all)
}

fn status() -> Value {
    let all = json!({
        "state": {
            "type": "string", "enum": ["active", "set-aside"],
            "description": "Whether it serves.",
        },
        "problems": { "type": "array", "items": schema("ProblemView") },
    });
    let all = all.as_object().cloned().unwrap_or_default();
    closed("How it is.", &["state", "problems"], all)
}

fn time(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}
