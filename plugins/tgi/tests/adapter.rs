//! The adapter `tgi`, natively.

use patchbay_sdk::{FailureKind, HttpAdapter, RequestHead, ResponseHead, Settings, testing};
use tgi::Tgi;

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_dialects_head_goes_out_as_it_is_with_the_key_if_there_is_one() {
    let head = RequestHead::post("/generate_stream").with_header("accept", "text/event-stream");
    let exchange = Tgi::prepare(&testing::chat("m"), head.clone()).unwrap();
    assert_eq!(exchange.head, head);
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn health_is_asked_for_at_one_path_and_the_model_at_another() {
    // Settings of the dialect are not its affair.
    let settings = Settings::new(r#"{"prompt_template": "chatml"}"#);
    let probe = Tgi::probe(settings).unwrap();
    let list = Tgi::list_models(settings).unwrap().unwrap();
    for (exchange, path) in [(probe, "/health"), (list, "/info")] {
        assert_eq!(
            (exchange.head.method.as_str(), exchange.head.path_and_query.as_str()),
            ("GET", path)
        );
        assert_eq!(exchange.credential.as_deref(), Some("api_key"));
    }
}

#[test]
fn a_server_has_one_model() {
    let info = br#"{"model_id":"HuggingFaceH4/zephyr-7b-beta","model_sha":null,"max_input_tokens":4095,"router":"text-generation-router","version":"3.3.6"}"#;
    let ids = Tgi::read_models(&ResponseHead::new(200), info).unwrap();
    assert_eq!(ids, ["HuggingFaceH4/zephyr-7b-beta"]);
}

#[test]
fn a_server_that_does_not_say_its_model_is_a_failure() {
    let cases = [
        (200, r#"{"error":"something"}"#, FailureKind::UpstreamError),
        (200, r#"{"model_id":""}"#, FailureKind::UpstreamError),
        (200, "<html></html>", FailureKind::UpstreamError),
        (401, r#"{"error":"Unauthorized"}"#, FailureKind::UpstreamAuth),
        (404, "", FailureKind::ProviderMisconfigured),
    ];
    for (status, body, kind) in cases {
        let failure = Tgi::read_models(&ResponseHead::new(status), body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), kind, "{body}");
    }
}
