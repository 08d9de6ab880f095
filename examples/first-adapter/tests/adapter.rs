//! The adapter, natively: no gateway, no WebAssembly.

use first_adapter::ExampleCloud;
use patchbay_sdk::{FailureKind, HttpAdapter, RequestHead, testing};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn the_team_and_the_path_are_added() {
    let mut call = testing::chat("small");
    call.settings = r#"{"team": "blue"}"#.into();
    let exchange = ExampleCloud::prepare(&call, RequestHead::post("/chat/completions")).unwrap();
    assert_eq!(exchange.head.path_and_query, "/inference/chat/completions");
    assert_eq!(exchange.head.headers[0].value, "blue");
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn without_a_team_the_operator_is_told() {
    let call = testing::chat("small");
    let failure = ExampleCloud::prepare(&call, RequestHead::post("/")).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert!(failure.message().contains("team"), "{failure}");
}
