//! Replies of providers.

use openai_responses::OpenAiResponses;
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Ending, Failure, FailureKind, Normalizer, ResponseHead};
use serde_json::{Value, json};

const NAMES: [&str; 12] = [
    "text",
    "one_tool",
    "reasoning_and_two_tools",
    "tool_without_arguments",
    "encrypted_reasoning",
    "open_reasoning",
    "refusal",
    "cut_off",
    "filtered",
    "custom_tool",
    "log_probabilities",
    "unknown_events",
];

fn stream() -> Replay {
    Replay::new(testing::chat_stream("little-1"))
}

fn whole() -> Replay {
    Replay::new(testing::chat("little-1"))
}

#[test]
fn streams_become_chunks_at_every_slicing_and_never_without_their_end() {
    for name in NAMES.into_iter().chain(["no_deltas"]) {
        let body = testing::fixture(&format!("tests/replies/{name}.sse"));
        let documents = stream().at_every_slicing::<OpenAiResponses>(&body).unwrap();
        testing::assert_golden(&format!("tests/golden/chunks/{name}.json"), &json!(documents));
        stream().at_every_truncation::<OpenAiResponses>(&body);
    }
}

#[test]
fn whole_responses_become_completions_at_every_slicing_and_never_without_their_end() {
    for name in NAMES {
        let body = testing::fixture(&format!("tests/replies/{name}.json"));
        let documents = whole().at_every_slicing::<OpenAiResponses>(&body).unwrap();
        testing::assert_golden(&format!("tests/golden/completions/{name}.json"), &documents[0]);
        whole().at_every_truncation::<OpenAiResponses>(&body);
    }
}

#[test]
fn a_long_text_survives() {
    let text = "x".repeat(300_000);
    let event = json!({"type": "response.output_text.delta", "output_index": 0, "delta": text});
    let end = json!({"type": "response.completed", "response": {"status": "completed"}});
    let body = format!("data: {event}\n\ndata: {end}\n\n");
    let documents = stream().decode::<OpenAiResponses>(
        &body.as_bytes().chunks(1000).collect::<Vec<_>>(),
        Ending::Clean,
    );
    assert_eq!(documents.unwrap()[1]["choices"][0]["delta"]["content"], text.as_str());
}

fn failed(replay: &Replay, body: &str) -> Failure {
    replay.at_every_slicing::<OpenAiResponses>(body.as_bytes()).unwrap_err()
}

#[test]
fn a_failure_in_a_stream_has_the_kind_of_its_code() {
    use FailureKind as K;
    let response = |code: &str| {
        json!({"type": "response.failed", "response": {"id": "resp_1", "status": "failed",
            "error": {"code": code, "message": "it broke"}}})
    };
    let flat = |code: Value| {
        json!({"type": "error", "code": code, "message": "it broke", "param": null,
            "sequence_number": 3})
    };
    let nested = |code: &str| {
        json!({"type": "error", "sequence_number": 3, "error": {"type": code, "code": code,
            "message": "it broke", "param": null}})
    };
    let cases = [
        (response("server_error"), K::UpstreamError, Some("server_error")),
        (response("rate_limit_exceeded"), K::UpstreamRateLimited, Some("rate_limit_exceeded")),
        (response("invalid_prompt"), K::ContentFiltered, Some("invalid_prompt")),
        (response("bio_policy"), K::ContentFiltered, Some("bio_policy")),
        (response("invalid_image_url"), K::InvalidRequest, Some("invalid_image_url")),
        (response("image_too_large"), K::PayloadTooLarge, Some("image_too_large")),
        (response("context_length_exceeded"), K::ContextTooLong, Some("context_length_exceeded")),
        (flat(json!("rate_limit_exceeded")), K::UpstreamRateLimited, Some("rate_limit_exceeded")),
        (flat(Value::Null), K::UpstreamError, Some("error")),
        (nested("too_many_requests"), K::UpstreamRateLimited, Some("too_many_requests")),
        (nested("insufficient_quota"), K::UpstreamRateLimited, Some("insufficient_quota")),
    ];
    let start = json!({"type": "response.created", "response": {"id": "resp_1"}});
    for (event, kind, code) in cases {
        let failure = failed(&stream(), &format!("data: {start}\n\ndata: {event}\n\n"));
        assert_eq!(failure.kind(), kind, "{event}");
        assert_eq!(failure.message(), "it broke", "{event}");
        assert_eq!(failure.upstream_code(), code, "{event}");
    }
}

