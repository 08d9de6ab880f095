use std::process::Stdio;

use serde_json::json;

use super::super::canned::Canned;
use super::{Reply, TOKEN, command, in_directory, operate};

#[test]
fn the_audit_log_is_listed_with_what_was_changed() {
    let entry = json!({
        "id": "00000000000000000007", "at": "2026-03-01T12:00:00Z", "actor": "ann",
        "role": "admin", "request_id": "r", "action": "provider.update", "noun": "provider",
        "target": "main", "before": { "models": ["a"], "id": "main" },
        "after": { "models": ["b"], "id": "main" },
    });
    let page = json!({ "object": "list", "data": [entry], "next_cursor": "more" });
    let arguments = [
        "audit",
        "list",
        "--limit",
        "1",
        "--actor",
        "ann",
        "--action",
        "provider.update",
        "--noun",
        "provider",
        "--id",
        "main",
        "--since",
        "2026-01-01",
        "--until",
        "2027-01-01",
    ];
    let done = operate(&arguments, "", [Reply::json(200, &page)]);
    assert_eq!(
        done.good(),
        [
            "AT                    ACTOR  ROLE   ACTION           TARGET  CHANGED",
            "2026-03-01T12:00:00Z  ann    admin  provider.update  main    models",
        ]
    );
    done.assert_asked(&["GET /admin/audit?actor=ann&action=provider.update&noun=provider&id=main\
                         &since=2026-01-01T00%3A00%3A00Z&until=2027-01-01T00%3A00%3A00Z&limit=1"]);
}

#[test]
fn the_audit_log_is_exported_as_it_comes() {
    let export = "{\"id\":\"1\"}\n{\"id\":\"2\"}\n";
    let reply = Reply::bytes(200, "application/x-ndjson", export);
    let done = operate(&["audit", "export", "--actor", "a&b"], "", [reply]);
    assert_eq!(done.good(), ["{\"id\":\"1\"}", "{\"id\":\"2\"}"]);
    done.assert_asked(&["GET /admin/audit/export?actor=a%26b"]);
}

#[test]
fn whoever_has_read_enough_of_an_export_ends_it_without_an_error() {
    let export = "{\"id\":\"1\"}\n".repeat(1 << 20);
    let server = Canned::answering([Reply::bytes(200, "application/x-ndjson", export)]);
    let directory = in_directory(&[]);
    let mut command = command(directory.path(), &["audit", "export"]);
    command.env("PATCHBAY_URL", server.url()).env("PATCHBAY_ADMIN_TOKEN", TOKEN);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn use_is_counted_by_what_was_named() {
    let report = |group: &str, name: &str| {
        json!({ "object": "usage", "from": "f", "to": "t", "data": [{
            group: name, "requests": 12, "failed_requests": 1, "prompt_tokens": 3400,
            "completion_tokens": 5, "cached_tokens": 0, "reasoning_tokens": 0,
        }]})
    };
    let arguments = ["usage", "--from", "2026-01-01", "--group-by", "day"];
    let done = operate(&arguments, "", [Reply::json(200, &report("day", "2026-03-01"))]);
    assert_eq!(
        done.good(),
        [
            "DAY         REQUESTS  FAILED  PROMPT TOKENS  COMPLETION TOKENS  CACHED TOKENS  REASONING TOKENS",
            "2026-03-01        12       1           3400                  5              0                 0",
        ]
    );
    done.assert_asked(&["GET /admin/usage?group_by=day&from=2026-01-01T00%3A00%3A00Z"]);
    let done = operate(&["usage", "--json"], "", [Reply::json(200, &report("model", "m"))]);
    done.assert_asked(&["GET /admin/usage?group_by=api_key%2Cmodel"]);
    assert_eq!(done.json(), report("model", "m"));
}

#[test]
fn the_status_names_what_does_not_serve() {
    let count = json!({ "file": 1, "store": 2, "set_aside": 1 });
    let status = json!({
        "version": "0.1.0", "started_at": "2026-03-01T12:00:00Z", "uptime_seconds": 5,
        "providers": count, "api_keys": count, "routes": count,
        "set_aside": [{ "noun": "provider", "id": "old", "problems": [
            { "path": "adapter", "message": "no adapter \"x\" is loaded", "fix": "install it" },
        ]}],
        "damaged": [{ "kind": "route", "key": "smart", "reason": "checksum" }],
        "store_revision": 7, "master_key": "local-1",
        "checks": [
            { "name": "store", "good": true, "reason": null },
            { "name": "providers", "good": false, "reason": "no provider is configured" },
        ],
    });
    let done = operate(&["status"], "", [Reply::json(200, &status)]);
    assert_eq!(
        done.good(),
        [
            "version            0.1.0",
            "started at         2026-03-01T12:00:00Z",
            "uptime in seconds  5",
            "store revision     7",
            "master key         local-1",
            "store              good",
            "providers          not good: no provider is configured",
            "",
            "RESOURCES  FILE  STORE  SET ASIDE",
            "providers     1      2          1",
            "API keys      1      2          1",
            "routes        1      2          1",
            "",
            "provider \"old\" is set aside: adapter: no adapter \"x\" is loaded; install it",
            "route \"smart\" is damaged: checksum; enter it again, or restore a backup",
        ]
    );
    done.assert_asked(&["GET /admin/status"]);
    let done = operate(&["status", "--json"], "", [Reply::json(200, &status)]);
    assert_eq!(done.json(), status);
}

#[test]
fn a_master_key_is_shown_and_rotated() {
    let view = json!({ "current": "local-2", "rewrapped": 1, "remaining": 3 });
    let done = operate(&["master-key", "show"], "", [Reply::json(200, &view)]);
    let mut shown = done.good().to_vec();
    shown.sort();
    assert_eq!(shown, ["current    local-2", "remaining  3", "rewrapped  1"]);
    done.assert_asked(&["GET /admin/master-key"]);
    let done = operate(&["master-key", "rotate"], "", [Reply::json(200, &view)]);
    done.assert_asked(&["POST /admin/master-key/rotate"]);
    assert!(done.errors[0].contains("is needed until nothing remains"), "{:?}", done.errors);
    assert_eq!(done.code, Some(0));
}

#[test]
fn the_plugins_of_a_gateway_are_listed() {
    let plugins = json!({ "object": "list", "data": [{
        "name": "openai-chat", "version": "0.1.0", "kind": "normalizer", "origin": "bundled",
        "phase": "serving", "digest": "sha256:1a",
        "serving": { "version": "0.1.0", "figures": {
            "calls": 7, "traps": 1, "timeouts": 2, "cpu_us": 3_999, "peak_memory_bytes": 2_048,
            "stock_depth": 8, "stock_misses": 4,
        }},
    }], "pending": [{
        "file": "new.wasm", "version": "2.0.0", "phase": "needs-approval", "cause": "asks for more",
    }]});
    let done = operate(&["plugin", "list"], "", [Reply::json(200, &plugins)]);
    let (headings, row) = (done.output[0].split_whitespace(), done.output[1].split_whitespace());
    let shown: Vec<_> = headings.zip(row).collect();
    for cell in [("NAME", "openai-chat"), ("PHASE", "serving"), ("CALLS", "7"), ("TRAPS", "1")] {
        assert!(shown.contains(&cell), "{cell:?} in {:?}", done.output);
    }
    let waits = "new.wasm (2.0.0) does not serve: needs-approval: asks for more";
    assert!(done.errors[0].contains(waits), "{:?}", done.errors);
    done.assert_asked(&["GET /admin/plugins"]);
}
