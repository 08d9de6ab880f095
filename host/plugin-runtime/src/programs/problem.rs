//! Why a program was not started.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use exchange::{Failure, FailureKind};
use sandbox::{Layer, ProgramDigest};
use thiserror::Error;

/// Why a program was not started.
#[derive(Debug, Error)]
pub(super) enum StartProblem {
    /// The file cannot be read, or is none.
    #[error("the program {0:?} cannot be read")]
    File(PathBuf, #[source] io::Error),
    /// It is another one than the operator allowed.
    #[error("{program:?} has the digest {found} and not {expected}")]
    Digest { program: PathBuf, expected: ProgramDigest, found: ProgramDigest },
    /// It is no program for this engine: what it imports, exports or is.
    #[error("{0:?} is no WASI program that can be run: {1}")]
    Unfit(PathBuf, Arc<str>),
    /// The policy names what cannot be given.
    #[error("{0}")]
    Policy(String),
    /// The policy demands a layer that there is not.
    #[error("the sandbox wasi has no layer {layer}, which the policy demands: {reason}")]
    Layer { layer: Layer, reason: String },
    /// No private directory.
    #[error("the program's private directory cannot be made")]
    Scratch(#[source] io::Error),
    /// The engine does not start.
    #[error("the engine of programs does not start: {0}")]
    Engine(String),
    /// The gateway is at its end.
    #[error("the threads of programs are gone")]
    Gone,
}

impl From<StartProblem> for Failure {
    fn from(problem: StartProblem) -> Self {
        let (kind, message) = match &problem {
            StartProblem::File(..) => (
                FailureKind::ProviderMisconfigured,
                "the provider's program does not exist or cannot be read; check the provider's \
                 settings",
            ),
            StartProblem::Digest { .. } => (
                FailureKind::ProviderMisconfigured,
                "the provider's program is not the one that its digest names; install that one, \
                 or change the digest",
            ),
            StartProblem::Unfit(..) => (
                FailureKind::ProviderMisconfigured,
                "the provider's program is no WebAssembly command that the sandbox \"wasi\" runs; \
                 the log says what it lacks, or asks for too much",
            ),
            StartProblem::Policy(_) => (
                FailureKind::ProviderMisconfigured,
                "the provider's settings name what no WebAssembly program can be given; the log \
                 says which",
            ),
            StartProblem::Layer { .. } => (
                FailureKind::SandboxFault,
                "the sandbox that the provider demands does not work here; the log says which \
                 layer is missing and why",
            ),
            StartProblem::Scratch(_) | StartProblem::Engine(_) => (
                FailureKind::SandboxFault,
                "the provider's program could not be started in the sandbox; the log says why",
            ),
            StartProblem::Gone => {
                (FailureKind::ShuttingDown, "the gateway is shutting down and starts no program")
            }
        };
        Self::new(kind, message).with_cause(problem)
    }
}
