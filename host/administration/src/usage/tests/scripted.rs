//! A store whose commits end as the test says.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use store::{
    BackupSummary, Batch, Kind, Loaded, MemoryStore, Page, PageQuery, Record, Revision, Store,
    StoreProblem,
};
use tokio::sync::Notify;

/// How a commit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Good,
    /// Nothing is written.
    Refused,
    /// It is written, and answered with an error.
    Unknown,
    /// It is written when [`Scripted::release`] is called.
    Waits,
}

/// A store in memory that counts its commits.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) records: MemoryStore,
    script: Mutex<VecDeque<End>>,
    commits: AtomicUsize,
    released: Notify,
}

impl Scripted {
    /// How the next commits end; later ones are good.
    pub(super) fn next(&self, ends: &[End]) {
        *self.script.lock().unwrap() = ends.iter().copied().collect();
    }

    pub(super) fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    pub(super) fn release(&self) {
        self.released.notify_one();
    }
}

#[async_trait]
impl Store for Scripted {
    async fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem> {
        self.records.load(kind).await
    }

    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem> {
        self.records.get(kind, key).await
    }

    async fn page(&self, kind: Kind, query: PageQuery) -> Result<Page, StoreProblem> {
        self.records.page(kind, query).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let end = self.script.lock().unwrap().pop_front().unwrap_or(End::Good);
        match end {
            End::Good => self.records.commit(batch).await,
            End::Refused => Err(StoreProblem::Failed),
            End::Unknown => {
                self.records.commit(batch).await?;
                Err(StoreProblem::Failed)
            }
            End::Waits => {
                self.released.notified().await;
                self.records.commit(batch).await
            }
        }
    }

    async fn back_up(&self, to: &Path) -> Result<BackupSummary, StoreProblem> {
        self.records.back_up(to).await
    }
}
