//! Error replies of every kind.

use gemini_dialect::Gemini;
use patchbay_sdk::{Failure, FailureKind, Normalizer, ResponseHead, testing};
use serde_json::{Value, json};

fn explain(status: u16, body: &str) -> Failure {
    let head = ResponseHead::new(status).with_header("retry-after", "9");
    Gemini::explain(&testing::chat("m"), &head, body.as_bytes())
}

fn error(code: u16, status: &str, message: &str, details: Value) -> String {
    json!({"error": {"code": code, "message": message, "status": status, "details": details}})
        .to_string()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn the_status_word_says_the_kind() {
    use FailureKind as K;
    let cases = [
        (
            400,
            "INVALID_ARGUMENT",
            "* GenerateContentRequest.contents: not specified",
            K::InvalidRequest,
        ),
        (400, "FAILED_PRECONDITION", "Cached content is expired.", K::InvalidRequest),
        (400, "OUT_OF_RANGE", "m", K::InvalidRequest),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            K::ProviderMisconfigured,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
            K::ContextTooLong,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Unable to submit request because the input token count is 40000 but model only supports up to 32768.",
            K::ContextTooLong,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Request payload size exceeds the limit: 20971520 bytes.",
            K::PayloadTooLarge,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            K::UpstreamAuth,
        ),
        (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
            K::UpstreamAuth,
        ),
        (403, "PERMISSION_DENIED", "Permission denied on resource project x.", K::UpstreamAuth),
        (404, "NOT_FOUND", "models/x is not found for API version v1beta.", K::NotFound),
        (409, "ABORTED", "m", K::UpstreamError),
        (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", K::UpstreamRateLimited),
        (499, "CANCELLED", "m", K::UpstreamError),
        (500, "INTERNAL", "An internal error has occurred.", K::UpstreamError),
        (503, "UNAVAILABLE", "The model is overloaded.", K::UpstreamOverloaded),
        (504, "DEADLINE_EXCEEDED", "Deadline expired.", K::UpstreamTimeout),
        (503, "SOMETHING_NEW", "m", K::UpstreamOverloaded),
        (413, "", "m", K::PayloadTooLarge),
    ];
    for (code, status, message, kind) in cases {
        let body = error(code, status, message, json!([]));
        for body in [body.clone(), format!("[{body}\n]")] {
            let failure = explain(code, &body);
            assert_eq!(failure.kind(), kind, "{body}");
            let quoted = failure.message() == message;
            assert_eq!(quoted, kind != K::UpstreamAuth, "{failure}");
            let expected = Some(status).filter(|status| !status.is_empty());
            assert_eq!(failure.upstream_code(), expected);
            assert_eq!(failure.retry_after_ms(), Some(9000));
        }
    }
}

#[test]
fn details_say_more() {
    let details = json!([
        {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"},
    ]);
    let failure = explain(429, &error(429, "RESOURCE_EXHAUSTED", "Slow down.", details));
    assert_eq!(failure.retry_after_ms(), Some(34_075));
    assert_eq!(failure.message(), "Slow down.");

    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
        "domain": "googleapis.com", "metadata": {"service": "x"},
    }]);
    let failure =
        explain(400, &error(400, "INVALID_ARGUMENT", "The key AIza-abc is wrong.", details));
    assert_eq!(failure.kind(), FailureKind::UpstreamAuth);
    assert_eq!(failure.upstream_code(), Some("API_KEY_INVALID"));
    assert!(!failure.message().contains("AIza"), "{failure}");

    for delay in [json!("soon"), json!("-1s"), json!("NaNs"), json!(3)] {
        let details = json!([{"retryDelay": delay}]);
        let failure = explain(429, &error(429, "RESOURCE_EXHAUSTED", "m", details));
        assert_eq!(failure.retry_after_ms(), Some(9000), "{delay}");
    }
}

#[test]
fn what_is_no_error_of_googles_is_survived() {
    use FailureKind as K;
    let cases = [
        (404, "<html>404</html>", K::ProviderMisconfigured),
        (502, "", K::UpstreamError),
        (503, "no healthy upstream", K::UpstreamOverloaded),
        (400, r#"{"message": "m"}"#, K::InvalidRequest),
        (429, "[]", K::UpstreamRateLimited),
        (500, r#"{"error": {"code": "x", "details": 1}}"#, K::UpstreamError),
        (500, r#"{"error": {}}"#, K::UpstreamError),
        (400, r#"{"error": "no"}"#, K::InvalidRequest),
    ];
    for (status, body, kind) in cases {
        let failure = explain(status, body);
        assert_eq!(failure.kind(), kind, "{body}");
        assert!(!failure.message().is_empty());
    }
}
