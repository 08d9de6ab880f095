//! What the provider's errors mean.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::{Failure, FailureKind, Normalizer, ResponseHead, testing};
use serde_json::json;

use crate::MODEL;

fn explained(head: ResponseHead, body: &str) -> Failure {
    AnthropicMessages::explain(&testing::chat(MODEL), &head, body.as_bytes())
}

fn error(status: u16, kind: &str, message: &str) -> Failure {
    let error = json!({"type": kind, "message": message});
    let body = json!({"type": "error", "error": error, "request_id": "req_1"});
    explained(ResponseHead::new(status), &body.to_string())
}

#[test]
fn each_error_has_its_kind_and_keeps_its_words() {
    use FailureKind as K;
    let cases = [
        (400, "invalid_request_error", "max_tokens: 9 > 8", K::InvalidRequest),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            K::ContextTooLong,
        ),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            K::ContextTooLong,
        ),
        (
            400,
            "invalid_request_error",
            "Output blocked by content filtering policy",
            K::ContentFiltered,
        ),
        (404, "not_found_error", "model: claude-0", K::NotFound),
        (413, "request_too_large", "Request exceeds the maximum size", K::PayloadTooLarge),
        (429, "rate_limit_error", "This would exceed your limit", K::UpstreamRateLimited),
        (500, "api_error", "Internal server error", K::UpstreamError),
        (504, "timeout_error", "Timed out", K::UpstreamTimeout),
        (529, "overloaded_error", "Overloaded", K::UpstreamOverloaded),
        (500, "overloaded_error", "Overloaded", K::UpstreamOverloaded),
    ];
    for (status, kind, message, expected) in cases {
        let failure = error(status, kind, message);
        assert_eq!(failure.kind(), expected, "{message}");
        assert_eq!(failure.message(), message);
        assert_eq!(failure.upstream_code(), Some(kind));
    }
}

#[test]
fn what_only_the_operator_can_mend_is_not_quoted() {
    let cases = [
        (401, "authentication_error", "invalid x-api-key sk-ant-1"),
        (403, "permission_error", "sk-ant-1 may not"),
        (402, "billing_error", "sk-ant-1 is broke"),
        (400, "invalid_request_error", "Your credit balance is too low, sk-ant-1"),
        (400, "invalid_request_error", "This organization has been disabled. sk-ant-1"),
    ];
    for (status, kind, message) in cases {
        let failure = error(status, kind, message);
        assert_eq!(failure.kind(), FailureKind::UpstreamAuth, "{kind}");
        assert!(!failure.message().contains("sk-ant-1"), "{failure:?}");
    }
}

#[test]
fn the_wait_is_kept() {
    let body = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "m"}});
    let head = ResponseHead::new(429).with_header("retry-after", "7");
    assert_eq!(explained(head, &body.to_string()).retry_after_ms(), Some(7000));
}

#[test]
fn other_servers_errors_are_read_too() {
    use FailureKind as K;
    let cases = [
        (502, "<html>Bad gateway</html>", K::UpstreamError),
        (529, "", K::UpstreamOverloaded),
        (404, "404 page not found", K::ProviderMisconfigured),
        (400, r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#, K::ContextTooLong),
        (401, r#"{"error":"no"}"#, K::UpstreamAuth),
    ];
    for (status, body, kind) in cases {
        assert_eq!(explained(ResponseHead::new(status), body).kind(), kind, "{body}");
    }
}
