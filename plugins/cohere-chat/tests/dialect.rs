//! The dialect `cohere-chat`, natively.

#[path = "dialect/embeddings.rs"]
mod embeddings;
#[path = "dialect/errors.rs"]
mod errors;
#[path = "dialect/replies.rs"]
mod replies;
#[path = "dialect/requests.rs"]
mod requests;
#[path = "dialect/turns.rs"]
mod turns;

use cohere_chat::CohereChat;
use patchbay_sdk::{FailureKind, Normalizer, testing};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn each_operation_has_its_path_and_is_rewritten() {
    let cases = [
        (testing::chat("m"), "/v2/chat", "application/json"),
        (testing::chat_stream("m"), "/v2/chat", "text/event-stream"),
        (testing::embeddings("m"), "/v2/embed", "application/json"),
    ];
    for (call, path, accept) in cases {
        let plan = CohereChat::plan(&call).unwrap();
        assert!(plan.encode_body && !plan.verbatim, "{path}");
        assert_eq!(plan.head.path_and_query, path);
        assert_eq!(plan.head.headers[1].value, accept);
    }
}

#[test]
fn an_operation_it_does_not_know_is_not_found() {
    let mut call = testing::chat("m");
    call.operation = "count-tokens".into();
    let failure = CohereChat::plan(&call).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[test]
fn settings_of_the_adapter_are_not_its_affair() {
    let mut call = testing::chat("m");
    call.settings = r#"{"client_name": "x"}"#.into();
    assert!(CohereChat::plan(&call).is_ok());
    call.settings = r#"{"input_type": 1}"#.into();
    let failure = CohereChat::plan(&call).unwrap_err();
    assert_eq!(failure.param(), Some("settings.input_type"));
}
