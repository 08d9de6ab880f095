//! The trait behind which programs run, and why one was not run.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::layer::{DriverReport, Layer, LayerState};
use crate::outlet::NetworkAccess;
use crate::policy::{ProgramCall, ProgramDigest, SandboxPolicy};
use crate::running::Running;

pub(crate) mod basic;
mod bubblewrap;
pub(crate) mod cage;
mod gvisor;
pub(crate) mod native;
mod podman;
pub(crate) mod tool;
mod waiting;

/// One way to run programs.
///
/// A driver is made by trying it, so one that exists works here.
pub trait SandboxDriver: Send + Sync {
    /// What it guarantees on this system.
    fn report(&self) -> &DriverReport;

    /// Starts a program, and returns when it runs. Blocks for as long as the start takes. The
    /// thread that calls this has to live as long as the run: the kernel kills the run with it.
    ///
    /// # Errors
    /// Why it does not run. Nothing of it is left then.
    fn spawn(&self, policy: &SandboxPolicy, call: &ProgramCall) -> Result<Running, SpawnProblem>;

    /// How many sandboxes it prepared that wait for their program.
    fn waiting(&self) -> usize {
        0
    }

    /// Throws away what it prepared ahead, and prepares no more. Blocks until it is gone. Runs that
    /// are not over may end with it.
    fn close(&self) {}
}

/// Why a program was not started.
#[derive(Debug, Error)]
pub enum SpawnProblem {
    /// It is not there, may not be run, or does not take these arguments.
    #[error("the program could not be started")]
    Program(#[source] io::Error),
    /// It is another one than the operator allowed.
    #[error("{program:?} has the digest {found} and not {expected}")]
    Digest {
        /// The program.
        program: PathBuf,
        /// What the policy says.
        expected: ProgramDigest,
        /// What the file has.
        found: ProgramDigest,
    },
    /// The policy names what cannot be given.
    #[error("the policy names what cannot be given to a program")]
    Policy(#[source] io::Error),
    /// The driver lacks a layer that the policy demands, or cannot grant the network that it grants.
    #[error("the layer {layer} of the sandbox does not do here what the policy demands: {reason}")]
    Layer {
        /// Which.
        layer: Layer,
        /// Why not.
        reason: String,
    },
    /// A layer could not be set up for this run.
    #[error("the layer {layer} could not be set up: {what}")]
    Setup {
        /// Which.
        layer: Layer,
        /// What failed.
        what: String,
        /// The system's error.
        #[source]
        error: Option<io::Error>,
    },
    /// The driver itself could not be started.
    #[error("the sandbox could not be started")]
    Driver(#[source] io::Error),
}

impl SpawnProblem {
    /// Of a plan of the view.
    pub(crate) fn of_view(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidInput => Self::Policy(error),
            _ => Self::Program(error),
        }
    }

    /// Of control groups.
    pub(crate) fn of_groups(error: io::Error) -> Self {
        let what = "a control group could not be made".to_owned();
        Self::Setup { layer: Layer::MemoryGroup, what, error: Some(error) }
    }
}

/// What a trial with an outlet tells.
pub(crate) fn grants_state(trial: Result<(), SpawnProblem>) -> LayerState {
    match trial {
        Ok(()) => LayerState::Works,
        Err(SpawnProblem::Setup { what, error: Some(error), .. }) => {
            LayerState::Missing(format!("{what}: {error}"))
        }
        Err(problem) => LayerState::Missing(problem.to_string()),
    }
}

/// Compares what the policy demands and grants with what the driver has.
pub(crate) fn check_layers(
    report: &DriverReport,
    policy: &SandboxPolicy,
) -> Result<(), SpawnProblem> {
    for &layer in &policy.demanded_layers {
        if !report.has(layer) {
            let reason = report.missing().find(|(missing, _)| *missing == layer);
            let reason = reason.map_or("the driver does not have it", |(_, reason)| reason);
            return Err(SpawnProblem::Layer { layer, reason: reason.to_owned() });
        }
    }
    match (policy.network, &report.network_grants) {
        (NetworkAccess::Outlet, LayerState::Missing(reason)) => {
            Err(SpawnProblem::Layer { layer: Layer::Network, reason: reason.clone() })
        }
        (NetworkAccess::None | NetworkAccess::Outlet, _) => Ok(()),
    }
}
