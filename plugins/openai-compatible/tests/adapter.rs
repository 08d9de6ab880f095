//! The adapter `openai-compatible`, natively.

use openai_compatible::OpenAiCompatible;
use patchbay_sdk::{Call, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, Settings};
use patchbay_sdk::{ResponseHead, testing};
use serde_json::{Value, json};

fn prepare(settings: Value) -> Result<Exchange, Failure> {
    let call = Call { settings: settings.to_string(), ..testing::chat("m") };
    let head = RequestHead::post("/chat/completions").with_header("accept", "application/json");
    OpenAiCompatible::prepare(&call, head)
}

fn headers(exchange: &Exchange) -> Vec<(&str, &str)> {
    let headers = exchange.head.headers.iter();
    headers.map(|header| (header.name.as_str(), header.value.as_str())).collect()
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn without_settings_the_head_goes_out_as_it_is() {
    let exchange = prepare(json!({})).unwrap();
    assert_eq!(exchange.head.path_and_query, "/chat/completions");
    assert_eq!(headers(&exchange), [("accept", "application/json")]);
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn settings_add_headers_and_a_version() {
    let settings = json!({
        "organization": "org-1", "project": "proj-1",
        "headers": {"X-Team": "blue", "x-region": "north 1"},
        "api_version": "2024-10-21",
    });
    let exchange = prepare(settings.clone()).unwrap();
    assert_eq!(exchange.head.path_and_query, "/chat/completions?api-version=2024-10-21");
    let added = [
        ("openai-organization", "org-1"),
        ("openai-project", "proj-1"),
        ("X-Team", "blue"),
        ("x-region", "north 1"),
    ];
    assert_eq!(headers(&exchange)[1..], added);

    let text = settings.to_string();
    let probe = OpenAiCompatible::probe(Settings::new(&text)).unwrap();
    assert_eq!(probe.head.method, "GET");
    assert_eq!(probe.head.path_and_query, "/models?api-version=2024-10-21");
    assert_eq!(headers(&probe)[1..], added);
    let listing = OpenAiCompatible::list_models(Settings::new(&text)).unwrap();
    assert_eq!(listing, Some(probe));
}

#[test]
fn settings_of_the_dialect_are_not_its_affair() {
    assert!(prepare(json!({"system_role": "developer"})).is_ok());
}

#[test]
fn a_setting_that_cannot_be_sent_is_named() {
    let cases = [
        (json!({"headers": {"Authorization": "Bearer x"}}), "settings.headers.Authorization"),
        (json!({"headers": {"a b": "x"}}), "settings.headers.a b"),
        (json!({"headers": {"": "x"}}), "settings.headers."),
        (json!({"headers": {"x": "a\r\nb: c"}}), "settings.headers.x"),
        (json!({"headers": {"x": 1}}), "settings.headers.x"),
        (json!({"organization": "ö"}), "settings.organization"),
        (json!({"api_version": "1&key=2"}), "settings.api_version"),
        (json!({"api_version": ""}), "settings.api_version"),
    ];
    for (settings, member) in cases {
        let failure = prepare(settings.clone()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
}

#[test]
fn model_lists_of_common_servers_are_read() {
    let cases = [
        json!({"object": "list", "data": [
            {"id": "small", "object": "model", "created": 1, "owned_by": "vllm", "max_model_len": 8}
        ]}),
        json!({"object": "list", "models": [{"name": "file.gguf", "model": "file.gguf"}],
            "data": [{"id": "small", "object": "model", "meta": {"n_ctx_train": 8}}]}),
        json!({"object": "list", "data": [
            {"id": "small", "capabilities": {"completion_chat": true}, "aliases": ["s"]}
        ]}),
        json!([{"id": "small"}]),
    ];
    for list in cases {
        let body = list.to_string();
        let ids = OpenAiCompatible::read_models(&ResponseHead::new(200), body.as_bytes());
        assert_eq!(ids.unwrap(), ["small"], "{body}");
    }
}
