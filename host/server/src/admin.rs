//! The admin API, from a request to one call of [`Administration`] and its answer.
//!
//! Owns who may come in (a type in each handler's signature), how paths, queries, entity tags
//! and documents are read, and how answers look. What an action does is decided in the room
//! `administration`. Every endpoint is one line of the table in [`routes`]: from it come the
//! router, the label in the access record and what a request may bring, so that an endpoint
//! cannot forget to check who asks.

mod access;
mod answer;
mod asked;
mod audit;
mod backup;
mod document;
mod entity_tags;
mod operation;
mod plugins;
mod refusal;
mod resources;
mod routes;

pub use backup::UNSENT_BACKUP;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use administration::{Administration, TokenVerifier};

pub(crate) use routes::{nothing_here, router, table};

#[cfg(test)]
pub(crate) use routes::Input;

/// What the edge needs to offer the admin API.
pub struct AdminParts {
    /// The operator's actions.
    pub administration: Arc<Administration>,
    /// Finds the operator behind a token.
    pub tokens: TokenVerifier,
    /// Where a backup is written before it is sent. Made if it is not there, for the gateway's
    /// user alone; what is in it is removed as soon as sending begins.
    pub backup_directory: PathBuf,
}

impl fmt::Debug for AdminParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directory = &self.backup_directory;
        f.debug_struct("AdminParts").field("backup_directory", directory).finish_non_exhaustive()
    }
}

/// Whether a path belongs to the admin API, there or not.
pub(crate) fn is_admin_path(path: &str) -> bool {
    path.strip_prefix("/admin").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
