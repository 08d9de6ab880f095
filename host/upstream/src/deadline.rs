//! Moments that an exchange must not outlive, each with the name that the operator gave it.

use std::time::Duration;

use exchange::{Failure, timeout_failure};
use tokio::time::Instant;

/// Longest wait that is computed with; more is as good as for ever.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Which of the operator's deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadlineKind {
    /// Until the connection stands.
    Connect,
    /// Until the reply's head.
    FirstByte,
    /// Between two reads.
    Idle,
    /// The whole exchange or run.
    Total,
}

impl DeadlineKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstByte => "first-byte",
            Self::Idle => "idle",
            Self::Total => "total",
        }
    }

    /// The failure of a deadline of this kind and length that has passed.
    pub(crate) fn failure(self, length: Duration) -> Failure {
        timeout_failure(self.as_str(), length)
    }
}

/// One deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// When it passes.
    pub(crate) at: Instant,
    kind: DeadlineKind,
    length: Duration,
}

impl Deadline {
    /// The deadline `length` after `start`.
    pub(crate) fn after(start: Instant, kind: DeadlineKind, length: Duration) -> Self {
        Self { at: start + length.min(LONGEST), kind, length }
    }

    /// The earlier one of two.
    pub(crate) fn earlier(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }

    /// How long after its start it passes.
    pub(crate) fn length(self) -> Duration {
        self.length
    }

    /// What passing it means.
    pub(crate) fn failure(self) -> Failure {
        self.kind.failure(self.length)
    }
}

#[cfg(test)]
mod tests {
    use exchange::FailureKind;

    use super::*;

    #[test]
    fn the_failure_names_the_deadline_and_its_length() {
        let start = Instant::now();
        let total = Deadline::after(start, DeadlineKind::Total, Duration::from_secs(9));
        let idle = Deadline::after(start, DeadlineKind::Idle, Duration::from_millis(1500));
        let failure = total.earlier(idle).failure();
        assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
        assert!(failure.message().contains("idle timeout of 1.5s"));
    }

    #[test]
    fn an_endless_timeout_does_not_overflow() {
        let start = Instant::now();
        assert!(Deadline::after(start, DeadlineKind::Total, Duration::MAX).at > start);
    }
}
