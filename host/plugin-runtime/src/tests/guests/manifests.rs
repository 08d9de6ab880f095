//! Manifests of the guests.

use serde_json::{Value, json};

pub(crate) fn normalizer(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "kind": "normalizer", "contract": "0.1",
        "dialect": { "name": name, "operations": ["chat"] },
    })
}

pub(crate) fn client_api(name: &str) -> Value {
    let endpoint = format!("POST /v1/{name}");
    json!({
        "name": name, "version": "1.0.0", "kind": "normalizer", "contract": "0.1",
        "dialect": { "name": name, "operations": [], "endpoints": [endpoint] },
    })
}

pub(crate) fn http_adapter(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "kind": "http-adapter", "contract": "0.1",
        "adapter": { "default_dialect": "plain" },
        "credentials": [{ "slot": "api_key", "uses": ["bearer"] }],
    })
}

pub(crate) fn process_adapter(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "kind": "process-adapter", "contract": "0.1",
        "adapter": { "default_dialect": "plain" },
        "credentials": [{ "slot": "token", "uses": ["env:TOKEN"] }],
    })
}
