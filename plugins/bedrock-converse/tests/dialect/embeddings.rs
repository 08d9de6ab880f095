//! Embeddings through InvokeModel.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::testing::{
    Replay, assert_golden, embeddings, embeddings_cases, encode, encoded_value,
};
use patchbay_sdk::{Ending, FailureKind, ResponseHead};
use serde_json::{Value, json};

use crate::with_settings;

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const COHERE: &str = "us.cohere.embed-v4:0";

fn sent(model: &str, settings: Value, request: Value) -> Value {
    let call = with_settings(embeddings(model), settings);
    encoded_value(encode::<BedrockConverse>(&call, request))
}

#[test]
fn every_canonical_case_has_the_body_that_each_model_wants() {
    for (name, model) in [
        ("titan_v1", "amazon.titan-embed-text-v1"),
        ("titan_v2", TITAN),
        ("titan_image", "amazon.titan-embed-image-v1"),
        ("cohere_v3", "cohere.embed-multilingual-v3"),
        ("cohere_v4", COHERE),
    ] {
        let mut found = serde_json::Map::new();
        for case in embeddings_cases() {
            found.insert(case.name.to_owned(), sent(model, json!({}), case.request));
        }
        assert_golden(&format!("tests/golden/requests/embed_{name}.json"), &Value::Object(found));
    }
}

#[test]
fn members_that_the_model_reads_are_carried_and_others_named() {
    let request = json!({"input": "a", "normalize": false, "embeddingTypes": ["binary"]});
    let found = sent(TITAN, json!({}), request.clone());
    assert_eq!(found["body"], json!({"inputText": "a", "normalize": false}));
    assert_eq!(found["dropped"], json!(["embeddingTypes"]));
    let found = sent(TITAN, json!({"unknown_members": "drop"}), request.clone());
    assert_eq!(found["dropped"], json!(["embeddingTypes", "normalize"]));
    let found = sent("amazon.titan-embed-text-v1", json!({}), request);
    assert_eq!(found["body"], json!({"inputText": "a"}), "it knows no other member");

    let request = json!({"input": "a", "input_type": "search_query", "truncate": "END",
        "embedding_types": ["int8"], "nothing": null});
    for settings in [json!({}), json!({"embeddings_input_type": "clustering"})] {
        let found = sent("cohere.embed-english-v3", settings, request.clone());
        let body = json!({"texts": ["a"], "input_type": "search_query", "truncate": "END"});
        assert_eq!(found["body"], body);
        assert_eq!(found["dropped"], json!(["embedding_types"]));
    }
    let settings = json!({"embeddings_input_type": "clustering", "unknown_members": "drop"});
    let found = sent("cohere.embed-english-v3", settings, json!({"input": "a"}));
    assert_eq!(found["body"]["input_type"], "clustering");
}

#[test]
fn lists_that_a_model_does_not_take_are_refused() {
    let most: Vec<String> = (0..97).map(|n| n.to_string()).collect();
    for (model, input) in [(TITAN, json!(["a", "b"])), (TITAN, json!([])), (COHERE, json!(most))] {
        let found = sent(model, json!({}), json!({"input": input}));
        assert_eq!(found["failure"], "invalid-request", "{model}");
        assert_eq!(found["param"], "input");
    }
}

#[test]
fn vectors_and_counts_of_each_model_are_read() {
    let cases = [
        (
            TITAN,
            r#"{"embedding":[0.10000000149011612,-1.0],"inputTextTokenCount":3,"embeddingsByType":{"float":[0.1]}}"#,
            1,
            Some(3),
        ),
        (
            "amazon.titan-embed-image-v1",
            r#"{"embedding":[1e-3,2],"inputTextTokenCount":3,"message":null}"#,
            1,
            Some(3),
        ),
        (
            "cohere.embed-english-v3",
            r#"{"embeddings":[[1,2],[3.0,4]],"id":"x","response_type":"embeddings_floats","texts":["a","b"]}"#,
            2,
            None,
        ),
        (
            COHERE,
            r#"{"embeddings":{"float":[[1,2],[3,4]]},"id":"x","response_type":"embeddings_by_type"}"#,
            2,
            None,
        ),
    ];
    for (model, body, count, tokens) in cases {
        let replay = Replay::new(embeddings(model));
        let documents = replay.at_every_slicing::<BedrockConverse>(body.as_bytes()).unwrap();
        let list = documents[0]["data"].as_array().unwrap();
        assert_eq!(list.len(), count, "{model}");
        let indices: Vec<_> = list.iter().map(|it| it["index"].as_u64().unwrap()).collect();
        assert_eq!(indices, (0..count as u64).collect::<Vec<_>>());
        assert_eq!(documents[0]["model"], model);
        let counted = documents[0].pointer("/usage/prompt_tokens").and_then(Value::as_u64);
        assert_eq!(counted, tokens, "{model}");
        replay.at_every_truncation::<BedrockConverse>(body.as_bytes());

        let head = ResponseHead::new(200).with_header("X-Amzn-Bedrock-Input-Token-Count", "8");
        let documents = Replay::new(embeddings(model))
            .with_head(head)
            .decode::<BedrockConverse>(&[body.as_bytes()], Ending::Clean)
            .unwrap();
        assert_eq!(
            documents[0]["usage"],
            json!({"prompt_tokens": 8, "completion_tokens": 0, "total_tokens": 8})
        );
    }
}

#[test]
fn what_is_no_list_of_vectors_is_the_providers_failure() {
    for (body, said) in [
        ("", "not a list of vectors"),
        ("<html>", "not a list of vectors"),
        ("{}", "not a list of vectors"),
        (r#"{"embedding":null}"#, "not a list of vectors"),
        (r#"{"embedding":1}"#, "no array"),
        (r#"{"embeddings":{"int8":[[1]]}}"#, "not a list of vectors"),
        (r#"{"embeddings":[1]}"#, "no array"),
        (r#"{"embedding":null,"message":"no image"}"#, "no image"),
    ] {
        let replay = Replay::new(embeddings(TITAN));
        let failure =
            replay.decode::<BedrockConverse>(&[body.as_bytes()], Ending::Clean).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{body}");
        assert!(failure.message().contains(said), "{body}: {failure}");
    }
}
