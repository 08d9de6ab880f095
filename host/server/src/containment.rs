//! Panics end one request, not its connection.

use std::panic::{AssertUnwindSafe, catch_unwind};

use exchange::{Failure, FailureKind};
use futures_util::FutureExt as _;

/// Runs a step; a panic in it becomes an `Internal` failure.
pub(crate) fn contained<T>(step: impl FnOnce() -> T) -> Result<T, Failure> {
    // Whatever the step left half-done is dropped with the request, so nobody sees it.
    catch_unwind(AssertUnwindSafe(step)).map_err(|_| fault())
}

/// Waits for an answer; a panic on the way becomes an `Internal` failure.
pub(crate) async fn contained_async<T>(
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| Err(fault()))
}

/// The panic's own text is left out: it may quote what was being worked on, which may be a
/// prompt.
pub(crate) fn fault() -> Failure {
    Failure::new(FailureKind::Internal, "the gateway failed to answer this request")
        .with_cause("panic while answering")
}
