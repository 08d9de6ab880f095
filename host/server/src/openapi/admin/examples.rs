//! What documents and replies look like. Tests hold each against its schema, and those that an
//! operator sends against the real readers.

use serde_json::{Value, json};

use super::super::replies;

/// A key, as it is shown once.
pub(super) const KEY: &str = "pb-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

const MADE: &str = "2026-01-31T09:30:00Z";

pub(super) fn provider() -> Value {
    json!({
        "id": "main",
        "adapter": "openai-compatible",
        "base_url": "https://api.example.com/v1",
        "credentials": { "api_key": "sk-…" },
        "models": ["gpt-4o", "gpt-4o-mini"],
        "timeouts": { "total_ms": 120_000 },
        "retries": { "max": 2 },
    })
}

pub(super) fn provider_view() -> Value {
    let mut view = shown(provider());
    view["credentials"] = json!({ "api_key": { "fingerprint": "3f2a9c1d", "set_at": MADE } });
    view
}

pub(super) fn key() -> Value {
    json!({
        "id": "laptop",
        "name": "Ada's laptop",
        "owner": "ada",
        "tags": ["team-a"],
        "models": ["smart", "gpt-*"],
        "endpoints": ["/v1/chat/completions", "/v1/models*"],
        "limits": { "requests_per_minute": 60, "tokens_per_minute": 100_000 },
    })
}

pub(super) fn key_view() -> Value {
    let mut view = shown(key());
    view["state"] = json!("active");
    view["hint"] = json!("pb-0123");
    view["last_used_at"] = Value::Null;
    view
}

pub(super) fn revoked() -> Value {
    let mut view = key_view();
    view["state"] = json!("revoked");
    view
}

pub(super) fn route() -> Value {
    json!({
        "model": "smart",
        "candidates": [
            { "provider": "main", "model": "gpt-4o", "order": 0 },
            { "provider": "main", "model": "gpt-4o-mini", "order": 1 },
        ],
        "fallback_on": ["context-too-long"],
        "timeouts": { "total_ms": 60_000 },
    })
}

pub(super) fn route_view() -> Value {
    shown(route())
}

pub(super) fn rotation() -> Value {
    json!({ "credentials": { "api_key": "sk-…" }, "grace_seconds": 3600, "verify": true })
}

pub(super) fn probe() -> Value {
    let step = |verdict: &str, took: Option<f64>| json!({ "verdict": verdict, "took_ms": took, "message": null });
    json!({
        "good": true,
        "reach": step("good", Some(12.5)),
        "tls": step("good", Some(20.25)),
        "credential": step("good", Some(80.0)),
        "models": step("good", Some(80.0)),
        "model_ids": ["gpt-4o", "gpt-4o-mini"],
        "latency_ms": 80.0,
    })
}

pub(super) fn master_key() -> Value {
    json!({ "current": "k-2026-01-31", "rewrapped": 3, "remaining": 0 })
}

fn audit_entry() -> Value {
    json!({
        "id": "00000000000000000007",
        "at": MADE,
        "actor": "ada",
        "role": "admin",
        "request_id": "019c0b5e-7a00-7000-8000-000000000001",
        "action": "route.create",
        "noun": "route",
        "target": "smart",
        "before": null,
        "after": route(),
    })
}

pub(super) fn audit_page() -> Value {
    json!({ "object": "list", "data": [audit_entry()], "next_cursor": null })
}

pub(super) fn export() -> Value {
    let content = json!({ "application/x-ndjson": {
        "schema": {
            "type": "string",
            "description": "One AuditEntry a line. Ends early if it cannot be read to its end.",
        },
        "example": format!("{}\n", audit_entry()),
    } });
    replies::with("All of them.", &["content-disposition"], content)
}

pub(super) fn backup() -> Value {
    let content = json!({ "application/octet-stream": {
        "schema": { "type": "string", "format": "binary" },
    } });
    replies::with("The file.", &["content-disposition", "x-patchbay-checksum"], content)
}

