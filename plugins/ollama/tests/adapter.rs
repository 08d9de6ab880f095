//! The adapter `ollama`, natively.

use ollama::Ollama;
use patchbay_sdk::{FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings, testing};
use serde_json::json;

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_dialects_head_goes_out_as_it_is_with_the_key_if_there_is_one() {
    let head = RequestHead::post("/api/chat").with_header("accept", "application/x-ndjson");
    let exchange = Ollama::prepare(&testing::chat("qwen3:8b"), head.clone()).unwrap();
    assert_eq!(exchange.head, head);
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn health_and_models_are_one_list() {
    // Settings of the dialect are not its affair.
    let settings = Settings::new(r#"{"options": {"num_ctx": 8192}}"#);
    let probe = Ollama::probe(settings).unwrap();
    assert_eq!(
        (probe.head.method.as_str(), probe.head.path_and_query.as_str()),
        ("GET", "/api/tags")
    );
    assert_eq!(probe.credential.as_deref(), Some("api_key"));
    assert_eq!(Ollama::list_models(settings).unwrap(), Some(probe));
}

#[test]
fn models_are_listed_by_the_name_that_a_chat_takes() {
    let body = json!({"models": [
        {"name": "qwen3:8b", "model": "qwen3:8b", "size": 5_225_388_164_u64, "digest": "500a",
            "details": {"family": "qwen3", "families": ["qwen3"]}},
        {"name": "gpt-oss:120b-cloud", "model": "gpt-oss:120b-cloud",
            "remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com:443"},
    ]});
    let ids = Ollama::read_models(&ResponseHead::new(200), body.to_string().as_bytes()).unwrap();
    assert_eq!(ids, ["qwen3:8b", "gpt-oss:120b-cloud"]);
    let none = Ollama::read_models(&ResponseHead::new(200), br#"{"models":[]}"#).unwrap();
    assert!(none.is_empty());
}

#[test]
fn a_list_that_is_refused_is_a_failure() {
    let cases = [
        (200, r#"{"error":"something"}"#, FailureKind::UpstreamError),
        (401, r#"{"error":"unauthorized"}"#, FailureKind::UpstreamAuth),
        (404, "404 page not found", FailureKind::ProviderMisconfigured),
        (200, "Ollama is running", FailureKind::UpstreamError),
    ];
    for (status, body, kind) in cases {
        let failure = Ollama::read_models(&ResponseHead::new(status), body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), kind, "{body}");
    }
}
