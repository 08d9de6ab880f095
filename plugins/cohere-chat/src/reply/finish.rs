//! Why a reply ended.

use patchbay_sdk::reply::FinishReason;
use patchbay_sdk::{Failure, FailureKind};

/// A finish reason in canonical words. A word that is new says at least that the reply is whole.
///
/// # Errors
/// For the reasons that are none: something failed on the way.
pub(super) fn reason(reason: Option<&str>, error: Option<&str>) -> Result<FinishReason, Failure> {
    let said = |otherwise: &str| error.filter(|e| !e.is_empty()).unwrap_or(otherwise).to_owned();
    let failed = |kind, otherwise: &str| {
        let failure = Failure::new(kind, said(otherwise));
        Err(failure.with_upstream_code(reason.map(Into::into)))
    };
    match reason {
        Some("MAX_TOKENS" | "ERROR_LIMIT") => Ok(FinishReason::Length),
        Some("TOOL_CALL") => Ok(FinishReason::ToolCalls),
        Some("ERROR_TOXIC") => Ok(FinishReason::ContentFilter),
        Some("ERROR") => {
            failed(FailureKind::UpstreamError, "the provider failed while it answered")
        }
        Some("TIMEOUT") => {
            failed(FailureKind::UpstreamTimeout, "the provider did not finish its answer in time")
        }
        _ => Ok(FinishReason::Stop),
    }
}
