//! What a provider's error reply means.
//!
//! [`reply`] is the default of [`Normalizer::explain`](crate::Normalizer::explain). It goes by
//! the error's own code first, then by the status, and quotes the provider's message where it has
//! one. HTML, plain text and empty bodies are survived. A reply of 401 or 403 is the gateway's
//! credential's fault and is not quoted: the caller cannot mend it.

mod retry_after;

pub use retry_after::retry_after_ms;

use openai_api::sse::classify_document;
use openai_api::{ErrorBody, read_error};

use crate::bindings::types::ResponseHead;
use crate::failure::{Failure, FailureKind};

/// Explains a reply whose status is not 2xx.
///
/// ```
/// use patchbay_sdk::{FailureKind, ResponseHead, explain};
///
/// let head = ResponseHead::new(429).with_header("retry-after", "2");
/// let failure = explain::reply(&head, br#"{"error":{"message":"Slow down","code":"rpm"}}"#);
/// assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
/// assert_eq!(failure.retry_after_ms(), Some(2000));
/// assert_eq!(failure.upstream_code(), Some("rpm"));
/// ```
#[must_use]
pub fn reply(head: &ResponseHead, body: &[u8]) -> Failure {
    let error = read_error(body).filter(|error| !is_of_unknown_path(error));
    let kind = error
        .as_ref()
        .and_then(kind_of_code)
        .unwrap_or_else(|| kind_of_status(head.status, error.is_some()));
    let message = message(kind, head.status, error.as_ref(), body);
    with_details(Failure::new(kind, message), error).with_retry_after_ms(retry_after_ms(head))
}

/// The failure in a 2xx reply or a stream event that is an error object instead of an answer;
/// none if it is not one.
#[must_use]
pub fn error_instead_of_answer(document: &[u8]) -> Option<Failure> {
    if !classify_document(document)?.is_error {
        return None;
    }
    let error = read_error(document)?;
    let kind =
        kind_of_code(&error).or_else(|| kind_of_type(&error)).unwrap_or(FailureKind::UpstreamError);
    let message = if kind == FailureKind::UpstreamAuth {
        refused_credential(None)
    } else if error.message.is_empty() {
        "the provider sent an error without a message".to_owned()
    } else {
        error.message.to_string()
    };
    Some(with_details(Failure::new(kind, message), Some(error)))
}

fn with_details(failure: Failure, error: Option<ErrorBody<'_>>) -> Failure {
    let Some(error) = error else {
        return failure;
    };
    let failure = match error.param {
        Some(param) => failure.with_param(param.into_owned()),
        None => failure,
    };
    let named = [error.code, Some(error.kind)].into_iter().flatten();
    let code = named.into_iter().find(|name| !name.is_empty());
    failure.with_upstream_code(code.map(Into::into))
}

/// FastAPI's answer for a path that it does not have: not the request is wrong, but the address.
fn is_of_unknown_path(error: &ErrorBody<'_>) -> bool {
    error.message == "Not Found" && error.kind.is_empty() && error.code.is_none()
}

/// The names that an error has for itself: code, then type.
fn names<'a>(error: &'a ErrorBody<'_>) -> impl Iterator<Item = &'a str> {
    error.code.as_deref().into_iter().chain([&*error.kind])
}

/// What an error's code says, whatever the status: a prompt that is too long comes with 400, 413
/// and 500, depending on the server.
fn kind_of_code(error: &ErrorBody<'_>) -> Option<FailureKind> {
    const TOO_LONG: [&str; 4] = [
        "context_length_exceeded",
        "exceed_context_size_error",
        "context_window_exceeded",
        "string_above_max_length",
    ];
    const FILTERED: [&str; 4] = [
        "content_filter",
        "content_policy_violation",
        "responsible_ai_policy_violation",
        "content_filtered",
    ];
    let named = |codes: &[&str]| {
        names(error).any(|name| codes.contains(&name.to_ascii_lowercase().as_str()))
    };
    if named(&TOO_LONG) || error.message.contains("maximum context length") {
        Some(FailureKind::ContextTooLong)
    } else if named(&FILTERED) {
        Some(FailureKind::ContentFiltered)
    } else {
        None
    }
}

