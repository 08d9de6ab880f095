//! Manifests of the guests.

use serde_json::{Value, json};

/// Of a normalizer that speaks the dialect of its own name.
pub fn normalizer(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "kind": "normalizer", "contract": "0.1",
        "dialect": { "name": name, "operations": ["chat"] },
    })
}

/// Of a client API at `/v1/` and its own name.
pub fn client_api(name: &str) -> Value {
    let endpoint = format!("POST /v1/{name}");
    json!({
        "name": name, "version": "1.0.0", "kind": "normalizer", "contract": "0.1",
        "dialect": { "name": name, "operations": [], "endpoints": [endpoint] },
    })
}

/// Of an HTTP adapter whose default dialect is `plain`.
pub fn http_adapter(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "kind": "http-adapter", "contract": "0.1",
        "adapter": { "default_dialect": "plain" },
        "credentials": [{ "slot": "api_key", "uses": ["bearer"] }],
    })
}

/// Of a process adapter whose default dialect is `plain`.
pub fn process_adapter(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "kind": "process-adapter", "contract": "0.1",
        "adapter": { "default_dialect": "plain" },
        "credentials": [{ "slot": "token", "uses": ["env:TOKEN"] }],
    })
}
