//! One failure: what the caller is told, and what only the log is told.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use kind::FailureKind;

pub(crate) mod kind;

/// Longest public message in bytes; longer ones are cut at a character.
const MAX_MESSAGE_BYTES: usize = 4096;

/// Why a request or an attempt did not work.
///
/// The message is public: it may reach the caller. The cause is internal: it goes to the access
/// log and never into a body. One pointer wide, so that results stay small.
pub struct Failure(Box<Inner>);

struct Inner {
    kind: FailureKind,
    message: String,
    param: Option<String>,
    retry_after: Option<Duration>,
    upstream_code: Option<String>,
    upstream_status: Option<u16>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure with its public message: what is wrong and how to mend it.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: cut(message.into()),
            param: None,
            retry_after: None,
            upstream_code: None,
            upstream_status: None,
            cause: None,
        }))
    }

    /// Names the request member at fault, as a path: `messages[2].content`.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Says how long the caller should wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Keeps the upstream's own code or type.
    #[must_use]
    pub fn with_upstream_code(mut self, code: impl Into<String>) -> Self {
        self.0.upstream_code = Some(code.into());
        self
    }

    /// Keeps the upstream's HTTP status.
    #[must_use]
    pub fn with_upstream_status(mut self, status: u16) -> Self {
        self.0.upstream_status = Some(status);
        self
    }

    /// Keeps the internal cause, for the log alone.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Replaces the public message, keeping everything else.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = cut(message.into());
        self
    }

    /// Replaces the kind, keeping everything else.
    #[must_use]
    pub fn with_kind(mut self, kind: FailureKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// The public message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The request member at fault.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// How long somebody asked to wait, if anybody did.
    #[must_use]
    pub fn named_retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How long the caller should wait: what the upstream said, else a second where the failure
    /// is one of load, else nothing. A spent budget does not come back by waiting a second.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let is_load = matches!(self.0.kind.rule().status, 429 | 503)
            && self.0.kind != FailureKind::QuotaExceeded;
        self.0.retry_after.or_else(|| is_load.then_some(kind::DEFAULT_RETRY_AFTER))
    }

    /// The upstream's own code or type.
    #[must_use]
    pub fn upstream_code(&self) -> Option<&str> {
        self.0.upstream_code.as_deref()
    }

    /// The upstream's HTTP status.
    #[must_use]
    pub fn upstream_status(&self) -> Option<u16> {
        self.0.upstream_status
    }

    /// The internal cause with all its sources, for the log alone.
    #[must_use]
    pub fn cause_chain(&self) -> Option<String> {
        let mut error: &dyn Error = self.0.cause.as_deref()?;
        let mut chain = error.to_string();
        while let Some(source) = error.source() {
            chain.push_str(": ");
            chain.push_str(&source.to_string());
            error = source;
        }
        Some(chain)
    }
}

fn cut(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
    message
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("cause", &self.cause_chain())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.rule().label, self.0.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Replaces every occurrence of the secrets in `text`, so that what an upstream quotes of our
/// credential does not reach a caller. Secrets shorter than eight bytes are left: replacing
/// them would garble ordinary words.
#[must_use]
pub fn redact<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let mut redacted = Cow::Borrowed(text);
    for secret in secrets {
        if secret.len() >= 8 && redacted.contains(secret) {
            redacted = Cow::Owned(redacted.replace(secret, "[redacted]"));
        }
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let failure = Failure::new(FailureKind::InvalidRequest, "é".repeat(3000));
        assert_eq!(failure.message().len(), MAX_MESSAGE_BYTES);
        assert!(failure.message().chars().all(|c| c == 'é'));
    }

    #[test]
    fn the_cause_is_in_the_chain_and_not_in_the_message() {
        let cause = std::io::Error::other("10.0.0.7 refused");
        let failure =
            Failure::new(FailureKind::UpstreamUnreachable, "no connection").with_cause(cause);
        assert_eq!(failure.cause_chain().unwrap(), "10.0.0.7 refused");
        assert!(!failure.to_string().contains("10.0.0.7"));
    }

    #[test]
    fn failures_of_load_say_how_long_to_wait() {
        let wait = |kind| Failure::new(kind, "").retry_after();
        assert_eq!(wait(FailureKind::QueueFull), Some(Duration::from_secs(1)));
        assert_eq!(wait(FailureKind::UpstreamRateLimited), Some(Duration::from_secs(1)));
        assert_eq!(wait(FailureKind::InvalidRequest), None);
        assert_eq!(wait(FailureKind::QuotaExceeded), None);
    }

    #[test]
    fn quoted_secrets_are_redacted() {
        assert_eq!(redact("key sk-12345678 is bad", &["sk-12345678"]), "key [redacted] is bad");
        assert_eq!(redact("a key", &["key"]), "a key");
    }
}
