//! Why a call into a plugin gave no answer.

use std::sync::Arc;
use std::time::Duration;

use exchange::{Failure, FailureKind};
use thiserror::Error;

use crate::breach::Breach;

/// A call that gave no answer, or one the host does not accept.
#[derive(Debug, Error)]
pub(crate) enum CallProblem {
    /// The guest was interrupted.
    #[error("{function} of plugin {plugin} did not return within {limit:?}")]
    Deadline { plugin: Arc<str>, function: &'static str, limit: Duration },
    /// Trap, limit, or a result that cannot be read.
    #[error("{function} of plugin {plugin} failed: {reason}")]
    Fault { plugin: Arc<str>, function: &'static str, reason: String },
    /// The answer breaks the contract.
    #[error("{function} of plugin {plugin} broke the contract")]
    Breach {
        plugin: Arc<str>,
        function: &'static str,
        #[source]
        breach: Breach,
    },
    /// As many instances as may be are in use.
    #[error("as many plugin instances as may be are in use")]
    Crowded,
    /// The instance is gone since an earlier error or a dropped call.
    #[error("{function} of plugin {plugin} was called after its instance was given up")]
    GivenUp { plugin: Arc<str>, function: &'static str },
    /// The generation was replaced, and the time for its exchanges to end is over.
    #[error("{function} of plugin {plugin} was called after the time for its generation to end")]
    Replaced { plugin: Arc<str>, function: &'static str },
    /// The call was lost with the blocking pool.
    #[error("{function} of plugin {plugin} was lost")]
    Lost {
        plugin: Arc<str>,
        function: &'static str,
        #[source]
        source: tokio::task::JoinError,
    },
}

impl CallProblem {
    /// The row of the failure table.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Deadline { .. } | Self::Replaced { .. } => FailureKind::PluginTimeout,
            Self::Fault { .. } | Self::Breach { .. } | Self::GivenUp { .. } => {
                FailureKind::PluginFault
            }
            Self::Crowded => FailureKind::QueueFull,
            Self::Lost { .. } => FailureKind::Internal,
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Deadline { plugin, .. } => format!(
                "The plugin \"{plugin}\" did not finish in time. Try a smaller request; if that \
                 does not help, the operator of this gateway finds the cause in its log."
            ),
            Self::Replaced { plugin, .. } => format!(
                "The plugin \"{plugin}\" was replaced while it answered, and the answer took too \
                 long to end. Try again."
            ),
            Self::Fault { plugin, .. }
            | Self::Breach { plugin, .. }
            | Self::GivenUp { plugin, .. }
            | Self::Lost { plugin, .. } => format!(
                "The plugin \"{plugin}\" failed. The operator of this gateway finds the cause in \
                 its log."
            ),
            Self::Crowded => {
                "This gateway is serving as many requests as it can. Try again shortly.".into()
            }
        }
    }
}

impl From<CallProblem> for Failure {
    fn from(problem: CallProblem) -> Self {
        Self::new(problem.kind(), problem.public_message()).with_cause(problem)
    }
}
