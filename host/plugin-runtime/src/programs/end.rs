//! How a run ended, and what that means to the caller.

use std::fmt;
use std::time::Duration;

use exchange::{Failure, FailureKind, ProcessEnd};
use thiserror::Error;
use wasmtime_wasi::{I32Exit, ResourceTableError};

use super::meter::Meter;

/// Why a run is over.
#[derive(Debug)]
pub(super) enum End {
    /// The program ended by itself.
    Exited(i32),
    /// It did what no program may.
    Trapped(String),
    /// It ended after it was refused memory.
    OutOfMemory(String),
    /// It opened more than it may.
    TooManyHandles,
    /// It used more processor time than it may.
    CpuSpent,
    /// It did not end, or say anything, in time.
    TooSlow { deadline: &'static str, length: Duration },
    /// It wrote more than it may.
    TooMuchOutput { max_bytes: u64 },
    /// Nobody wants the output any more.
    Cancelled,
}

/// The trap, for the log.
#[derive(Debug, Error)]
#[error("{0}")]
struct Trap(String);

impl End {
    /// Of what the engine says.
    pub(super) fn of(result: wasmtime::Result<i32>, meter: &Meter) -> Self {
        let error = match result {
            Ok(code) => return Self::Exited(code),
            Err(error) => error,
        };
        if let Some(I32Exit(code)) = error.downcast_ref() {
            return Self::Exited(*code);
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return Self::TooManyHandles;
        }
        let reason = format!("{error:#}");
        if meter.has_refused() { Self::OutOfMemory(reason) } else { Self::Trapped(reason) }
    }

    /// What the caller is told; `None` is a good end, or nobody to tell. What would be a signal
    /// of a process is an `UpstreamError`, as there.
    pub(super) fn into_failure(self) -> Option<Failure> {
        let ended = |reason: &str| {
            let message = format!("the provider's program was ended: {reason}");
            Failure::new(FailureKind::UpstreamError, message)
        };
        match self {
            Self::Cancelled => None,
            Self::Exited(code) => ProcessEnd::Exited(code).into_failure(),
            Self::Trapped(reason) => {
                Some(ended("it trapped; the log says where").with_cause(Trap(reason)))
            }
            Self::OutOfMemory(reason) => {
                Some(ended("it asked for more memory than it may use").with_cause(Trap(reason)))
            }
            Self::TooManyHandles => Some(ended("it opened more files and streams than it may")),
            Self::CpuSpent => Some(ended("it used more processor time than it may")),
            Self::TooSlow { deadline, length } => {
                ProcessEnd::TooSlow { timeout: deadline, length }.into_failure()
            }
            Self::TooMuchOutput { max_bytes } => {
                ProcessEnd::TooMuchOutput { max_bytes }.into_failure()
            }
        }
    }
}

/// For the log.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Trapped(reason) => write!(f, "trapped: {reason}"),
            Self::OutOfMemory(reason) => write!(f, "trapped without memory: {reason}"),
            Self::TooManyHandles => f.write_str("ended: too many open files"),
            Self::CpuSpent => f.write_str("ended: processor time"),
            Self::TooSlow { .. } => f.write_str("ended: timeout"),
            Self::TooMuchOutput { .. } => f.write_str("ended: too much output"),
            Self::Cancelled => f.write_str("ended: cancelled"),
        }
    }
}
