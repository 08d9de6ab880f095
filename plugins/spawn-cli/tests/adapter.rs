//! The adapter `spawn-cli`, natively.

use patchbay_sdk::{
    Argument, Call, Failure, FailureKind, Process, ProcessAdapter, Settings, testing,
};
use serde_json::{Value, json};
use spawn_cli::SpawnCli;

fn prepare(settings: &Value) -> Result<Process, Failure> {
    SpawnCli::prepare(&Call { settings: settings.to_string(), ..testing::chat("m") })
}

fn probe(settings: &Value) -> Result<Process, Failure> {
    SpawnCli::probe(Settings::new(&settings.to_string()))
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_body_goes_where_the_marker_is() {
    let settings = json!({
        "program": "/usr/bin/llm", "arguments": ["-q", "--prompt={{body}}", "{{body}}"],
        "environment": {"LANG": "C.UTF-8"}, "timeout_ms": 10_000,
    });
    let process = prepare(&settings).unwrap();
    assert_eq!(process.program, "/usr/bin/llm");
    assert_eq!(
        process.arguments,
        [Argument::text("-q"), Argument::body_after("--prompt="), Argument::body_after("")]
    );
    assert!(!process.body_on_stdin);
    assert_eq!(process.environment, [("LANG".to_owned(), "C.UTF-8".to_owned())]);
    assert_eq!(process.timeout_ms, Some(10_000));
    assert_eq!(process.credential.as_deref(), Some("api_key"));
}

#[test]
fn standard_input_is_the_default_without_a_marker() {
    let cases = [
        (json!({"program": "/bin/cat"}), true),
        (json!({"program": "/bin/cat", "stdin": true}), true),
        (json!({"program": "/bin/echo", "arguments": ["{{body}}"]}), false),
        (json!({"program": "/bin/x", "arguments": ["{{body}}"], "stdin": true}), true),
    ];
    for (settings, stdin) in cases {
        assert_eq!(prepare(&settings).unwrap().body_on_stdin, stdin, "{settings}");
    }
}

#[test]
fn a_setting_says_which_credential_is_used_by_calls_and_probes() {
    let settings = json!({"program": "/usr/bin/codex", "credential": "codex_api_key"});
    for process in [prepare(&settings).unwrap(), probe(&settings).unwrap()] {
        assert_eq!(process.credential.as_deref(), Some("codex_api_key"));
    }
}

#[test]
fn settings_of_the_dialect_are_not_its_affair() {
    let settings = json!({"program": "/bin/cat", "prompt": "transcript"});
    assert!(prepare(&settings).is_ok() && probe(&settings).is_ok());
}

#[test]
fn a_probe_runs_the_program_without_a_body() {
    let settings = json!({"program": "/bin/echo", "arguments": ["{{body}}"]});
    let process = probe(&settings).unwrap();
    assert_eq!(process.arguments, [Argument::text("--version")]);
    assert!(!process.body_on_stdin);

    let settings = json!({"program": "/bin/true", "probe_arguments": []});
    assert!(probe(&settings).unwrap().arguments.is_empty());
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    let cases = [
        (json!({}), "settings"),
        (json!({"program": "echo"}), "settings.program"),
        (json!({"program": "./echo"}), "settings.program"),
        (json!({"program": "/bin/../echo"}), "settings.program"),
        (json!({"program": "/bin/"}), "settings.program"),
        (json!({"program": "/bin/echo\0"}), "settings.program"),
        (json!({"program": "/x", "arguments": ["a", "{{body}} b"]}), "settings.arguments[1]"),
        (json!({"program": "/x", "arguments": ["{{body}}{{body}}"]}), "settings.arguments[0]"),
        (json!({"program": "/x", "arguments": ["\0"]}), "settings.arguments[0]"),
        (json!({"program": "/x", "stdin": false}), "settings.stdin"),
        (json!({"program": "/x", "environment": {"A=B": ""}}), "settings.environment.A=B"),
        (json!({"program": "/x", "environment": {"1": ""}}), "settings.environment.1"),
        (json!({"program": "/x", "environment": {"A": "\0"}}), "settings.environment.A"),
        (json!({"program": "/x", "timeout_ms": 0}), "settings.timeout_ms"),
    ];
    for (settings, member) in cases {
        let failure = prepare(&settings).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
    let settings = json!({"program": "/x", "probe_arguments": ["{{body}}"]});
    let failure = probe(&settings).unwrap_err();
    assert_eq!(failure.param(), Some("settings.probe_arguments"));
}
