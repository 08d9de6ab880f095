//! What operators entered, kept across restarts.
//!
//! Owns the trait [`Store`], the shape of records, the embedded backend ([`SledStore`]), one in
//! memory ([`MemoryStore`]), the conformance suite that every backend runs (`conformance`, with
//! the feature of that name), migrations, and the format of backups. A record is JSON with a kind,
//! a key, the version of its shape and the revision of the commit that wrote it; what is in it is
//! not known here.
//!
//! Promises: a commit is all or nothing and durable when it returns; revisions only grow; a
//! damaged record is reported and the others are served; one process owns a directory.
//! The request path never comes here.

pub mod backup;
mod batch;
mod broken;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod entry;
mod limits;
mod lock;
mod memory;
mod migrations;
mod problem;
mod record;
mod restore;
mod siblings;
mod sled_store;

pub use backup::BackupSummary;
pub use batch::{Batch, Expectation, Put};
pub use broken::Broken;
pub use limits::{
    MAX_BATCH_BYTES, MAX_BATCH_CHANGES, MAX_BODY_BYTES, MAX_KEY_BYTES, MAX_PAGE_RECORDS,
};
pub use memory::MemoryStore;
pub use migrations::MigrationSummary;
pub use problem::StoreProblem;
pub use record::{Damage, Kind, Loaded, Page, PageQuery, Record, Revision};
pub use restore::{RestoreSummary, restore};
pub use sled_store::{SledStore, migrate};

use std::path::Path;

use async_trait::async_trait;

/// Keeps records. Every method may wait for the disk; none blocks a task's thread. Readers see
/// whole commits that are on the disk, and nothing else.
#[async_trait]
pub trait Store: Send + Sync {
    /// Every record of a kind in the order of keys, and what is damaged.
    ///
    /// # Errors
    /// If the backend cannot be read at all; so for all methods.
    async fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem>;

    /// One record; a damaged one is absent.
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem>;

    /// Some records of a kind, in the order of keys or against it.
    async fn page(&self, kind: Kind, query: PageQuery) -> Result<Page, StoreProblem>;

    /// Writes all of a batch or nothing. What it answers is on the disk. Dropping the future does
    /// not take back a commit that has begun.
    ///
    /// # Errors
    /// [`StoreProblem::Conflict`] if an expectation is not met, [`StoreProblem::Malformed`] if the
    /// batch breaks a limit. After an error of the disk the store answers nothing but
    /// [`StoreProblem::Failed`] until it is opened again.
    async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem>;

    /// Writes a consistent backup to a new file. Commits wait meanwhile; readers do not.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    async fn back_up(&self, to: &Path) -> Result<BackupSummary, StoreProblem>;
}
