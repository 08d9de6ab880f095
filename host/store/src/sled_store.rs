//! The embedded backend: sled, one directory, one process.
//!
//! The directory holds what sled keeps (`db`, `conf`, `snap.…`, `blobs/`), the file `lock` with
//! the owner's process id, and the file `revision` with the commit that was answered last. All
//! records stand in one tree; the format's number and the latest revision stand before them.

mod build;
mod commit;
mod files;
mod layout;
mod migrate;
mod open;
mod read;
mod settle;
#[cfg(test)]
mod tests;

pub(crate) use build::build;
pub(crate) use files::acknowledged;

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sled::Db;
use tokio::sync::{Mutex as AsyncMutex, RwLock};
use tokio::task::spawn_blocking;

use crate::Store;
use crate::backup::BackupSummary;
use crate::batch::Batch;
use crate::lock::DirectoryLock;
use crate::migrations::{FORMATS, Formats, MigrationSummary};
use crate::problem::StoreProblem;
use crate::record::{Kind, Loaded, Page, PageQuery, Record, Revision};
use files::Files;

/// Keeps records in a directory.
///
/// A commit is one batch of sled with the revision's counter in it, then a flush and the syncs
/// that sled leaves out. Dropping the store closes the directory once calls in flight are done.
pub struct SledStore {
    database: Arc<Database>,
    /// Serialises commits and backups, and holds the revision of the latest commit.
    latest: Arc<AsyncMutex<Revision>>,
    /// Keeps a commit out of sight until it is on the disk.
    visible: Arc<RwLock<()>>,
}

/// What calls share. The order of members is the order of closing: the lock last.
struct Database {
    db: Db,
    files: Files,
    path: PathBuf,
    failed: AtomicBool,
    /// Keys of damaged records that were logged: at most as many as there are.
    reported: Mutex<BTreeSet<Vec<u8>>>,
    _lock: DirectoryLock,
}

/// Brings a store to today's format, as opening does, and says what was done. Blocks on the disk.
///
/// # Errors
/// As [`SledStore::open`]; also if there is no such directory.
pub fn migrate(path: &Path) -> Result<MigrationSummary, StoreProblem> {
    if let Err(source) = path.metadata() {
        return Err(StoreProblem::NotWritable { path: path.to_owned(), source });
    }
    open::open(path, &FORMATS).map(|it| it.migration)
}

impl SledStore {
    /// Opens the store of a directory, which is made if it is not there, brings an earlier format
    /// to today's, and reads providers, API keys and routes once; the other kinds are checked when
    /// they are asked for. Blocks on the disk; needs no runtime.
    ///
    /// # Errors
    /// `InUse`, `NotWritable`, `Full`, `Newer`, `Damaged`, or `Io` for what the system refuses
    /// besides.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreProblem> {
        Self::open_with(path.as_ref(), &FORMATS)
    }

    fn open_with(path: &Path, formats: &Formats) -> Result<Self, StoreProblem> {
        let opened = open::open(path, formats)?;
        Ok(Self {
            database: Arc::new(opened.database),
            latest: Arc::new(AsyncMutex::new(opened.revision)),
            visible: Arc::default(),
        })
    }

    /// Runs a read on the blocking pool while no commit is half there.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Database) -> Result<T, StoreProblem> + Send + 'static,
    ) -> Result<T, StoreProblem> {
        let visible = Arc::clone(&self.visible).read_owned().await;
        let database = Arc::clone(&self.database);
        on_blocking_pool(move || {
            let _visible = visible;
            database.guarded(|it| read(it))
        })
        .await
    }
}

#[async_trait]
impl Store for SledStore {
    async fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem> {
        self.read(move |it| it.load(kind)).await
    }

    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem> {
        let key = key.to_owned();
        self.read(move |it| it.get(kind, &key)).await
    }

    async fn page(&self, kind: Kind, query: PageQuery) -> Result<Page, StoreProblem> {
        self.read(move |it| it.page(kind, &query)).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem> {
        batch.check()?;
        let mut latest = Arc::clone(&self.latest).lock_owned().await;
        let visible = Arc::clone(&self.visible).write_owned().await;
        let database = Arc::clone(&self.database);
        // The locks go along, so that a caller who went away does not let the next one in early.
        on_blocking_pool(move || {
            let revision = database.guarded(|it| it.commit(*latest, batch));
            if let Ok(revision) = revision {
                *latest = revision;
            }
            drop(visible);
            revision
        })
        .await
    }

    async fn back_up(&self, to: &Path) -> Result<BackupSummary, StoreProblem> {
        let latest = Arc::clone(&self.latest).lock_owned().await;
        let database = Arc::clone(&self.database);
        let to = to.to_owned();
        on_blocking_pool(move || database.guarded(|it| it.back_up(&to, FORMATS.latest, *latest)))
            .await
    }
}

impl Database {
    /// Does it unless the store failed before. A panic of sled fails the store, and goes no
    /// further.
    fn guarded<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreProblem>,
    ) -> Result<T, StoreProblem> {
        if self.failed.load(Ordering::SeqCst) {
            return Err(StoreProblem::Failed);
        }
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            self.fail(&"the database panicked");
            Err(StoreProblem::Failed)
        })
    }

    /// Takes nothing more from now on.
    fn fail(&self, reason: &dyn std::fmt::Display) {
        self.failed.store(true, Ordering::SeqCst);
        tracing::error!(store.path = ?self.path, %reason, "the store failed and is closed");
    }

    /// Logs a damaged record, once for as long as the store is open.
    fn report(&self, key: &[u8], reason: &str) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.insert(key.to_owned()) {
            let (kind, key) = layout::names_of(key);
            tracing::error!(
                store.path = ?self.path, record.kind = kind, record.key = key, reason,
                "a record is damaged and left out; write it anew, or restore a backup"
            );
        }
    }

    /// What an error of the disk or of sled means.
    fn problem(&self, action: &'static str, source: io::Error) -> StoreProblem {
        problem_of(&self.path, action, source)
    }
}

fn problem_of(path: &Path, action: &'static str, source: io::Error) -> StoreProblem {
    use io::ErrorKind;

    let path = path.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreProblem::Full { path }
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreProblem::NotWritable { path, source }
        }
        // This is what sled makes of corruption, of another version's files, and of its own bugs.
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
            StoreProblem::Damaged { path, reason: source.to_string() }
        }
        _ => StoreProblem::Io { action, source },
    }
}

async fn on_blocking_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    // It fails only when the runtime ends before the work began.
    spawn_blocking(work).await.unwrap_or(Err(StoreProblem::Failed))
}
