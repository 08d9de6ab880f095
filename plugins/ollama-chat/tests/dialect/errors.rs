//! What Ollama says when it does not answer.

use ollama_chat::OllamaChat;
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Ending, Failure, FailureKind as K, Normalizer, ResponseHead};

fn explain(status: u16, body: &str) -> Failure {
    OllamaChat::explain(&testing::chat("m"), &ResponseHead::new(status), body.as_bytes())
}

#[test]
fn each_error_has_its_kind_and_keeps_its_words() {
    let cases = [
        (404, "model 'nope' not found", K::NotFound),
        (404, "model \"nope\" not found, try pulling it first", K::NotFound),
        (400, "\"m\" does not support tools", K::InvalidRequest),
        (400, "\"m\" does not support thinking", K::InvalidRequest),
        (400, "the input length exceeds the context length", K::ContextTooLong),
        (
            400,
            "the prompt is longer than the context length currently available to the model",
            K::ContextTooLong,
        ),
        (
            500,
            "request (9000 tokens) exceeds the available context size (8192 tokens)",
            K::ContextTooLong,
        ),
        (429, "too many concurrent requests", K::UpstreamRateLimited),
        (
            503,
            "server busy, please try again.  maximum pending requests exceeded",
            K::UpstreamOverloaded,
        ),
        (499, "request canceled", K::UpstreamError),
        (500, "model requires more system memory than is available", K::UpstreamError),
        (502, "cannot reach the cloud", K::UpstreamError),
    ];
    for (status, message, kind) in cases {
        let body = serde_json::json!({ "error": message }).to_string();
        let failure = explain(status, &body);
        assert_eq!((failure.kind(), failure.message()), (kind, message), "{status}");
    }
}

#[test]
fn a_refused_credential_is_not_quoted() {
    for status in [401, 403] {
        let body = r#"{"error":"unauthorized: key abc","signin_url":"https://ollama.com/connect?key=abc"}"#;
        let failure = explain(status, body);
        assert_eq!(failure.kind(), K::UpstreamAuth);
        assert!(!failure.message().contains("abc"), "{failure}");
    }
}

#[test]
fn a_path_that_the_server_does_not_know_is_the_operators_affair() {
    let failure = explain(404, "404 page not found");
    assert_eq!(failure.kind(), K::ProviderMisconfigured);
    assert!(failure.message().contains("base_url"), "{failure}");
}

#[test]
fn a_wait_is_kept() {
    let head = ResponseHead::new(500).with_header("retry-after", "2");
    let body = br#"{"error":"server busy, please try again"}"#;
    let failure = OllamaChat::explain(&testing::chat("m"), &head, body);
    assert_eq!(failure.kind(), K::UpstreamOverloaded);
    assert_eq!(failure.retry_after_ms(), Some(2000));
}

#[test]
fn an_error_instead_of_an_answer_is_a_failure_of_its_kind() {
    let cases: [(&[u8], K); 9] = [
        (br#"{"error":"an error was encountered while running the model"}"#, K::UpstreamError),
        (br#"{"error":"server busy, please try again"}"#, K::UpstreamOverloaded),
        (br#"{"error":"model 'nope' not found"}"#, K::NotFound),
        (br#"{"error":"the input length exceeds the context length"}"#, K::ContextTooLong),
        (br#"{"error":"unauthorized","signin_url":"https://ollama.com"}"#, K::UpstreamAuth),
        (b"<html><body>hello</body></html>", K::UpstreamError),
        (br#"{"message":"text"}"#, K::UpstreamError),
        (b"[1]", K::UpstreamError),
        (b"", K::UpstreamError),
    ];
    for (body, kind) in cases {
        for call in [testing::chat("m"), testing::chat_stream("m")] {
            let failure =
                Replay::new(call).decode::<OllamaChat>(&[body], Ending::Clean).unwrap_err();
            assert_eq!(failure.kind(), kind, "{failure}");
        }
    }
    // Somebody else's answer: not a chat's.
    let failure = Replay::new(testing::chat("m")).at_every_slicing::<OllamaChat>(b"{}");
    assert_eq!(failure.unwrap_err().kind(), K::UpstreamError);
}

#[test]
fn an_error_in_the_middle_of_a_stream_ends_it() {
    let body = testing::fixture("tests/replies/error_in_the_stream.jsonl");
    let failure = Replay::new(testing::chat_stream("m")).at_every_slicing::<OllamaChat>(&body);
    let failure = failure.unwrap_err();
    assert_eq!(failure.kind(), K::UpstreamError);
    assert_eq!(failure.message(), "an error was encountered while running the model");
}
