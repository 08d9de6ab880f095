//! How programs come to their end, and what that means to the caller.

use std::time::Duration;

use crate::failure::Failure;
use crate::failure::kind::FailureKind;

/// Exit codes by which shells say that a command was not run (POSIX, `sh`, "Exit status").
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Numbers of signals on Linux.
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;
const SIGSYS: i32 = 31;

/// How a program that was started ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal of Linux.
    Signalled(i32),
    /// It needed more memory than it may.
    OutOfMemory,
    /// It wrote more than it may.
    TooMuchOutput {
        /// What it may write.
        max_bytes: u64,
    },
    /// It was not done in time.
    TooSlow {
        /// Which of its timeouts passed.
        timeout: &'static str,
        /// How long that is.
        length: Duration,
    },
    /// Nobody knows.
    Lost,
}

impl ProcessEnd {
    /// What the caller is told; `None` is a good end.
    #[must_use]
    pub fn into_failure(self) -> Option<Failure> {
        let (kind, message) = match self {
            Self::Exited(0) => return None,
            Self::Exited(status) => of_status(status),
            Self::Signalled(number) => (FailureKind::UpstreamError, of_signal(number)),
            Self::OutOfMemory => (
                FailureKind::UpstreamError,
                "the provider's program was ended: it used more memory than it may".to_owned(),
            ),
            Self::TooMuchOutput { max_bytes } => (
                FailureKind::UpstreamError,
                format!("the provider's program wrote more than the {max_bytes} bytes allowed"),
            ),
            Self::TooSlow { timeout, length } => return Some(timeout_failure(timeout, length)),
            Self::Lost => (
                FailureKind::SandboxFault,
                "the gateway lost sight of the provider's program".to_owned(),
            ),
        };
        Some(Failure::new(kind, message))
    }
}

/// The failure of a timeout that has passed, by the operator's name for it.
#[must_use]
pub fn timeout_failure(timeout: &str, length: Duration) -> Failure {
    Failure::new(
        FailureKind::UpstreamTimeout,
        format!("the provider did not answer in time: its {timeout} timeout of {length:?} passed"),
    )
}

fn of_status(status: i32) -> (FailureKind, String) {
    let reason = match status {
        NOT_EXECUTABLE => "is not executable",
        NOT_FOUND => "was not found",
        _ => {
            let message = format!("the provider's program exited with status {status}");
            return (FailureKind::UpstreamError, message);
        }
    };
    let message = format!(
        "the provider's program exited with status {status}: what it was to run {reason}; check \
         the provider's settings"
    );
    (FailureKind::ProviderMisconfigured, message)
}

fn of_signal(number: i32) -> String {
    let reason = match number {
        SIGXCPU => ": it used more processor time than it may",
        SIGXFSZ => ": it wrote a larger file than it may",
        SIGSYS => ": it made a system call that is not allowed",
        _ => "",
    };
    format!("the provider's program was ended by signal {number}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_but_status_zero_is_a_failure_that_names_it() {
        assert!(ProcessEnd::Exited(0).into_failure().is_none());
        let too_slow = ProcessEnd::TooSlow { timeout: "idle", length: Duration::from_secs(3) };
        let cases = [
            (ProcessEnd::Exited(3), FailureKind::UpstreamError, "status 3"),
            (ProcessEnd::Exited(126), FailureKind::ProviderMisconfigured, "not executable"),
            (ProcessEnd::Exited(127), FailureKind::ProviderMisconfigured, "not found"),
            (ProcessEnd::Signalled(9), FailureKind::UpstreamError, "signal 9"),
            (ProcessEnd::Signalled(SIGXCPU), FailureKind::UpstreamError, "processor time"),
            (ProcessEnd::OutOfMemory, FailureKind::UpstreamError, "more memory"),
            (ProcessEnd::TooMuchOutput { max_bytes: 7 }, FailureKind::UpstreamError, "7 bytes"),
            (too_slow, FailureKind::UpstreamTimeout, "idle timeout of 3s"),
            (ProcessEnd::Lost, FailureKind::SandboxFault, "lost sight"),
        ];
        for (end, kind, words) in cases {
            let failure = end.into_failure().unwrap();
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(failure.message().contains(words), "{failure}");
        }
    }
}
