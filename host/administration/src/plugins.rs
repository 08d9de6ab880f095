//! Plugins: what operators see of them and do to them.
//!
//! The life of plugins is behind the port [`Plugins`]. Here is what is the same for every action:
//! one after the other, against an entity tag, with an entry in the audit log that is on the disk
//! before anything is done. A component is not looked into here.

mod actions;
mod documents;
mod state;
mod views;

use async_trait::async_trait;
use resources::Problem;
use thiserror::Error;

use crate::audit_log::AuditAction;
use crate::precondition::Precondition;

pub use actions::UploadedPlugin;
pub use views::{
    AutoRuleView, CanaryPlanView, PendingPluginView, PluginAsksView, PluginCanaryView,
    PluginEventView, PluginFiguresView, PluginGenerationView, PluginKindView, PluginList,
    PluginOriginView, PluginVersionView, PluginView, PluginsView, QuarantinedPluginView,
    RolloutKind, RolloutView, WideningView,
};

/// Who looks after plugins.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Everything as it is now. Waits for nothing. Entity tags are not set yet.
    fn view(&self) -> PluginsView;

    /// Most bytes of a component.
    fn max_component_bytes(&self) -> u64;

    /// Takes a component through all steps. It is on the disk and serves when this returns, or
    /// waits for an operator, or nothing has changed. What has begun ends even if the future is
    /// dropped.
    ///
    /// # Errors
    /// The step that it does not pass.
    async fn upload(&self, upload: PluginUpload) -> Result<Uploaded, PluginProblem>;

    /// Does something to a plugin; when this returns it is on the disk and holds for the next
    /// request.
    ///
    /// # Errors
    /// Why it is not done.
    async fn act(&self, name: &str, action: PluginAction) -> Result<(), PluginProblem>;
}

/// A component that an operator sends.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginUpload {
    /// The component.
    pub component: Vec<u8>,
    /// The file that minisign wrote beside it.
    pub signature: Option<Vec<u8>>,
    /// How it starts, if otherwise than new versions of this plugin do.
    pub rollout: Option<RolloutView>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Name of the plugin.
    pub name: String,
    /// Whether it waits for an operator.
    pub waits: bool,
}

/// What an operator does to a plugin. Digests are 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginAction {
    /// Approves what a version asks for, or takes it out of quarantine.
    Approve {
        /// The version.
        digest: String,
    },
    /// Lets the serving version stay whatever comes.
    Pin,
    /// Lets what lies in the directory serve again.
    Unpin,
    /// Goes back.
    RollBack {
        /// To which version; the one before if absent.
        to: Option<String>,
    },
    /// Gives a kept version a share of the exchanges.
    Canary {
        /// The version.
        digest: String,
        /// Its share, and its end.
        plan: CanaryPlanView,
    },
    /// Lets the canary serve all exchanges.
    Promote,
    /// Says how new versions start.
    Rollout(RolloutView),
    /// Removes the plugin.
    Remove,
}

/// Which plugin, and what the operator has seen of it.
#[derive(Clone, Copy, Debug)]
pub struct PluginTarget<'a> {
    /// Its name; a text that can be none is not found.
    pub name: &'a str,
    /// `If-Match`.
    pub precondition: Precondition,
}

/// Why something is not done to a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}; {}", problem.message, problem.fix)]
pub struct PluginProblem {
    /// What sort of reason.
    pub sort: PluginProblemSort,
    /// The member at fault, if there is one, the reason, and what to do.
    pub problem: Problem,
}

/// What sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginProblemSort {
    /// There is no such plugin.
    Unknown,
    /// The request itself is wrong.
    Invalid,
    /// The plugin is not in a state for this.
    Conflict,
    /// It was changed since the operator read it.
    Stale,
    /// The component does not pass a step.
    Refused,
    /// It cannot be done now: the directory cannot be written, or too much waits.
    Unavailable,
}

impl PluginProblem {
    /// Of a text whose fix stands behind the first semicolon.
    #[must_use]
    pub fn of(sort: PluginProblemSort, path: &str, text: &str) -> Self {
        let (message, fix) = text.split_once("; ").unwrap_or((text, "look at the plugin again"));
        let (message, fix) = (message.to_owned(), fix.to_owned());
        Self { sort, problem: Problem { path: path.to_owned(), message, fix } }
    }
}

impl PluginAction {
    /// As the audit log names it.
    pub(crate) fn audited(&self) -> AuditAction {
        match self {
            Self::Approve { .. } => AuditAction::PluginApprove,
            Self::Pin => AuditAction::PluginPin,
            Self::Unpin => AuditAction::PluginUnpin,
            Self::RollBack { .. } => AuditAction::PluginRollBack,
            Self::Canary { .. } => AuditAction::PluginCanary,
            Self::Promote => AuditAction::PluginPromote,
            Self::Rollout(_) => AuditAction::PluginRollout,
            Self::Remove => AuditAction::PluginRemove,
        }
    }
}

impl std::fmt::Debug for PluginUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginUpload")
            .field("component_bytes", &self.component.len())
            .field("signed", &self.signature.is_some())
            .field("rollout", &self.rollout)
            .finish()
    }
}
