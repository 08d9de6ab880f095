//! What the API's errors mean: `{"type": "error", "error": {"type", "message"}, "request_id"}`.
//!
//! The type decides before the status, and for a few errors that all are of the type
//! `invalid_request_error` the message. Other shapes are left to the SDK.
//!
//! Source: <https://platform.claude.com/docs/en/api/errors>.

use patchbay_sdk::canonical::{ErrorBody, read_error};
use patchbay_sdk::{Failure, FailureKind, ResponseHead, explain};

/// Explains a reply whose status is not 2xx.
pub(crate) fn reply(head: &ResponseHead, body: &[u8]) -> Failure {
    match read_error(body).and_then(|error| of_error(&error)) {
        Some(failure) => failure.with_retry_after_ms(explain::retry_after_ms(head)),
        None => explain::reply(head, body),
    }
}

/// The failure in a document that is an error instead of an answer; none if it is not one.
pub(crate) fn instead_of_answer(document: &[u8]) -> Option<Failure> {
    let failure = explain::error_instead_of_answer(document)?;
    read_error(document).and_then(|error| of_error(&error)).or(Some(failure))
}

/// The failure in an `error` event.
pub(crate) fn in_stream(event: &[u8]) -> Failure {
    instead_of_answer(event)
        .unwrap_or_else(|| Failure::upstream("the provider sent an error without a message"))
}

/// None if the type alone does not say the kind: the status may.
fn of_error(error: &ErrorBody<'_>) -> Option<Failure> {
    let kind = kind_of_message(&error.message).or_else(|| kind_of_type(&error.kind))?;
    let message = match kind {
        // The caller cannot mend it, and the text may quote the key.
        FailureKind::UpstreamAuth => {
            "the provider did not accept the gateway's credential or its account; its operator \
             has to check it"
                .to_owned()
        }
        _ if error.message.is_empty() => "the provider sent an error without a message".to_owned(),
        _ => error.message.to_string(),
    };
    let code = (!error.kind.is_empty()).then(|| error.kind.to_string());
    Some(Failure::new(kind, message).with_upstream_code(code))
}

/// Errors that their type does not tell apart from any other wrong request.
fn kind_of_message(message: &str) -> Option<FailureKind> {
    const KINDS: [(&str, FailureKind); 7] = [
        ("prompt is too long", FailureKind::ContextTooLong),
        ("exceed context limit", FailureKind::ContextTooLong),
        ("exceeds the context window", FailureKind::ContextTooLong),
        ("maximum context length", FailureKind::ContextTooLong),
        ("content filtering policy", FailureKind::ContentFiltered),
        ("credit balance is too low", FailureKind::UpstreamAuth),
        ("organization has been disabled", FailureKind::UpstreamAuth),
    ];
    let message = message.to_ascii_lowercase();
    KINDS.iter().find(|(words, _)| message.contains(words)).map(|(_, kind)| *kind)
}

fn kind_of_type(kind: &str) -> Option<FailureKind> {
    match kind {
        "invalid_request_error" => Some(FailureKind::InvalidRequest),
        "authentication_error" | "permission_error" | "billing_error" => {
            Some(FailureKind::UpstreamAuth)
        }
        "not_found_error" => Some(FailureKind::NotFound),
        "request_too_large" => Some(FailureKind::PayloadTooLarge),
        "rate_limit_error" => Some(FailureKind::UpstreamRateLimited),
        "overloaded_error" => Some(FailureKind::UpstreamOverloaded),
        "timeout_error" => Some(FailureKind::UpstreamTimeout),
        _ => None,
    }
}
