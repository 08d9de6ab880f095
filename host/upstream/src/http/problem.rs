//! What an error of the HTTP client means. Messages are public and name no address; the cause is
//! for the log and has its URL removed, because a URL may carry a credential.

use std::error::Error;
use std::io;

use exchange::{Failure, FailureKind, Timeouts};

use super::reach::{self, RefusedAddress};
use crate::deadline::DeadlineKind;

/// An error before the reply's head.
pub(super) fn before_head(error: reqwest::Error, timeouts: &Timeouts) -> Failure {
    let error = error.without_url();
    let failure = if find::<RefusedAddress>(&error).is_some() {
        reach::refusal()
    } else if error.is_builder() {
        Failure::new(
            FailureKind::ProviderMisconfigured,
            "the provider's address cannot be used; check its base_url",
        )
    } else if error.is_connect() && error.is_timeout() {
        DeadlineKind::Connect.failure(timeouts.connect)
    } else if error.is_connect() {
        Failure::new(
            FailureKind::UpstreamUnreachable,
            "the provider cannot be reached: no connection could be made",
        )
    } else {
        Failure::new(
            FailureKind::UpstreamError,
            "the connection to the provider broke before it answered",
        )
    };
    failure.with_cause(error)
}

/// An error within the reply's body: bytes that are wrong, else an end that came too early.
pub(super) fn within_body(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let wrong_bytes = find::<io::Error>(&error).is_some_and(|error| {
        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    });
    let failure = if wrong_bytes {
        Failure::new(FailureKind::UpstreamError, "the provider's reply is not properly encoded")
    } else {
        Failure::new(FailureKind::StreamTruncated, "the provider's reply broke off before its end")
    };
    failure.with_cause(error)
}

/// A body over its cap.
pub(super) fn over_cap(max_bytes: u64) -> Failure {
    Failure::new(
        FailureKind::UpstreamError,
        format!("the provider's reply is over the {max_bytes} bytes that are allowed"),
    )
}

/// The first error of a type in a chain of sources.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        current = error.source();
    }
    None
}
