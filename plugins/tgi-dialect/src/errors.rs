//! What a server's errors mean: `{"error": "a sentence", "error_type": "a word"}`, with a status
//! or, in a stream, in an event.
//!
//! A server whose places are all taken says `overloaded` with status 429. That is the server's state
//! and no limit of the one who asks, so it is `upstream-overloaded`; a 429 without that word is from
//! a host before the server that limits rates. Source:
//! <https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs>.

use patchbay_sdk::{Failure, FailureKind, ResponseHead, explain};
use serde_json::Value;

/// Explains a reply whose status is not 2xx.
pub(crate) fn of_reply(head: &ResponseHead, body: &[u8]) -> Failure {
    let failure = explain::reply(head, body);
    match failure.kind() {
        FailureKind::UpstreamAuth => failure,
        // Failed Dependency: a shard of the server failed.
        _ if head.status == 424 => by_type(with_kind(failure, FailureKind::UpstreamError), body),
        _ => by_type(failure, body),
    }
}

/// The failure in a document that is no answer.
pub(crate) fn instead_of_answer(document: &[u8]) -> Failure {
    if let Some(failure) = explain::error_instead_of_answer(document) {
        return by_type(failure, document);
    }
    Failure::upstream(match document.trim_ascii() {
        [] => "the provider answered with an empty body",
        [b'<', ..] => "the provider answered with an HTML page",
        _ => "the provider answered with something that is not TGI's JSON",
    })
}

/// The type outranks the status, and in a stream there is no status.
fn by_type(failure: Failure, body: &[u8]) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(kind) = body.get("error_type").and_then(Value::as_str) else { return failure };
    let failure = failure.with_upstream_code(Some(kind.to_owned()));
    let kind = match kind {
        "validation" if is_of_length(failure.message()) => FailureKind::ContextTooLong,
        "validation" | "template_error" | "missing_template_variable" | "tool_error" => {
            FailureKind::InvalidRequest
        }
        // Also of a health check that fails.
        "overloaded" | "healthcheck" => FailureKind::UpstreamOverloaded,
        "generation"
        | "incomplete_generation"
        | "incomplete_generation_stream"
        | "stream_serialization_error" => FailureKind::UpstreamError,
        _ => return failure,
    };
    with_kind(failure, kind)
}

/// Whether a prompt does not fit, alone or with what may be generated.
fn is_of_length(message: &str) -> bool {
    message.contains("`inputs` tokens + `max_new_tokens` must be")
        || message.contains("`inputs` must have less than")
}

fn with_kind(failure: Failure, kind: FailureKind) -> Failure {
    Failure::new(kind, failure.message())
        .with_retry_after_ms(failure.retry_after_ms())
        .with_upstream_code(failure.upstream_code().map(Into::into))
}