#[test]
fn what_is_no_answer_is_a_failure_of_the_right_kind() {
    use FailureKind as K;
    let error = r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#;
    let cases = [
        (whole(), error, K::UpstreamRateLimited),
        (
            whole(),
            r#"{"status":"failed","error":{"code":"server_error","message":"m"}}"#,
            K::UpstreamError,
        ),
        (whole(), r#"{"status":"failed"}"#, K::UpstreamError),
        (whole(), r#"{"status":"queued","output":[]}"#, K::UpstreamError),
        (
            whole(),
            r#"{"status":"completed","output":[{"type":"message","content":7}]}"#,
            K::UpstreamError,
        ),
        (whole(), r#"{"choices":[]}"#, K::UpstreamError),
        (whole(), "<html>hello</html>", K::UpstreamError),
        (whole(), "", K::UpstreamError),
        (whole(), "[1]", K::UpstreamError),
        (stream(), error, K::UpstreamRateLimited),
        (stream(), "<html>hello</html>", K::UpstreamError),
        (stream(), "", K::UpstreamError),
        (stream(), "data: {\"a\":1}\n\n", K::UpstreamError),
        (
            stream(),
            "data: {\"type\":\"response.output_text.delta\",\"delta\":7}\n\n",
            K::UpstreamError,
        ),
        (stream(), "data: {\"type\":\"response.completed\"}\n\n", K::UpstreamError),
        (stream(), "data: {\"type\":\"response.failed\"}\n\n", K::UpstreamError),
        (stream(), "data: [DONE]\n\n", K::StreamTruncated),
    ];
    for (replay, body, kind) in cases {
        assert_eq!(failed(&replay, body).kind(), kind, "{body}");
    }
    let failure = stream().decode::<OpenAiResponses>(&[], Ending::Broken).unwrap_err();
    assert_eq!(failure.kind(), K::StreamTruncated);
}

#[test]
fn error_replies_are_explained_by_code_first_and_status_second() {
    use FailureKind as K;
    let error = |code: &str| json!({"error": {"message": "m", "type": "t", "param": "input", "code": code}});
    let cases = [
        (400, error("invalid_value"), K::InvalidRequest),
        (400, error("context_length_exceeded"), K::ContextTooLong),
        (400, error("invalid_prompt"), K::ContentFiltered),
        (400, error("content_filter"), K::ContentFiltered),
        (400, error("invalid_encrypted_content"), K::InvalidRequest),
        (401, error("invalid_prompt"), K::UpstreamAuth),
        (403, error("x"), K::UpstreamAuth),
        (404, error("model_not_found"), K::NotFound),
        (413, error("x"), K::PayloadTooLarge),
        (429, error("too_many_requests"), K::UpstreamRateLimited),
        (500, error("server_error"), K::UpstreamError),
        (503, error("x"), K::UpstreamOverloaded),
        (504, error("x"), K::UpstreamTimeout),
        (404, json!("page"), K::ProviderMisconfigured),
    ];
    for (status, body, kind) in cases {
        let head = ResponseHead::new(status).with_header("retry-after", "2");
        let failure =
            OpenAiResponses::explain(&testing::chat("m"), &head, body.to_string().as_bytes());
        assert_eq!(failure.kind(), kind, "{status} {body}");
        assert_eq!(failure.retry_after_ms(), Some(2000), "{status} {body}");
    }
}