/// What an error says where there is no status: in an event of a stream.
fn kind_of_type(error: &ErrorBody<'_>) -> Option<FailureKind> {
    let status = error.code.as_deref().and_then(|code| code.parse().ok());
    if let Some(status @ 400..=599) = status {
        return Some(kind_of_status(status, true));
    }
    names(error).find_map(|name| match name {
        "invalid_request_error" => Some(FailureKind::InvalidRequest),
        "authentication_error" | "permission_error" | "invalid_api_key" => {
            Some(FailureKind::UpstreamAuth)
        }
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" => {
            Some(FailureKind::UpstreamRateLimited)
        }
        "overloaded_error" | "server_overloaded" => Some(FailureKind::UpstreamOverloaded),
        "timeout_error" => Some(FailureKind::UpstreamTimeout),
        _ => None,
    })
}

/// What a status says. A 404 or 405 without an error object comes from a server that does not
/// know the path: the base URL is wrong.
fn kind_of_status(status: u16, has_error: bool) -> FailureKind {
    match status {
        404 if has_error => FailureKind::NotFound,
        300..=399 | 404 | 405 => FailureKind::ProviderMisconfigured,
        // 402: the account behind the credential has no money left.
        401..=403 => FailureKind::UpstreamAuth,
        408 | 504 | 524 => FailureKind::UpstreamTimeout,
        413 => FailureKind::PayloadTooLarge,
        429 => FailureKind::UpstreamRateLimited,
        503 | 529 => FailureKind::UpstreamOverloaded,
        400..=499 => FailureKind::InvalidRequest,
        _ => FailureKind::UpstreamError,
    }
}

fn message(kind: FailureKind, status: u16, error: Option<&ErrorBody<'_>>, body: &[u8]) -> String {
    if kind == FailureKind::UpstreamAuth {
        return refused_credential(Some(status));
    }
    let said = match error {
        Some(error) if !error.message.is_empty() => return error.message.to_string(),
        Some(_) => "an error without a message".to_owned(),
        None => describe(body),
    };
    let advice = match kind {
        FailureKind::ProviderMisconfigured => "; the provider's base_url may be wrong",
        _ => "",
    };
    format!("the provider answered with status {status} and {said}{advice}")
}

fn refused_credential(status: Option<u16>) -> String {
    let status = status.map_or_else(String::new, |status| format!(" (status {status})"));
    format!(
        "the provider did not accept the gateway's credential{status}; its operator has to check it"
    )
}

