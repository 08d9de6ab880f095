//! Embeddings by the three methods.

use gemini_dialect::Gemini;
use patchbay_sdk::testing::{self, Replay, assert_golden, encoded_value};
use patchbay_sdk::{Call, Encoded, Failure, FailureKind};
use serde_json::{Value, json};

const VERTEX: &str = r#"{"project": "p", "location": "l"}"#;

fn call(model: &str, settings: &str) -> Call {
    Call { settings: settings.into(), ..testing::embeddings(model) }
}

fn encode(model: &str, settings: &str, request: Value) -> Result<Encoded, Failure> {
    testing::encode::<Gemini>(&call(model, settings), request)
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.body).expect("a good fixture")
}

#[test]
fn every_case_is_what_each_method_wants() {
    for case in testing::embeddings_cases() {
        let services = [
            ("gemini", "gemini-embedding-001", "{}"),
            ("predict", "text-embedding-005", VERTEX),
            ("vertex", "gemini-embedding-001", VERTEX),
        ];
        for (service, model, settings) in services {
            let encoded = encoded_value(encode(model, settings, case.request.clone()));
            let path = format!("tests/golden/requests/{}_{service}.json", case.name);
            assert_golden(&path, &encoded);
        }
    }
}

#[test]
fn googles_options_are_carried_and_the_settings_fill_in() {
    let request = json!({
        "input": "x", "task_type": "RETRIEVAL_QUERY", "title": "T", "dimensions": 8, "colour": 1,
    });
    let encoded = encode("gemini-embedding-001", "{}", request.clone()).unwrap();
    let options = json!({
        "content": {"parts": [{"text": "x"}]}, "taskType": "RETRIEVAL_QUERY", "title": "T",
        "outputDimensionality": 8, "model": "models/gemini-embedding-001",
    });
    assert_eq!(body(&encoded), options);
    assert_eq!(encoded.dropped, ["colour"]);

    let encoded = encode("text-embedding-005", VERTEX, request.clone()).unwrap();
    let instance = json!({"content": "x", "task_type": "RETRIEVAL_QUERY", "title": "T"});
    let expected = json!({"instances": [instance], "parameters": {"outputDimensionality": 8}});
    assert_eq!(body(&encoded), expected);

    let encoded = encode("gemini-embedding-001", VERTEX, request).unwrap();
    let options = json!({"taskType": "RETRIEVAL_QUERY", "title": "T", "outputDimensionality": 8});
    let expected = json!({"content": {"parts": [{"text": "x"}]}, "embedContentConfig": options});
    assert_eq!(body(&encoded), expected);

    let settings = r#"{"task_type": "CLUSTERING"}"#;
    let encoded = encode("m", settings, json!({"input": "x"})).unwrap();
    assert_eq!(body(&encoded)["taskType"], "CLUSTERING");
    let encoded = encode("m", settings, json!({"input": "x", "taskType": "FACT"})).unwrap();
    assert_eq!(body(&encoded)["taskType"], "FACT");
}

#[test]
fn nothing_to_embed_is_refused() {
    let failure = encode("m", "{}", json!({"input": []})).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    assert_eq!(failure.param(), Some("input"));
}

#[test]
fn vectors_keep_their_digits_and_order_in_every_form() {
    let cases = [
        (r#"{"embedding": {"values": [0.10, -1]}}"#, 1, None),
        (
            r#"{"embeddings": [{"values": [0.10, -1]}, {"values": [2]}],
                "usageMetadata": {"promptTokenCount": 6, "totalTokenCount": 6}}"#,
            2,
            Some(6),
        ),
        (
            r#"{"predictions": [
                {"embeddings": {"values": [0.10, -1], "statistics": {"truncated": false, "token_count": 4}}},
                {"embeddings": {"values": [2], "statistics": {"token_count": 3.0}}}
            ], "metadata": {"billableCharacterCount": 9}}"#,
            2,
            Some(7),
        ),
    ];
    for (reply, inputs, tokens) in cases {
        let extra = vec![("inputs".to_owned(), inputs.to_string())];
        let replay = Replay::new(testing::embeddings("e")).with_extra(extra);
        let documents = replay.at_every_slicing::<Gemini>(reply.as_bytes()).unwrap();
        let document = &documents[0];
        assert_eq!(document["data"].as_array().unwrap().len(), inputs, "{reply}");
        assert_eq!(document["data"][0]["embedding"].to_string(), "[0.1,-1]");
        assert_eq!(document["data"][0]["index"], 0);
        let expected = tokens.map_or(Value::Null, |tokens: u64| {
            json!({"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens})
        });
        assert_eq!(document.get("usage").cloned().unwrap_or_default(), expected, "{reply}");
        replay.at_every_truncation::<Gemini>(reply.as_bytes());
    }
}

#[test]
fn what_is_no_list_of_as_many_vectors_is_a_failure() {
    use FailureKind as K;
    let replay = Replay::new(testing::embeddings("e"))
        .with_extra(vec![("inputs".to_owned(), "2".to_owned())]);
    let cases = [
        (r#"{"embeddings": [{"values": [1]}]}"#, K::UpstreamError),
        (r#"{"embeddings": [{"values": 1}, {"values": [1]}]}"#, K::UpstreamError),
        ("{}", K::UpstreamError),
        ("<html>", K::UpstreamError),
        ("", K::UpstreamError),
        (
            r#"{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}"#,
            K::UpstreamRateLimited,
        ),
    ];
    for (reply, kind) in cases {
        let failure = replay.at_every_slicing::<Gemini>(reply.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), kind, "{reply}");
    }
}
