//! The adapter `cohere`, natively.

use cohere::Cohere;
use patchbay_sdk::{Call, FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings, testing};
use serde_json::json;

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_dialects_head_goes_out_with_the_key() {
    let exchange = Cohere::prepare(&testing::chat("m"), RequestHead::post("/v2/chat")).unwrap();
    assert_eq!(exchange.head, RequestHead::post("/v2/chat"));
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn the_client_has_a_name_where_the_operator_gives_one() {
    let named = |name: &str| Call {
        settings: json!({"client_name": name, "input_type": "x"}).to_string(),
        ..testing::chat("m")
    };
    let exchange = Cohere::prepare(&named("blue team"), RequestHead::post("/v2/chat")).unwrap();
    assert_eq!(exchange.head.headers[0].name, "x-client-name");
    assert_eq!(exchange.head.headers[0].value, "blue team");
    let failure = Cohere::prepare(&named("a\nb"), RequestHead::post("/v2/chat")).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert_eq!(failure.param(), Some("settings.client_name"));
}

#[test]
fn models_are_listed_and_one_of_them_is_the_probe() {
    let probe = Cohere::probe(Settings::new("{}")).unwrap();
    assert_eq!(probe.head.path_and_query, "/v1/models?page_size=1");
    assert_eq!(probe.credential.as_deref(), Some("api_key"));
    let listing = Cohere::list_models(Settings::new("{}")).unwrap().unwrap();
    assert_eq!(listing.head.method, "GET");
    assert_eq!(listing.head.path_and_query, "/v1/models?page_size=1000");
}

#[test]
fn models_that_chat_or_embed_are_read() {
    let body = json!({"models": [
        {"name": "command-a", "endpoints": ["chat", "generate"], "context_length": 256_000.0},
        {"name": "embed-v4.0", "endpoints": ["embed", "classify"]},
        {"name": "rerank-v3.5", "endpoints": ["rerank"]},
        {"name": "mine"},
    ], "next_page_token": null});
    let ids = Cohere::read_models(&ResponseHead::new(200), body.to_string().as_bytes()).unwrap();
    assert_eq!(ids, ["command-a", "embed-v4.0", "mine"]);
}

#[test]
fn what_is_no_list_is_a_failure() {
    let failure =
        Cohere::read_models(&ResponseHead::new(401), b"{\"message\": \"x\"}").unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamAuth);
    let failure = Cohere::read_models(&ResponseHead::new(200), b"<html>").unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamError);
}
