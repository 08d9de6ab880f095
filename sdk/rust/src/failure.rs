//! Why something did not work, in the contract's words.

use std::error::Error;
use std::fmt;

use crate::bindings::types;

/// The failure kinds that a plugin may name. The host's table maps each to a status code, to
/// retry, fallback, metrics and logs; `wit/types.wit` lists the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The caller's request is wrong.
    InvalidRequest,
    /// No such model or operation.
    NotFound,
    /// The provider takes no body of this size.
    PayloadTooLarge,
    /// The prompt does not fit the model.
    ContextTooLong,
    /// The provider refused the content.
    ContentFiltered,
    /// The provider's rate limit.
    UpstreamRateLimited,
    /// The provider is overloaded.
    UpstreamOverloaded,
    /// The provider did not accept the gateway's credential.
    UpstreamAuth,
    /// The provider failed, or sent what its dialect does not allow.
    UpstreamError,
    /// The provider did not answer in time.
    UpstreamTimeout,
    /// The reply lacks its end.
    StreamTruncated,
    /// The provider's settings make the call impossible.
    ProviderMisconfigured,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::InvalidRequest,
        Self::NotFound,
        Self::PayloadTooLarge,
        Self::ContextTooLong,
        Self::ContentFiltered,
        Self::UpstreamRateLimited,
        Self::UpstreamOverloaded,
        Self::UpstreamAuth,
        Self::UpstreamError,
        Self::UpstreamTimeout,
        Self::StreamTruncated,
        Self::ProviderMisconfigured,
    ];

    /// The name in the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::NotFound => "not-found",
            Self::PayloadTooLarge => "payload-too-large",
            Self::ContextTooLong => "context-too-long",
            Self::ContentFiltered => "content-filtered",
            Self::UpstreamRateLimited => "upstream-rate-limited",
            Self::UpstreamOverloaded => "upstream-overloaded",
            Self::UpstreamAuth => "upstream-auth",
            Self::UpstreamError => "upstream-error",
            Self::UpstreamTimeout => "upstream-timeout",
            Self::StreamTruncated => "stream-truncated",
            Self::ProviderMisconfigured => "provider-misconfigured",
        }
    }
}

/// Why something did not work. One pointer wide, so that results stay small.
///
/// ```
/// use patchbay_sdk::{Failure, FailureKind};
///
/// let failure = Failure::new(FailureKind::InvalidRequest, "temperature has to be at most 1")
///     .with_param("temperature");
/// assert_eq!(failure.kind(), FailureKind::InvalidRequest);
/// ```
#[derive(Clone, PartialEq)]
pub struct Failure(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    kind: FailureKind,
    message: String,
    param: Option<String>,
    retry_after_ms: Option<u64>,
    upstream_code: Option<String>,
}

impl Failure {
    /// A failure with its message: one sentence that says what is wrong and how to mend it.
    /// It may reach the caller.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            param: None,
            retry_after_ms: None,
            upstream_code: None,
        }))
    }

    /// `invalid-request` for one request member, named as a path: `messages[2].content`.
    #[must_use]
    pub fn invalid_request(param: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidRequest, message).with_param(param)
    }

    /// `not-found` for an operation that the plugin does not know.
    #[must_use]
    pub fn unknown_operation(operation: &str) -> Self {
        let message = format!("this provider does not offer the operation {operation:?}");
        Self::new(FailureKind::NotFound, message)
    }

    /// `provider-misconfigured` for one member of the settings: `settings.program`.
    #[must_use]
    pub fn misconfigured(member: &str, reason: &str) -> Self {
        let message = format!("the provider is misconfigured, {member}: {reason}");
        Self::new(FailureKind::ProviderMisconfigured, message).with_param(member)
    }

    /// `upstream-error` for a reply that the dialect does not allow.
    #[must_use]
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(FailureKind::UpstreamError, message)
    }

    /// `stream-truncated` for a reply that lacks its end.
    #[must_use]
    pub fn truncated(message: impl Into<String>) -> Self {
        Self::new(FailureKind::StreamTruncated, message)
    }

    /// Names the request member at fault, as a path.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Says how long the caller should wait.
    #[must_use]
    pub fn with_retry_after_ms(mut self, wait: Option<u64>) -> Self {
        self.0.retry_after_ms = wait;
        self
    }

    /// Keeps the upstream's own code or type.
    #[must_use]
    pub fn with_upstream_code(mut self, code: Option<String>) -> Self {
        self.0.upstream_code = code;
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The request member at fault.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// How long the caller should wait, in milliseconds.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }

    /// The upstream's own code or type.
    #[must_use]
    pub fn upstream_code(&self) -> Option<&str> {
        self.0.upstream_code.as_deref()
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        let inner = *failure.0;
        Self {
            kind: inner.kind.as_str().to_owned(),
            message: inner.message,
            param: inner.param,
            retry_after_ms: inner.retry_after_ms,
            upstream_code: inner.upstream_code,
            extra: Vec::new(),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("param", &self.0.param)
            .field("retry_after_ms", &self.0.retry_after_ms)
            .field("upstream_code", &self.0.upstream_code)
            .finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.as_str(), self.0.message)
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_in_the_contract() {
        let contract = include_str!("../../../wit/types.wit");
        for kind in FailureKind::ALL {
            let name = format!("\"{}\"", kind.as_str());
            assert!(contract.contains(&name), "{name} is not in wit/types.wit");
        }
    }

    #[test]
    fn everything_known_of_a_failure_crosses_the_border() {
        let failure = Failure::invalid_request("n", "n has to be 1")
            .with_retry_after_ms(Some(5))
            .with_upstream_code(Some("bad_n".into()));
        let crossed = types::Failure::from(failure);
        assert_eq!(crossed.kind, "invalid-request");
        assert_eq!(crossed.message, "n has to be 1");
        assert_eq!(crossed.param.as_deref(), Some("n"));
        assert_eq!(crossed.retry_after_ms, Some(5));
        assert_eq!(crossed.upstream_code.as_deref(), Some("bad_n"));
    }
}
