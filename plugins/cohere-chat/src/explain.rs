//! What Cohere's errors mean: `{"message", "id"}` with a status.
//!
//! Source: <https://docs.cohere.com/reference/errors>.

use patchbay_sdk::{Failure, FailureKind, ResponseHead, explain};

/// Explains a reply whose status is not 2xx. Cohere's errors have no code; their messages begin
/// with a few fixed words.
pub(crate) fn reply(head: &ResponseHead, body: &[u8]) -> Failure {
    let failure = explain::reply(head, body);
    let kind = match head.status {
        // The request or the reply holds a deny-listed token.
        498 => FailureKind::ContentFiltered,
        // Cohere cancelled it: the caller is still there, or nobody would read this.
        499 => FailureKind::UpstreamError,
        400 | 422 if is_too_long(failure.message()) => FailureKind::ContextTooLong,
        _ => return failure,
    };
    Failure::new(kind, failure.message())
        .with_retry_after_ms(failure.retry_after_ms())
        .with_upstream_code(failure.upstream_code().map(Into::into))
}

/// "too many tokens: …" is about the prompt, unless it is about `max_tokens`.
fn is_too_long(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.starts_with("too many tokens") && !message.contains("max tokens must be")
}
