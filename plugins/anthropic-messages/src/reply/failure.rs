//! Failures in the dialect's form: `{"type": "error", "error": {"type", "message"}}`.

use patchbay_sdk::{CallerFailure, Reply};
use serde::Serialize;

/// What clients of the dialect look for to shorten a conversation by themselves.
const TOO_LONG: &str = "prompt is too long";

/// The error object.
#[derive(Debug, Serialize)]
pub(super) struct ErrorBody {
    r#type: &'static str,
    error: Error,
}

#[derive(Debug, Serialize)]
struct Error {
    r#type: &'static str,
    message: String,
}

/// A failure as an answer.
pub(crate) fn fail(status: u16, failure: &CallerFailure) -> Reply {
    Reply::json(status, json(status, failure))
}

pub(super) fn json(status: u16, failure: &CallerFailure) -> Vec<u8> {
    serde_json::to_vec(&body(status, failure)).expect("texts have a JSON")
}

/// The error object. Within a stream there is no status, and 0 stands for it.
pub(super) fn body(status: u16, failure: &CallerFailure) -> ErrorBody {
    let error = Error { r#type: error_type(status, &failure.kind), message: message(failure) };
    ErrorBody { r#type: "error", error }
}

/// The kind decides, because the host answers failures of a provider with a status of its own;
/// kinds that are not known here are told by the status.
fn error_type(status: u16, kind: &str) -> &'static str {
    match kind {
        "invalid-request" | "method-not-allowed" | "context-too-long" | "content-filtered" => {
            "invalid_request_error"
        }
        "unauthenticated" => "authentication_error",
        "forbidden" => "permission_error",
        "not-found" => "not_found_error",
        "payload-too-large" => "request_too_large",
        "rate-limited" | "quota-exceeded" | "upstream-rate-limited" => "rate_limit_error",
        "queue-full" | "shutting-down" | "upstream-overloaded" => "overloaded_error",
        "request-timeout" | "upstream-timeout" => "timeout_error",
        _ => match status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            408 | 504 => "timeout_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 | 529 => "overloaded_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        },
    }
}

/// The dialect has no member for the path of what is wrong: it stands in the message.
fn message(failure: &CallerFailure) -> String {
    let message = &failure.message;
    match &failure.param {
        Some(param) if !message.contains(param.as_str()) => format!("{param}: {message}"),
        _ if failure.kind == "context-too-long" && !message.contains(TOO_LONG) => {
            format!("{TOO_LONG}: {message}")
        }
        _ => message.clone(),
    }
}
