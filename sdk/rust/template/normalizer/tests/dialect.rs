//! The dialect, natively: no gateway, no WebAssembly.

use my_plugin::MyPlugin;
use patchbay_sdk::testing::{self, Replay};
use serde_json::{Value, json};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn a_chat_becomes_turns_and_what_is_lost_is_named() {
    let request = json!({
        "messages": [{ "role": "user", "content": "Hello" }],
        "response_format": { "type": "json_object" },
    });
    let encoded = testing::encode::<MyPlugin>(&testing::chat("small"), request).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["turns"], json!([{ "speaker": "human", "text": "Hello" }]));
    assert_eq!(encoded.dropped, ["response_format"]);
}

#[test]
fn every_chat_is_encoded_or_refused_with_a_reason() {
    for case in testing::chat_cases() {
        let encoded = testing::encode::<MyPlugin>(&testing::chat("small"), case.request);
        assert!(encoded.is_ok(), "{}: {encoded:?}", case.name);
    }
}

/// `PATCHBAY_BLESS=1 cargo test` writes the golden files anew.
#[test]
fn a_recorded_reply_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    let body = testing::fixture("tests/reply.jsonl");
    for (call, golden) in [
        (testing::chat_stream("small"), "tests/golden/stream.json"),
        (testing::chat("small"), "tests/golden/whole.json"),
    ] {
        let replay = Replay::new(call);
        let documents = replay.at_every_slicing::<MyPlugin>(&body).unwrap();
        testing::assert_golden(golden, &documents.into());
        replay.at_every_truncation::<MyPlugin>(&body);
    }
}
