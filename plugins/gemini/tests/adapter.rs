//! The adapter `gemini`, natively.

use gemini::Gemini;
use patchbay_sdk::{FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings, testing};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_dialects_head_goes_out_as_it_is_with_the_key() {
    let head = RequestHead::post("/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    let exchange = Gemini::prepare(&testing::chat("gemini-2.5-flash"), head.clone()).unwrap();
    assert_eq!(exchange.head, head);
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn the_probe_asks_for_one_model_and_the_list_for_a_whole_page() {
    let probe = Gemini::probe(Settings::new("{}")).unwrap();
    assert_eq!((probe.head.method.as_str(), probe.credential.as_deref()), ("GET", Some("api_key")));
    assert_eq!(probe.head.path_and_query, "/models?pageSize=1");
    let list = Gemini::list_models(Settings::new("{}")).unwrap().unwrap();
    assert_eq!(list.head.path_and_query, "/models?pageSize=1000");
}

#[test]
fn only_models_that_answer_or_embed_are_listed_without_their_collection() {
    let body = br#"{"models": [
        {"name": "models/gemini-2.5-flash", "version": "001",
         "supportedGenerationMethods": ["generateContent", "countTokens"]},
        {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/imagen-4", "supportedGenerationMethods": ["predict"]},
        {"name": "models/aqa"},
        {"name": "models/gemini-2.5-flash", "supportedGenerationMethods": ["generateContent"]}
    ], "nextPageToken": "x"}"#;
    let ids = Gemini::read_models(&ResponseHead::new(200), body).unwrap();
    assert_eq!(ids, ["gemini-2.5-flash", "gemini-embedding-001"]);
}

#[test]
fn what_is_no_list_is_a_failure() {
    let cases: [(u16, &[u8], FailureKind); 6] = [
        (
            400,
            br#"{"error": {"code": 400, "message": "m", "details": [{"reason": "API_KEY_INVALID"}]}}"#,
            FailureKind::UpstreamAuth,
        ),
        (200, b"", FailureKind::UpstreamError),
        (200, b"<html>", FailureKind::UpstreamError),
        (200, br#"{"models": 1}"#, FailureKind::UpstreamError),
        (200, br#"{"error": {"code": 503, "message": "m"}}"#, FailureKind::UpstreamOverloaded),
        (403, br#"{"error": {"code": 403, "message": "m"}}"#, FailureKind::UpstreamAuth),
    ];
    for (status, body, kind) in cases {
        let failure = Gemini::read_models(&ResponseHead::new(status), body).unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
    }
}