/// Says what a body is that is no error object: its start if it is text, never a page of HTML.
fn describe(body: &[u8]) -> String {
    const MAX_CHARS: usize = 300;
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        "no body".to_owned()
    } else if text.starts_with('<') {
        "an HTML page".to_owned()
    } else if text.contains(['{', '[', char::REPLACEMENT_CHARACTER, '\0']) {
        "a body that is not an error object".to_owned()
    } else {
        let line: Vec<_> = text.split_whitespace().collect();
        let start: String = line.join(" ").chars().take(MAX_CHARS).collect();
        format!("the text {start:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(status: u16, body: &str) -> Failure {
        reply(&ResponseHead::new(status), body.as_bytes())
    }

    #[test]
    fn each_status_has_its_kind() {
        use FailureKind as K;
        let cases = [
            (302, K::ProviderMisconfigured),
            (400, K::InvalidRequest),
            (401, K::UpstreamAuth),
            (402, K::UpstreamAuth),
            (403, K::UpstreamAuth),
            (404, K::NotFound),
            (408, K::UpstreamTimeout),
            (413, K::PayloadTooLarge),
            (422, K::InvalidRequest),
            (429, K::UpstreamRateLimited),
            (500, K::UpstreamError),
            (502, K::UpstreamError),
            (503, K::UpstreamOverloaded),
            (504, K::UpstreamTimeout),
            (529, K::UpstreamOverloaded),
        ];
        for (status, kind) in cases {
            let failure = explained(status, r#"{"error":{"message":"no"}}"#);
            assert_eq!(failure.kind(), kind, "{status}");
        }
    }

    #[test]
    fn the_code_outranks_the_status() {
        use FailureKind as K;
        let cases = [
            (
                400,
                r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#,
                K::ContextTooLong,
            ),
            (
                500,
                r#"{"error":{"message":"m","type":"exceed_context_size_error"}}"#,
                K::ContextTooLong,
            ),
            (
                400,
                r#"{"message":"This model's maximum context length is 8","code":400}"#,
                K::ContextTooLong,
            ),
            (400, r#"{"error":{"message":"m","code":"content_filter"}}"#, K::ContentFiltered),
        ];
        for (status, body, kind) in cases {
            assert_eq!(explained(status, body).kind(), kind, "{body}");
        }
    }

    #[test]
    fn the_providers_words_param_and_code_are_kept() {
        let body = r#"{"error":{"message":"n has to be 1","type":"t","param":"n","code":null}}"#;
        let failure = explained(400, body);
        assert_eq!(failure.message(), "n has to be 1");
        assert_eq!(failure.param(), Some("n"));
        assert_eq!(failure.upstream_code(), Some("t"));
    }

    #[test]
    fn a_refused_credential_is_not_quoted() {
        let body = r#"{"error":{"message":"Incorrect API key sk-abc","code":"invalid_api_key"}}"#;
        for status in [401, 403] {
            let failure = explained(status, body);
            assert!(!failure.message().contains("sk-abc"), "{failure:?}");
            assert_eq!(failure.upstream_code(), Some("invalid_api_key"));
        }
    }

    #[test]
    fn bodies_that_are_no_error_object_are_survived() {
        let cases = [
            ("", "no body"),
            ("<html><body>Bad gateway</body></html>", "an HTML page"),
            ("upstream\n  connect error", "\"upstream connect error\""),
            ("{\"error\":", "not an error object"),
            ("{}", "not an error object"),
        ];
        for (body, said) in cases {
            let failure = explained(502, body);
            assert_eq!(failure.kind(), FailureKind::UpstreamError, "{body}");
            assert!(failure.message().contains(said), "{failure:?}");
        }
    }

    #[test]
    fn a_path_that_the_server_does_not_know_is_the_operators_affair() {
        for body in ["404 page not found", "<html>", r#"{"detail":"Not Found"}"#] {
            let failure = explained(404, body);
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{body}");
            assert!(failure.message().contains("base_url"), "{failure:?}");
        }
    }

    #[test]
    fn an_error_in_a_stream_is_found_and_an_answer_is_not() {
        use FailureKind as K;
        let cases = [
            (r#"{"error":{"message":"m","code":503}}"#, Some(K::UpstreamOverloaded)),
            (
                r#"{"error":{"message":"m","type":"rate_limit_error"}}"#,
                Some(K::UpstreamRateLimited),
            ),
            (
                r#"{"error":{"message":"sk-abc","type":"authentication_error"}}"#,
                Some(K::UpstreamAuth),
            ),
            (r#"{"error":"out of memory"}"#, Some(K::UpstreamError)),
            (r#"{"id":"x","choices":[],"error":null}"#, None),
            (r#"{"id":"x","choices":[{"message":{"content":"error"}}]}"#, None),
            ("[DONE]", None),
        ];
        for (document, kind) in cases {
            let failure = error_instead_of_answer(document.as_bytes());
            assert_eq!(failure.as_ref().map(Failure::kind), kind, "{document}");
            assert!(failure.is_none_or(|failure| !failure.message().contains("sk-abc")));
        }
    }
}
