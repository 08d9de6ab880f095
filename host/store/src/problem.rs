//! What can go wrong with a store.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::record::{Kind, Revision};

/// Why the store did not do it. Texts say what to do after "; ".
#[derive(Debug, Error)]
pub enum StoreProblem {
    /// Another process owns the directory.
    #[error(
        "store {path:?} is in use by process {owner}; stop that gateway, or give this one another store.path"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Its owner, `unknown` if it did not say.
        owner: String,
    },
    /// The directory cannot be made or written.
    #[error(
        "store {path:?} cannot be written ({source}); make it writable for the gateway's user, or set store.path"
    )]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk of store {path:?} is full; make room, and restart the gateway if this is said again"
    )]
    Full {
        /// The directory.
        path: PathBuf,
    },
    /// Written by a later version of Patchbay.
    #[error(
        "store {path:?} has format {found}, this version knows up to {known}; use a newer Patchbay, or restore a backup of its own"
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// The format on disk.
        found: u32,
        /// The latest format known here.
        known: u32,
    },
    /// The database itself is damaged, not just a record.
    #[error("store {path:?} is damaged ({reason}); restore a backup with `patchbay restore`")]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// An expectation of a batch is not met.
    #[error("{} {key:?} was changed meanwhile; read it again", kind.name())]
    Conflict {
        /// What it is about.
        kind: Kind,
        /// Its key.
        key: String,
        /// Its revision now; `None` if there is none.
        found: Option<Revision>,
    },
    /// A record that could not be kept.
    #[error("a record of kind {} is not well-formed ({reason}); this is a fault of the gateway", kind.name())]
    Malformed {
        /// What it is about.
        kind: Kind,
        /// What is wrong.
        reason: String,
    },
    /// The disk failed before. What is in memory may be ahead of it, so nothing more is taken or
    /// shown.
    #[error("the store failed earlier and is closed; look at the log, then restart the gateway")]
    Failed,
    /// A backup is not what it should be.
    #[error("backup {path:?} cannot be used ({reason}); use another one")]
    BadBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Anything else that the system refused.
    #[error("the store cannot {action} ({source}); look at the disk")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}
