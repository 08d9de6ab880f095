//! What is read along in a reply: tokens, and an error in the clothes of a success.

use exchange::{Failure, FailureKind, Usage};
use openai_api::{TokenUsage, read_error};

use crate::trace::Trace;

/// Notes what the provider counted, if it did.
pub(super) fn note_usage(trace: &Trace, counted: Option<TokenUsage>) {
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
