//! What is read along in a reply: tokens, and an error in the clothes of a success.

use exchange::{Failure, FailureKind, Usage};
use openai_api::{TokenUsage, read_error};

use crate::trace::Trace;

/// Notes what the provider counted, if it did.
pub(crate) fn note_usage(trace: &Trace, counted: Option<TokenUsage>) {
    let Some(counted) = counted else { return };
    let usage = Usage {
        prompt_tokens: counted.prompt_tokens,
        completion_tokens: counted.completion_tokens,
        cached_tokens: counted.cached_tokens,
        reasoning_tokens: counted.reasoning_tokens,
    };
    trace.note(|notes| notes.usage = Some(usage));
}

/// The provider's words for an error inside a good reply.
pub(super) fn error_in(document: &[u8]) -> Option<Failure> {
    let error = read_error(document)?;
    let failure = Failure::new(FailureKind::UpstreamError, error.message);
    Some(match error.code {
        Some(code) => failure.with_upstream_code(code),
        None => failure,
    })
}

/// An error that a good reply carries, in the provider's words if it has any.
pub(super) fn reported_error(document: &[u8]) -> Failure {
    error_in(document).unwrap_or_else(|| {
        let message = "the provider reported an error without words";
        Failure::new(FailureKind::UpstreamError, message)
    })
}

/// What a plugin returned in place of canonical documents.
pub(crate) fn rubbish(cause: impl Into<String>) -> Failure {
    Failure::new(FailureKind::PluginFault, "the plugin of this provider returned rubbish")
        .with_cause(cause.into())
}
