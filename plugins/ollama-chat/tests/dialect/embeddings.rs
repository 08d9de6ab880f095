//! Embeddings, both ways.

use ollama_chat::OllamaChat;
use patchbay_sdk::FailureKind;
use patchbay_sdk::testing::{self, Replay};
use serde_json::{Value, json};

use super::with;

const REPLY: &[u8] = br#"{"model":"all-minilm","embeddings":[[0.10000000149011612,-1.0],[0.5,2e-05]],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":8}"#;

fn expecting(vectors: u8) -> Replay {
    let extra = vec![("inputs".to_owned(), vectors.to_string())];
    Replay::new(testing::embeddings("all-minilm")).with_extra(extra)
}

#[test]
fn every_case_is_encoded_as_the_documentation_says() {
    for case in testing::embeddings_cases() {
        let encoded =
            testing::encode::<OllamaChat>(&testing::embeddings("all-minilm"), case.request);
        let path = format!("tests/golden/requests/{}.json", case.name);
        testing::assert_golden(&path, &testing::encoded_value(encoded));
    }
}

#[test]
fn settings_are_defaults_and_unknown_members_are_named() {
    let settings = json!({"truncate": false, "keep_alive": "1h", "options": {"num_ctx": 512}});
    let call = with(settings, testing::embeddings("m"));
    let request = json!({"input": "hi", "keep_alive": 0, "num_batch": 8, "new": 1});
    let encoded = testing::encode::<OllamaChat>(&call, request).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected = json!({"model": "m", "input": ["hi"], "truncate": false, "keep_alive": 0,
        "options": {"num_ctx": 512, "num_batch": 8}});
    assert_eq!(body, expected);
    assert_eq!(encoded.dropped, ["new"]);
}

#[test]
fn vectors_keep_their_order_and_digits() {
    let documents = expecting(2).at_every_slicing::<OllamaChat>(REPLY).unwrap();
    testing::assert_golden("tests/golden/replies/embeddings.json", &documents.into());
    expecting(2).at_every_truncation::<OllamaChat>(REPLY);
}

#[test]
fn a_reply_without_a_vector_for_each_input_is_no_answer() {
    let bodies: [(&[u8], &str); 5] = [
        (REPLY, "2 vectors for 3 inputs"),
        (br#"{"error":"out of memory"}"#, "out of memory"),
        (br#"{"model":"m"}"#, "not Ollama's JSON"),
        (b"<html></html>", "an HTML page"),
        (b"", "an empty body"),
    ];
    for (body, said) in bodies {
        let failure = expecting(3).at_every_slicing::<OllamaChat>(body).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError);
        assert!(failure.message().contains(said), "{failure}");
    }
}
