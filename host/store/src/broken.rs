//! A store that can be made to fail.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::Store;
use crate::backup::BackupSummary;
use crate::batch::Batch;
use crate::problem::StoreProblem;
use crate::record::{Kind, Loaded, Page, PageQuery, Record, Revision};

/// Passes everything on until it is broken; from then on every call fails with
/// [`StoreProblem::Failed`]. For tests that show who does without a store.
pub struct Broken {
    store: Arc<dyn Store>,
    broken: AtomicBool,
}

impl Broken {
    /// Wraps a store; not broken yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, broken: AtomicBool::new(false) }
    }

    /// Breaks it, for good.
    pub fn break_now(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    fn working(&self) -> Result<&dyn Store, StoreProblem> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreProblem::Failed);
        }
        Ok(&*self.store)
    }
}

#[async_trait]
impl Store for Broken {
    async fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem> {
        self.working()?.load(kind).await
    }

    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem> {
        self.working()?.get(kind, key).await
    }

    async fn page(&self, kind: Kind, query: PageQuery) -> Result<Page, StoreProblem> {
        self.working()?.page(kind, query).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem> {
        self.working()?.commit(batch).await
    }

    async fn back_up(&self, to: &Path) -> Result<BackupSummary, StoreProblem> {
        self.working()?.back_up(to).await
    }
}
