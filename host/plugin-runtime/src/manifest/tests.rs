use serde_json::json;

use super::*;

fn normalizer() -> Value {
    json!({
        "name": "openai-chat", "version": "0.1.0", "kind": "normalizer", "contract": "0.1",
        "dialect": { "name": "openai-chat", "operations": ["chat", "embeddings"] },
    })
}

fn adapter() -> Value {
    json!({
        "name": "openai-compatible", "version": "0.1.0", "kind": "http-adapter",
        "contract": "0.1", "description": "Any server that speaks OpenAI's API",
        "adapter": { "default_dialect": "openai-chat" },
        "credentials": [
            { "slot": "api_key", "uses": ["bearer", "header:x-api-key"], "required": false,
              "hint": "from the vendor's console" },
        ],
        "settings": { "type": "object" },
        "limits": { "memory_bytes": 1_048_576, "call_ms": 50 },
        "sdk": { "name": "patchbay-sdk", "version": "0.1.0", "language": "rust" },
        "self_test": [{ "any": "thing" }],
    })
}

fn with(mut manifest: Value, member: &str, value: Value) -> Value {
    *manifest.pointer_mut(member).unwrap() = value;
    manifest
}

fn parse(manifest: &Value) -> Result<Manifest, ManifestProblem> {
    Manifest::parse(manifest.to_string().as_bytes())
}

fn problem(manifest: &Value) -> String {
    parse(manifest).unwrap_err().to_string()
}

#[test]
fn whole_manifests_are_read() {
    let read = parse(&normalizer()).unwrap();
    assert_eq!(read.dialect.unwrap().operations.len(), 2);
    let read = parse(&adapter()).unwrap();
    assert_eq!(read.credential_use("api_key"), Some(&CredentialUse::Bearer));
    assert_eq!(read.credential_use("other"), None);
    assert_eq!(read.limits.call_ms, Some(50));
    assert_eq!(read.self_test.len(), 1);
}

#[test]
fn a_preset_of_a_program_may_wish_for_a_sandbox() {
    let mut manifest = adapter();
    manifest["kind"] = json!("process-adapter");
    manifest["credentials"] = json!([]);
    manifest["adapter"]["presets"] =
        json!({"calculator": {"description": "adds", "sandbox": {"package": "bc"}}});
    let read = parse(&manifest).unwrap().adapter.unwrap();
    assert_eq!(read.presets["calculator"].sandbox, Some(json!({"package": "bc"})));
}

#[test]
fn an_unknown_member_is_named() {
    let mut manifest = normalizer();
    manifest["dialects"] = json!([]);
    assert!(problem(&manifest).contains("unknown field `dialects`"));
}

#[test]
fn another_contract_is_told_whatever_the_shape() {
    let manifest = json!({ "contract": "2.0", "kinds": [] });
    let problem = problem(&manifest);
    assert!(problem.contains("\"2.0\"") && problem.contains("rebuild"), "{problem}");
}

#[test]
fn names_are_lower_case_words() {
    for name in ["", "A", "a b", "ü", "a/b", "../x", &"a".repeat(65)] {
        let manifest = with(normalizer(), "/name", json!(name));
        assert!(problem(&manifest).starts_with("name: must be"), "{name:?}");
        let manifest = with(normalizer(), "/dialect/name", json!(name));
        assert!(problem(&manifest).starts_with("dialect.name: must be"), "{name:?}");
    }
}

#[test]
fn the_facts_fit_the_kind() {
    let manifest = with(normalizer(), "/kind", json!("http-adapter"));
    assert!(problem(&manifest).contains("needs \"adapter\""));
    let manifest = with(adapter(), "/kind", json!("normalizer"));
    assert!(problem(&manifest).contains("needs \"dialect\""));
    let manifest = with(normalizer(), "/dialect/operations", json!([]));
    assert!(problem(&manifest).contains("names no operation"));
    let manifest = with(normalizer(), "/dialect/operations", json!(["paint"]));
    assert!(problem(&manifest).contains("\"paint\" is not known"));
}

