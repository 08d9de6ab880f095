//! Error replies.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::testing::chat;
use patchbay_sdk::{Failure, FailureKind, Normalizer, ResponseHead};

fn explained(status: u16, name: &str, body: &str) -> Failure {
    let head = match name {
        "" => ResponseHead::new(status),
        name => ResponseHead::new(status)
            .with_header("X-Amzn-ErrorType", format!("{name}:http://internal.amazon.com/coral/")),
    };
    BedrockConverse::explain(&chat("m"), &head, body.as_bytes())
}

#[test]
fn each_error_has_its_kind_and_keeps_its_words_and_name() {
    use FailureKind as K;
    let cases = [
        (429, "ThrottlingException", K::UpstreamRateLimited),
        (400, "ServiceQuotaExceededException", K::UpstreamRateLimited),
        (429, "ModelNotReadyException", K::UpstreamOverloaded),
        (503, "ServiceUnavailableException", K::UpstreamOverloaded),
        (408, "ModelTimeoutException", K::UpstreamTimeout),
        (500, "InternalServerException", K::UpstreamError),
        (424, "ModelErrorException", K::UpstreamError),
        (404, "ResourceNotFoundException", K::NotFound),
        (400, "ValidationException", K::InvalidRequest),
        (413, "RequestEntityTooLargeException", K::PayloadTooLarge),
        (404, "UnknownOperationException", K::ProviderMisconfigured),
    ];
    for (status, name, kind) in cases {
        for (header, body) in [
            (name, r#"{"message":"said"}"#.to_owned()),
            ("", format!(r#"{{"__type":"com.amazon.x#{name}","Message":"said"}}"#)),
        ] {
            let failure = explained(status, header, &body);
            assert_eq!(failure.kind(), kind, "{name}");
            assert_eq!(failure.message(), "said", "{name}");
            assert_eq!(failure.upstream_code(), Some(name));
        }
    }
}

#[test]
fn a_validation_is_told_apart_by_its_words() {
    use FailureKind as K;
    let cases = [
        ("Input is too long for requested model.", K::ContextTooLong),
        (
            "The model returned the following errors: prompt is too long: 227255 tokens > 200000 maximum",
            K::ContextTooLong,
        ),
        ("input length and `max_tokens` exceed context limit: 1 + 2 > 2", K::ContextTooLong),
        ("This model's maximum context length is 8 tokens.", K::ContextTooLong),
        (
            "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
            K::ContextTooLong,
        ),
        ("The provided model identifier is invalid.", K::NotFound),
        (
            "Invocation of model ID x with on-demand throughput isn’t supported. Retry your request with an inference profile.",
            K::ProviderMisconfigured,
        ),
        ("messages.0: text field is blank", K::InvalidRequest),
    ];
    for (message, kind) in cases {
        let body = serde_json::json!({"message": message}).to_string();
        let failure = explained(400, "ValidationException", &body);
        assert_eq!(failure.kind(), kind, "{message}");
        assert_eq!(failure.message(), message);
    }
    let body = r#"{"message":"Input is too long for requested model.","originalStatusCode":400}"#;
    assert_eq!(explained(424, "ModelErrorException", body).kind(), K::ContextTooLong);
    assert_eq!(explained(400, "", body).kind(), K::ContextTooLong, "without a name too");
}

#[test]
fn a_refused_credential_is_not_quoted() {
    let said = r#"{"message":"User: arn:aws:iam::123456789012:user/me is not authorized"}"#;
    for (status, name) in [
        (403, "AccessDeniedException"),
        (403, "UnrecognizedClientException"),
        (403, "ExpiredTokenException"),
        (403, "InvalidSignatureException"),
        (403, "SignatureDoesNotMatch"),
        (400, "IncompleteSignature"),
        (403, "MissingAuthenticationTokenException"),
        (403, "BrandNewException"),
        (401, ""),
    ] {
        let failure = explained(status, name, said);
        assert_eq!(failure.kind(), FailureKind::UpstreamAuth, "{name}");
        assert!(!failure.message().contains("123456789012"), "{failure}");
        assert!(failure.message().contains("credential"), "{failure}");
        assert_eq!(failure.upstream_code().unwrap_or_default(), name);
    }
}

#[test]
fn the_wait_is_kept() {
    let head = ResponseHead::new(429)
        .with_header("x-amzn-errortype", "ThrottlingException")
        .with_header("retry-after", "2");
    let failure = BedrockConverse::explain(&chat("m"), &head, b"{}");
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
    assert_eq!(failure.retry_after_ms(), Some(2000));
}

#[test]
fn replies_that_are_not_amazons_are_survived() {
    use FailureKind as K;
    let cases = [
        (502, "", "<html><body>Bad gateway</body></html>", K::UpstreamError, "HTML"),
        (503, "", "", K::UpstreamOverloaded, "no body"),
        (404, "", "<html>", K::ProviderMisconfigured, "base_url"),
        (500, "", "[[[", K::UpstreamError, "not an error object"),
        (429, "BrandNewException", r#"{"message":"slow"}"#, K::UpstreamRateLimited, "slow"),
        (400, "", r#"{"message":"m","code":"c"}"#, K::InvalidRequest, "m"),
    ];
    for (status, name, body, kind, said) in cases {
        let failure = explained(status, name, body);
        assert_eq!(failure.kind(), kind, "{status} {body}");
        assert!(failure.message().contains(said), "{failure}");
    }
}
