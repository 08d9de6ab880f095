//! What Cohere says instead of an answer.

use cohere_chat::CohereChat;
use patchbay_sdk::{Failure, FailureKind, Normalizer, ResponseHead, testing};

fn explained(status: u16, message: &str) -> Failure {
    let body = serde_json::json!({"id": "r", "message": message}).to_string();
    let head = ResponseHead::new(status).with_header("retry-after", "3");
    CohereChat::explain(&testing::chat("m"), &head, body.as_bytes())
}

#[test]
fn each_error_has_its_kind_and_keeps_coheres_words() {
    use FailureKind as K;
    let cases = [
        (400, "invalid request: message must not be empty", K::InvalidRequest),
        (
            400,
            "too many tokens: total number of tokens in the prompt cannot exceed 9",
            K::ContextTooLong,
        ),
        (422, "Too many tokens: size limit exceeded by 3 tokens.", K::ContextTooLong),
        (400, "too many tokens: max tokens must be less than or equal to 4096", K::InvalidRequest),
        (404, "model 'x' not found", K::NotFound),
        (422, "unknown field: parameter x is not a valid field", K::InvalidRequest),
        (429, "trial token rate limit exceeded", K::UpstreamRateLimited),
        (498, "deny-listed token", K::ContentFiltered),
        (499, "request cancelled", K::UpstreamError),
        (500, "internal server error", K::UpstreamError),
        (501, "not implemented", K::UpstreamError),
        (503, "busy", K::UpstreamOverloaded),
        (504, "timeout", K::UpstreamTimeout),
    ];
    for (status, message, kind) in cases {
        let failure = explained(status, message);
        assert_eq!(failure.kind(), kind, "{status} {message}");
        assert_eq!(failure.message(), message, "{status}");
        assert_eq!(failure.retry_after_ms(), Some(3000), "{status}");
    }
}

#[test]
fn a_refused_credential_is_not_quoted() {
    for status in [401, 402, 403] {
        let failure = explained(status, "invalid api token co-secret");
        assert_eq!(failure.kind(), FailureKind::UpstreamAuth);
        assert!(!failure.message().contains("co-secret"), "{failure}");
    }
}

#[test]
fn bodies_that_are_no_error_are_survived() {
    for (status, body) in [(498, ""), (499, "<html>"), (400, "[]"), (502, "\u{fffd}")] {
        let head = ResponseHead::new(status);
        let failure = CohereChat::explain(&testing::chat("m"), &head, body.as_bytes());
        assert!(failure.message().contains(&status.to_string()), "{failure}");
    }
}