pub(super) fn usage() -> Value {
    json!({
        "object": "usage",
        "from": "2026-01-30T09:00:00Z",
        "to": "2026-01-31T10:00:00Z",
        "data": [{
            "api_key": "laptop", "model": "smart", "requests": 12, "failed_requests": 1,
            "prompt_tokens": 340, "completion_tokens": 512, "cached_tokens": 0,
            "reasoning_tokens": 64,
        }],
    })
}

pub(super) fn status() -> Value {
    let counts = |file: u32, store: u32, aside: u32| json!({ "file": file, "store": store, "set_aside": aside });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": MADE,
        "uptime_seconds": 3600,
        "providers": counts(1, 1, 0),
        "api_keys": counts(1, 2, 0),
        "routes": counts(0, 2, 1),
        "set_aside": [{
            "noun": "route",
            "id": "old",
            "problems": [{
                "path": "candidates[0].provider",
                "message": "unknown provider \"gone\"",
                "fix": "use one of main",
            }],
        }],
        "damaged": [],
        "programs": {
            "sandboxes": [{
                "driver": "native",
                "layers": ["user-namespace", "mount-view"],
                "missing": [{ "layer": "landlock", "reason": "the kernel is older" }],
            }],
            "providers": [{ "id": "echo", "driver": "native" }],
        },
        "store_revision": 7,
        "master_key": "k-2026-01-31",
        "checks": [{ "name": "store", "good": true, "reason": null }],
    })
}

/// A version of a plugin.
pub(super) const DIGEST: &str =
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(super) fn canary() -> Value {
    let auto = json!({ "calls": 1000, "worse_permille": 5 });
    json!({ "digest": DIGEST, "share_permille": 50, "auto": auto })
}

pub(super) fn plugin() -> Value {
    let asks = json!({
        "kind": "http-adapter", "imports": [], "credentials": ["api_key as bearer"],
        "dialect": null, "operations": [], "endpoints": [], "presets": [],
        "memory_bytes": null, "call_ms": null,
    });
    let figures = json!({
        "calls": 5120, "traps": 0, "timeouts": 0, "failures_permille": 0, "cpu_us": 61_440,
        "mean_us": 12, "p95_us": 24, "peak_memory_bytes": 1_179_648, "stock_depth": 8,
        "stock_hits": 2558, "stock_misses": 2,
    });
    let serving = json!({
        "generation": 27, "version": "1.1.0", "digest": DIGEST, "signer": "E7620F1842B4E81F",
        "phase": "serving", "isolation": "fresh", "sockets": "refused", "open_exchanges": 3,
        "figures": figures,
    });
    let version = json!({
        "digest": DIGEST, "version": "1.1.0", "signer": "E7620F1842B4E81F",
        "installed_at": MADE, "quarantined": false,
    });
    json!({
        "name": "my-cloud", "kind": "http-adapter", "origin": "installed",
        "etag": "11529215046068469760", "phase": "serving", "cause": null, "version": "1.1.0",
        "digest": DIGEST, "dialect": "openai-chat", "file": "my-cloud.wasm", "pinned": false,
        "rollout": { "kind": "immediate", "share_permille": null, "auto": null },
        "approved": asks, "last_good": DIGEST, "serving": serving, "canary": null,
        "draining": [], "versions": [version], "pending": [], "quarantine": [],
        "events": [event()],
    })
}

fn event() -> Value {
    json!({
        "number": 1, "at": MADE, "kind": "switched", "plugin": "my-cloud", "digest": DIGEST,
        "text": "my-cloud 1.1.0 serves",
    })
}

pub(super) fn plugins() -> Value {
    json!({
        "object": "list", "data": [plugin()], "pending": [], "quarantine": [],
        "events": [event()], "next_cursor": null,
    })
}

/// A document as it is shown.
fn shown(mut document: Value) -> Value {
    document["origin"] = json!("store");
    document["etag"] = json!("7");
    document["created_at"] = json!(MADE);
    document["updated_at"] = json!(MADE);
    document["status"] = json!({ "state": "active", "problems": [] });
    document
}