#[test]
fn secrets_are_used_as_the_kind_can() {
    let manifest = with(adapter(), "/kind", json!("process-adapter"));
    assert!(problem(&manifest).contains("cannot use a secret as bearer"));
    let manifest = with(adapter(), "/credentials/0/uses", json!(["env:KEY"]));
    assert!(problem(&manifest).contains("cannot use a secret as env:KEY"));
    for used in ["aws-sigv4", "gcp-service-account", "oauth2-client-credentials"] {
        let manifest = with(adapter(), "/credentials/0/uses", json!([used]));
        assert!(parse(&manifest).is_ok(), "{used}");
        let manifest = with(manifest, "/kind", json!("process-adapter"));
        assert!(problem(&manifest).contains(&format!("cannot use a secret as {used}")));
    }
    let manifest = with(adapter(), "/credentials/0/uses", json!(["cookie"]));
    assert!(problem(&manifest).contains("\"cookie\" is not known"));
    let manifest = with(adapter(), "/credentials/0/uses", json!([]));
    assert!(problem(&manifest).contains("names no way"));
    let mut manifest = normalizer();
    manifest["credentials"] = json!([{ "slot": "k", "uses": ["bearer"] }]);
    assert!(problem(&manifest).contains("a normalizer has no credentials"));
}

#[test]
fn a_slot_is_declared_once() {
    let mut manifest = adapter();
    let slot = manifest["credentials"][0].clone();
    manifest["credentials"].as_array_mut().unwrap().push(slot);
    assert!(problem(&manifest).contains("declared twice"));
}

#[test]
fn settings_are_a_schema() {
    let manifest = with(adapter(), "/settings", json!("object"));
    assert!(problem(&manifest).contains("JSON Schema"));
}

#[test]
fn rubbish_is_refused() {
    for json in [&b""[..], b"\xff", b"null", b"[]", b"{\"name\":"] {
        assert!(Manifest::parse(json).is_err());
    }
}

#[test]
fn endpoints_are_paths_below_v1_that_the_gateway_does_not_serve_itself() {
    let endpoints = |endpoints: Value| {
        let mut manifest = normalizer();
        manifest["dialect"]["endpoints"] = endpoints;
        parse(&manifest)
    };
    assert!(endpoints(json!(["POST /v1/messages", "POST /v1/messages/count_tokens"])).is_ok());
    for wrong in [
        json!(["GET /v1/messages"]),
        json!(["POST /messages"]),
        json!(["POST /v1/"]),
        json!(["POST /v1/a//b"]),
        json!(["POST /v1/{id}"]),
        json!(["POST /v1/../admin"]),
        json!(["POST /v1/chat/completions"]),
        json!(["POST /v1/models/a"]),
        json!(["POST /v1/a", "POST /v1/a"]),
    ] {
        let problem = endpoints(wrong.clone()).unwrap_err().to_string();
        assert!(problem.contains("dialect.endpoints["), "{wrong}: {problem}");
    }
}

#[test]
fn presets_are_read_and_checked() {
    let presets = |presets: Value| {
        let mut manifest = adapter();
        manifest["adapter"]["presets"] = presets;
        parse(&manifest)
    };
    let good = json!({"hub": {"description": "A hub", "base_url": "https://hub.test/v1",
        "settings": {"a": 1}}});
    let read = presets(good).unwrap().adapter.unwrap();
    assert_eq!(read.presets["hub"].base_url.as_deref(), Some("https://hub.test/v1"));
    for wrong in [
        json!({"A B": {"description": ""}}),
        json!({"hub": {"description": "", "base_url": "ftp://hub.test"}}),
        json!({"hub": {"description": "", "dialect": "A B"}}),
        json!({"hub": {"description": "", "key": "k"}}),
    ] {
        assert!(presets(wrong.clone()).is_err(), "{wrong}");
    }
}
