//! Why an operator's action was not done.

use std::time::Duration;

use exchange::FailureKind;
use resources::Problem;
use secrets::VaultProblem;
use store::StoreProblem;
use thiserror::Error;

use crate::board::Noun;
use crate::plugins::{PluginProblem, PluginProblemSort};

/// One error for all actions: each becomes one answer. Texts are for operators, who may see ids,
/// paths of members and reasons, but never a secret.
#[derive(Debug, Error)]
pub enum AdminProblem {
    /// The document is wrong; every problem at once.
    #[error("{} in the request; see error.problems", count(.0))]
    Invalid(Vec<Problem>),
    /// There is none of this id.
    #[error("there is no {noun} {id:?} here")]
    NotFound {
        /// What was looked for.
        noun: Noun,
        /// Which one.
        id: String,
    },
    /// The id is taken.
    #[error("{noun} {id:?} exists already; choose another id, or change it with PUT or PATCH")]
    Exists {
        /// What was to be made.
        noun: Noun,
        /// Which one.
        id: String,
    },
    /// It comes from the configuration file.
    #[error("{noun} {id:?} is in the configuration file; change it there")]
    ReadOnly {
        /// What was to be changed.
        noun: Noun,
        /// Which one.
        id: String,
    },
    /// Something else needs it, or would not fit any more.
    #[error("{noun} {id:?} is in use by {}; change that first", by.join(", "))]
    InUse {
        /// What was to be changed.
        noun: Noun,
        /// Which one.
        id: String,
        /// By what: `route "smart"`.
        by: Vec<String>,
    },
    /// Somebody changed it since the operator read it.
    #[error("{noun} {id:?} was changed meanwhile: it is at \"{current}\" now; read it again")]
    Stale {
        /// What was to be changed.
        noun: Noun,
        /// Which one.
        id: String,
        /// Its revision now.
        current: u64,
    },
    /// It is not in a state for this.
    #[error("{0}")]
    Conflict(String),
    /// The new credential does not work, so the old one stays.
    #[error("the new credential was not accepted, the old one stays: {0}")]
    NotVerified(String),
    /// Something about a plugin.
    #[error("{0}")]
    Plugin(#[from] PluginProblem),
    /// No token, or one that is not valid. Says what is wrong with it, not what would be right.
    #[error("{0}")]
    Unauthenticated(String),
    /// A viewer's token.
    #[error("this needs the role admin; the token has the role viewer")]
    RoleNotAllowed,
    /// Too many bad tokens from one address.
    #[error("too many requests with bad tokens came from this address; wait before trying again")]
    TooManyAttempts {
        /// How long.
        retry_after: Duration,
    },
    /// A member of the query, or a header.
    #[error("{0}")]
    BadRequest(String),
    /// The store did not take it; nothing has changed.
    #[error("nothing was changed: {0}")]
    Store(#[from] StoreProblem),
    /// A secret could not be sealed or opened.
    #[error("nothing was changed: {0}")]
    Vault(#[from] VaultProblem),
}

impl AdminProblem {
    /// The row of the failure table.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Invalid(_) | Self::BadRequest(_) => FailureKind::InvalidRequest,
            Self::NotFound { .. } => FailureKind::ResourceNotFound,
            Self::Exists { .. }
            | Self::ReadOnly { .. }
            | Self::InUse { .. }
            | Self::Conflict(_) => FailureKind::Conflict,
            Self::Stale { .. } => FailureKind::StaleEtag,
            Self::NotVerified(_) => FailureKind::CredentialNotVerified,
            Self::Plugin(problem) => match problem.sort {
                PluginProblemSort::Unknown => FailureKind::ResourceNotFound,
                PluginProblemSort::Invalid => FailureKind::InvalidRequest,
                PluginProblemSort::Conflict => FailureKind::Conflict,
                PluginProblemSort::Stale => FailureKind::StaleEtag,
                PluginProblemSort::Refused => FailureKind::PluginRefused,
                PluginProblemSort::Unavailable => FailureKind::StoreUnavailable,
            },
            Self::Unauthenticated(_) => FailureKind::AdminUnauthenticated,
            Self::RoleNotAllowed => FailureKind::RoleNotAllowed,
            Self::TooManyAttempts { .. } => FailureKind::RateLimited,
            Self::Store(_) => FailureKind::StoreUnavailable,
            Self::Vault(_) => FailureKind::StoreUnavailable,
        }
    }
}

fn count(problems: &[Problem]) -> String {
    match problems.len() {
        1 => "1 problem".to_owned(),
        number => format!("{number} problems"),
    }
}
