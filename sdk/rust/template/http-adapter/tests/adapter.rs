//! The adapter, natively: no gateway, no WebAssembly.

use my_plugin::MyPlugin;
use patchbay_sdk::{HttpAdapter, RequestHead, ResponseHead, testing};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn a_request_gets_its_path_its_team_and_the_credential() {
    let mut call = testing::chat("small");
    call.settings = r#"{"team": "blue"}"#.into();
    let exchange = MyPlugin::prepare(&call, RequestHead::post("/chat/completions")).unwrap();
    assert_eq!(exchange.head.path_and_query, "/v1/chat/completions");
    assert_eq!(exchange.head.headers[0].value, "blue");
    assert_eq!(exchange.credential.as_deref(), Some("api_key"));
}

#[test]
fn a_recorded_list_of_models_is_read() {
    let models = testing::fixture("tests/models.json");
    let ids = MyPlugin::read_models(&ResponseHead::new(200), &models).unwrap();
    assert_eq!(ids, ["small", "large"]);
}
