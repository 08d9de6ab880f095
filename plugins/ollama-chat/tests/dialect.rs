//! The dialect `ollama-chat`, natively.

use ollama_chat::OllamaChat;
use patchbay_sdk::{Call, FailureKind, Normalizer, testing};
use serde_json::{Value, json};

#[path = "dialect/embeddings.rs"]
mod embeddings;
#[path = "dialect/errors.rs"]
mod errors;
#[path = "dialect/replies.rs"]
mod replies;
#[path = "dialect/requests.rs"]
mod requests;
#[path = "dialect/round_trip.rs"]
mod round_trip;

/// The call with settings.
fn with(settings: Value, call: Call) -> Call {
    Call { settings: settings.to_string(), ..call }
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn each_operation_has_its_path_and_is_rewritten() {
    let cases = [
        (testing::chat("m"), "/api/chat", "application/json"),
        (testing::chat_stream("m"), "/api/chat", "application/x-ndjson"),
        (testing::embeddings("m"), "/api/embed", "application/json"),
    ];
    for (call, path, accept) in cases {
        let plan = OllamaChat::plan(&call).unwrap();
        assert!(plan.encode_body && !plan.verbatim, "{path}");
        assert_eq!((plan.head.method.as_str(), plan.head.path_and_query.as_str()), ("POST", path));
        let accepts: Vec<_> =
            plan.head.headers.iter().filter(|header| header.name == "accept").collect();
        assert_eq!(accepts[0].value, accept);
    }
    let call = Call { operation: "count-tokens".into(), ..testing::chat("m") };
    assert_eq!(OllamaChat::plan(&call).unwrap_err().kind(), FailureKind::NotFound);
}

#[test]
fn a_setting_that_does_not_fit_is_named_and_one_of_the_adapters_is_not() {
    let cases = [
        (json!({"options": [1]}), Some("settings.options")),
        (json!({"keep_alive": true}), Some("settings.keep_alive")),
        (json!({"truncate": "yes"}), Some("settings.truncate")),
        (json!({"think": 1}), Some("settings.think")),
        (json!({"think_as": "number"}), Some("settings.think_as")),
        (json!({"something": "else", "keep_alive": "5m", "think": false}), None),
    ];
    for (settings, member) in cases {
        let planned = OllamaChat::plan(&with(settings.clone(), testing::chat("m")));
        match (planned, member) {
            (Ok(_), None) => {}
            (Err(failure), Some(member)) => {
                assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
                assert_eq!(failure.param(), Some(member), "{settings}");
            }
            (planned, _) => panic!("{settings}: {planned:?}"),
        }
    }
}
