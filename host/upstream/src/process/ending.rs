//! How a run ended, and what that means to the caller.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use exchange::{Failure, FailureKind, ProcessEnd};
use sandbox::SpawnProblem;

use super::launcher::LaunchProblem;
use crate::deadline::Deadline;

/// Why a run is over.
#[derive(Debug)]
pub(super) enum Ending {
    /// The program ended by itself and all its output was taken.
    Exited,
    /// Nobody wants the output any more.
    Cancelled,
    /// It did not end, or say anything, in time.
    TooSlow(Deadline),
    /// It wrote more than it may.
    TooMuchOutput {
        /// What it may write.
        max_bytes: u64,
    },
    /// Its output could not be read, or its end not be waited for.
    Broken(io::Error),
}

impl Ending {
    /// What the caller is told; `None` is a good end, or nobody to tell.
    pub(super) fn into_failure(self, status: io::Result<ExitStatus>) -> Option<Failure> {
        match self {
            Self::Cancelled => None,
            Self::TooSlow(deadline) => Some(deadline.failure()),
            Self::TooMuchOutput { max_bytes } => {
                ProcessEnd::TooMuchOutput { max_bytes }.into_failure()
            }
            Self::Broken(error) => lost(error),
            Self::Exited => match status {
                Ok(status) => of_status(status),
                Err(error) => lost(error),
            },
        }
    }
}

/// For the log.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exited => "exited",
            Self::Cancelled => "killed: cancelled",
            Self::TooSlow(_) => "killed: timeout",
            Self::TooMuchOutput { .. } => "killed: too much output",
            Self::Broken(_) => "killed: output broken",
        })
    }
}

fn of_status(status: ExitStatus) -> Option<Failure> {
    let end = match (status.code(), status.signal()) {
        (Some(code), _) => ProcessEnd::Exited(code),
        (None, Some(number)) => ProcessEnd::Signalled(number),
        (None, None) => ProcessEnd::Lost,
    };
    end.into_failure()
}

fn lost(error: io::Error) -> Option<Failure> {
    ProcessEnd::Lost.into_failure().map(|failure| failure.with_cause(error))
}

/// What it means that a program was not started.
pub(super) fn of_launch(problem: LaunchProblem) -> Failure {
    let (kind, message) = match &problem {
        LaunchProblem::Spawn(SpawnProblem::Program(error)) => of_start(error),
        LaunchProblem::Spawn(SpawnProblem::Digest { .. }) => (
            FailureKind::ProviderMisconfigured,
            "the provider's program is not the one that its digest names; install that one, or \
             change the digest",
        ),
        LaunchProblem::Package(_) => (
            FailureKind::ProviderMisconfigured,
            "the provider's program is not what its package installed; the log says why",
        ),
        LaunchProblem::Spawn(SpawnProblem::Policy(_)) => (
            FailureKind::ProviderMisconfigured,
            "the provider's settings name a path that no program can be given; the log says which",
        ),
        LaunchProblem::Spawn(SpawnProblem::Layer { .. }) | LaunchProblem::Driver(_) => (
            FailureKind::SandboxFault,
            "the sandbox that the provider demands, or its network grant, does not work here; the \
             log says which layer it is and why",
        ),
        LaunchProblem::Spawn(SpawnProblem::Setup { .. } | SpawnProblem::Driver(_)) => (
            FailureKind::SandboxFault,
            "the provider's program could not be started in the sandbox; the log says why",
        ),
        LaunchProblem::Gone => {
            (FailureKind::ShuttingDown, "the gateway is shutting down and starts no program")
        }
    };
    Failure::new(kind, message).with_cause(problem)
}

fn of_start(error: &io::Error) -> (FailureKind, &'static str) {
    match error.kind() {
        io::ErrorKind::NotFound => (
            FailureKind::ProviderMisconfigured,
            "the provider's program, or the interpreter it names, does not exist; check the \
             provider's settings",
        ),
        io::ErrorKind::PermissionDenied => (
            FailureKind::ProviderMisconfigured,
            "the provider's program may not be executed; it and the directories above it must be \
             accessible to the user it runs as, which is \"nobody\" where the gateway runs as root",
        ),
        io::ErrorKind::ArgumentListTooLong => (
            FailureKind::PayloadTooLarge,
            "the text does not fit the arguments of the provider's program; shorten it, or \
             configure the provider to take it on standard input",
        ),
        _ => (
            FailureKind::SandboxFault,
            "the provider's program could not be started in the sandbox; the log says why",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(raw_status: i32) -> Option<Failure> {
        Ending::Exited.into_failure(Ok(ExitStatus::from_raw(raw_status)))
    }

    #[test]
    fn every_end_but_status_zero_is_a_failure_that_names_it() {
        assert!(failure(0).is_none());
        let cases = [
            (3 << 8, FailureKind::UpstreamError, "status 3"),
            (126 << 8, FailureKind::ProviderMisconfigured, "status 126"),
            (127 << 8, FailureKind::ProviderMisconfigured, "status 127"),
            (libc::SIGKILL, FailureKind::UpstreamError, "signal 9"),
            (libc::SIGXCPU, FailureKind::UpstreamError, "processor time"),
        ];
        for (status, kind, words) in cases {
            let failure = failure(status).unwrap();
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(failure.message().contains(words), "{failure}");
        }
    }
}
