//! A store that forgets.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::Store;
use crate::backup::{self, BackupSummary};
use crate::batch::Batch;
use crate::entry::Entry;
use crate::limits::MAX_PAGE_RECORDS;
use crate::problem::StoreProblem;
use crate::record::{Kind, Loaded, Page, PageQuery, Record, Revision};

/// Keeps records in memory, for tests. Keeps every promise of [`Store`] but durability.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    records: BTreeMap<Kind, BTreeMap<String, (Revision, Vec<u8>)>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A change is applied whole before anything can panic, so a poisoned lock holds good data.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn found(&self, kind: Kind, key: &str) -> Option<&(Revision, Vec<u8>)> {
        self.records.get(&kind)?.get(key)
    }

    fn commit(&mut self, batch: Batch) -> Result<Revision, StoreProblem> {
        for (kind, key, expectation) in &batch.expectations {
            let found = self.found(*kind, key).map(|(revision, _)| *revision);
            if !expectation.is_met(found) {
                return Err(StoreProblem::Conflict { kind: *kind, key: key.clone(), found });
            }
        }
        let revision = self.revision + 1;
        for change in batch.changes(revision) {
            let records = self.records.entry(change.kind).or_default();
            match change.body {
                Some(body) => records.insert(change.key, (revision, body)),
                None => records.remove(&change.key),
            };
        }
        self.revision = revision;
        Ok(revision)
    }

    fn page(&self, kind: Kind, query: &PageQuery) -> Page {
        let Some(records) = self.records.get(&kind) else { return Page::default() };
        let edge = query.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let limit = query.limit.clamp(1, MAX_PAGE_RECORDS);
        let mut found: Vec<_> = if query.descending {
            let range = records.range::<str, _>((Bound::Unbounded, edge));
            range.rev().take(limit + 1).map(record).collect()
        } else {
            records.range::<str, _>((edge, Bound::Unbounded)).take(limit + 1).map(record).collect()
        };
        let more = found.len() > limit;
        found.truncate(limit);
        Page { records: found, more }
    }

    /// Everything in the order of a backup.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (kind, records) in &self.records {
            entries.extend(records.iter().map(|(key, (revision, body))| Entry {
                kind: kind.name().to_owned(),
                key: key.clone(),
                revision: *revision,
                body: body.clone(),
            }));
        }
        entries.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
        entries
    }
}

fn record((key, (revision, body)): (&String, &(Revision, Vec<u8>))) -> Record {
    Record { key: key.clone(), revision: *revision, body: body.clone() }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem> {
        let state = self.state();
        let records = state.records.get(&kind).into_iter().flatten().map(record).collect();
        Ok(Loaded { records, damaged: Vec::new() })
    }

    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem> {
        let found = self.state().found(kind, key).cloned();
        Ok(found.map(|(revision, body)| Record { key: key.to_owned(), revision, body }))
    }

    async fn page(&self, kind: Kind, query: PageQuery) -> Result<Page, StoreProblem> {
        Ok(self.state().page(kind, &query))
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem> {
        batch.check()?;
        self.state().commit(batch)
    }

    async fn back_up(&self, to: &Path) -> Result<BackupSummary, StoreProblem> {
        let (revision, entries) = {
            let state = self.state();
            (state.revision, state.entries())
        };
        let to = to.to_owned();
        let writing = move || {
            let mut backup = backup::Writer::start(&to, backup::Header::today(revision))?;
            for entry in &entries {
                backup.add(entry)?;
            }
            backup.finish()
        };
        tokio::task::spawn_blocking(writing).await.unwrap_or(Err(StoreProblem::Failed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Broken;
    use crate::conformance::{Subject, every_rule};

    #[tokio::test(flavor = "multi_thread")]
    async fn every_rule_is_kept() {
        every_rule(|| async { Arc::new(MemoryStore::new()) as Subject }).await;
    }

    #[tokio::test]
    async fn a_broken_store_fails_every_call() {
        let store = Broken::new(Arc::new(MemoryStore::new()));
        assert_eq!(store.commit(Batch::default()).await.unwrap(), 1);
        store.break_now();
        let query = PageQuery { after: None, limit: 1, descending: false };
        let nowhere = Path::new("/nowhere");
        let answers = [
            store.load(Kind::Route).await.err(),
            store.get(Kind::Route, "a").await.err(),
            store.page(Kind::Route, query).await.err(),
            store.commit(Batch::default()).await.err(),
            store.back_up(nowhere).await.err(),
        ];
        for answer in answers {
            assert!(matches!(answer, Some(StoreProblem::Failed)), "{answer:?}");
        }
    }
}
