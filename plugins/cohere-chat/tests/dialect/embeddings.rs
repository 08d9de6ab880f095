//! Vectors.

use cohere_chat::CohereChat;
use patchbay_sdk::testing::{self, Replay, encoded_value};
use patchbay_sdk::{Call, FailureKind, Normalizer};
use serde_json::json;

#[test]
fn every_case_is_what_cohere_wants() {
    for case in testing::embeddings_cases() {
        let result = testing::encode::<CohereChat>(&testing::embeddings("embed"), case.request);
        let path = format!("tests/golden/requests/{}.json", case.name);
        testing::assert_golden(&path, &encoded_value(result));
    }
}

#[test]
fn more_inputs_than_cohere_takes_are_the_hosts_to_split() {
    let plan = CohereChat::plan(&testing::embeddings("embed")).unwrap();
    assert_eq!(plan.extra, [("max-inputs".to_owned(), "96".to_owned())]);
}

#[test]
fn what_texts_are_embedded_for_says_the_caller_or_the_operator() {
    let settings = r#"{"input_type": "classification"}"#.to_owned();
    let call = Call { settings, ..testing::embeddings("embed") };
    let encoded = encoded_value(testing::encode::<CohereChat>(&call, json!({"input": "a"})));
    assert_eq!(encoded["body"]["input_type"], "classification");
    let request = json!({"input": "a", "input_type": "search_query", "truncate": "NONE",
        "embedding_types": ["int8"]});
    let encoded = encoded_value(testing::encode::<CohereChat>(&call, request));
    assert_eq!(encoded["body"]["input_type"], "search_query");
    assert_eq!(encoded["body"]["truncate"], "NONE");
    assert_eq!(encoded["body"]["embedding_types"], json!(["float"]));
    assert_eq!(encoded["dropped"], json!(["embedding_types"]));
}

fn reply() -> String {
    json!({
        "id": "e", "embeddings": {"float": [[0.5, -1.0], [0.25, 1.5]]}, "texts": ["a", "b"],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 4}},
        "response_type": "embeddings_by_type",
    })
    .to_string()
}

#[test]
fn vectors_are_the_same_at_every_slicing() {
    let inputs = |count: &str| vec![("inputs".to_owned(), count.to_owned())];
    let replay = Replay::new(testing::embeddings("embed")).with_extra(inputs("2"));
    let documents = replay.at_every_slicing::<CohereChat>(reply().as_bytes()).unwrap();
    testing::assert_golden("tests/golden/replies/embeddings.json", &json!(documents));
    replay.at_every_truncation::<CohereChat>(reply().as_bytes());

    let other = Replay::new(testing::embeddings("embed")).with_extra(inputs("3"));
    let failure = other.at_every_slicing::<CohereChat>(reply().as_bytes()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamError);
}

#[test]
fn what_is_no_vector_is_the_providers_failure() {
    let replay = Replay::new(testing::embeddings("embed"));
    for body in ["", "<html>", "{}", r#"{"embeddings": {"float": [1]}}"#, r#"{"message": "no"}"#] {
        let failure = replay.at_every_slicing::<CohereChat>(body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{body}");
    }
}
