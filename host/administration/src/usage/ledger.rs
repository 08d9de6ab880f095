//! Counts in memory, and their way to the store.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange::{AccessRecord, AccessSink};
use resources::KeyId;
use serde::{Deserialize, Serialize};
use store::{Batch, Kind, Put, Store, StoreProblem};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::row::{Hour, OTHER, RowKey, StoredRow, UsageCounts};
use crate::moment;

/// Rows that are counted apart between two flushes. Beyond it models are counted together, and
/// beyond twice as many, keys and providers too: whatever happens to the store, memory is bounded.
const MAX_ROWS: usize = 20_000;

/// Records of one commit.
const BATCH_RECORDS: usize = 500;

/// Counts use, and remembers when each API key was last used.
#[derive(Default)]
pub struct UsageLedger {
    tally: Mutex<Tally>,
    /// Serialises flushes.
    rows: tokio::sync::Mutex<Rows>,
    /// Rows that no flush has written yet, those in `tally` not included.
    backlog: AtomicUsize,
}

/// What came since the last flush.
#[derive(Default)]
struct Tally {
    counts: HashMap<RowKey, UsageCounts>,
    last_used: HashMap<Arc<str>, OffsetDateTime>,
    /// Keys whose last use is not what the store holds.
    touched: HashSet<Arc<str>>,
}

/// What the store holds, or is to hold.
#[derive(Default)]
struct Rows {
    rows: HashMap<RowKey, Row>,
    touched: HashSet<Arc<str>>,
}

#[derive(Clone, Copy, Default)]
struct Row {
    counts: UsageCounts,
    /// Whether `counts` holds what the store had of this hour before.
    whole: bool,
    /// Whether the store holds something else.
    dirty: bool,
}

/// When a key was last used, as it is kept by its id.
#[derive(Serialize, Deserialize)]
struct KeyUse {
    last_used_at: String,
}

impl UsageLedger {
    /// A ledger that goes on where the last process stopped. Rows of the hour are read when they
    /// are written first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreProblem> {
        let ledger = Self::default();
        for record in store.load(Kind::KeyUse).await?.records {
            let key_use = serde_json::from_slice::<KeyUse>(&record.body).ok();
            let at = key_use.and_then(|it| OffsetDateTime::parse(&it.last_used_at, &Rfc3339).ok());
            match at {
                Some(at) => {
                    ledger.tally().last_used.insert(record.key.into(), at);
                }
                None => tracing::warn!(key = record.key, "a key's last use cannot be read"),
            }
        }
        Ok(ledger)
    }

    /// When an API key was last used, for an operation or otherwise.
    #[must_use]
    pub fn key_last_used(&self, id: &str) -> Option<OffsetDateTime> {
        self.tally().last_used.get(id).copied()
    }

    /// Forgets when a key was last used, because it was removed: another one of its id was not
    /// used then. What it used stays counted.
    pub fn forget_key(&self, id: &str) {
        let mut tally = self.tally();
        tally.last_used.remove(id);
        // A flush that goes on may write it once more; the next one takes it out.
        tally.touched.insert(id.into());
    }

    /// Writes what has changed. Waits for another flush that goes on. Requests are counted
    /// meanwhile. Dropping the future loses nothing.
    ///
    /// # Errors
    /// If the store does not take it; the next flush tries again.
    pub async fn flush(&self, store: &dyn Store) -> Result<(), StoreProblem> {
        let mut rows = self.rows.lock().await;
        let (counts, touched) = {
            let mut tally = self.tally();
            self.backlog.fetch_add(tally.counts.len(), Ordering::Relaxed);
            (mem::take(&mut tally.counts), mem::take(&mut tally.touched))
        };
        // Requests do not wait for this.
        rows.take_in(counts, touched);
        self.backlog.store(rows.dirty(), Ordering::Relaxed);
        let written = self.write(&mut rows, store).await;
        self.backlog.store(rows.dirty(), Ordering::Relaxed);
        written
    }

    async fn write(&self, rows: &mut Rows, store: &dyn Store) -> Result<(), StoreProblem> {
        rows.complete(store).await?;
        rows.write(store).await?;
        self.write_key_uses(rows, store).await?;
        rows.drop_settled(Hour::of(OffsetDateTime::now_utc()));
        Ok(())
    }

    async fn write_key_uses(&self, rows: &mut Rows, store: &dyn Store) -> Result<(), StoreProblem> {
        let touched: Vec<_> = rows.touched.iter().cloned().collect();
        for ids in touched.chunks(BATCH_RECORDS) {
            let mut batch = Batch::default();
            for id in ids {
                match self.key_last_used(id) {
                    Some(at) => batch.puts.push(key_use_put(id, at)),
                    None => batch.removals.push((Kind::KeyUse, id.to_string())),
                }
            }
            store.commit(batch).await?;
            for id in ids {
                rows.touched.remove(id);
            }
        }
        Ok(())
    }

    /// Counts a request that ended at a time.
    pub(super) fn count(&self, record: &AccessRecord, at: OffsetDateTime) {
        let is_key = |caller: &&Arc<str>| KeyId::is_well_formed(caller);
        // An operator, who is a caller of the admin API, has no id that a key can have.
        let Some(caller) = record.caller.as_ref().filter(is_key) else { return };
        let key = RowKey::of(record, Hour::of(at));
        let mut tally = self.tally();
        tally.note_use(caller, at);
        if let Some(key) = key {
            let key = tally.bounded(key, self.backlog.load(Ordering::Relaxed));
            tally.counts.entry(key).or_default().add(UsageCounts::of(record));
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Counts are whole after each step, so a panic elsewhere does not make them wrong.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UsageLedger {
    /// Counts a request that somebody else records, too. Does not block.
    pub fn observe(&self, record: &AccessRecord) {
        self.count(record, OffsetDateTime::now_utc());
    }
}

impl AccessSink for UsageLedger {
    fn record(&self, record: AccessRecord) {
        self.observe(&record);
    }
}

impl fmt::Debug for UsageLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageLedger").finish_non_exhaustive()
    }
}

impl Tally {
    fn note_use(&mut self, caller: &Arc<str>, at: OffsetDateTime) {
        match self.last_used.get_mut(&**caller) {
            Some(last) => *last = at.max(*last),
            None => {
                self.last_used.insert(Arc::clone(caller), at);
            }
        }
        if !self.touched.contains(&**caller) {
            self.touched.insert(Arc::clone(caller));
        }
    }

    /// The row, or a coarser one where there are too many already.
    fn bounded(&self, mut key: RowKey, backlog: usize) -> RowKey {
        let rows = self.counts.len() + backlog;
        if rows < MAX_ROWS || self.counts.contains_key(&key) {
            return key;
        }
        key.model = Some(OTHER.into());
        if rows < 2 * MAX_ROWS || self.counts.contains_key(&key) {
            return key;
        }
        key.api_key = OTHER.into();
        key.provider = Some(OTHER.into());
        key
    }
}

impl Rows {
    /// Adds what came since the last flush.
    fn take_in(&mut self, counts: HashMap<RowKey, UsageCounts>, touched: HashSet<Arc<str>>) {
        for (key, counts) in counts {
            let row = self.rows.entry(key).or_default();
            row.counts.add(counts);
            row.dirty = true;
        }
        self.touched.extend(touched);
    }

    fn dirty(&self) -> usize {
        self.rows.values().filter(|row| row.dirty).count()
    }

    /// Adds what the store has of rows that are new here.
    async fn complete(&mut self, store: &dyn Store) -> Result<(), StoreProblem> {
        for (key, row) in self.rows.iter_mut().filter(|(_, row)| !row.whole) {
            let stored = store.get(Kind::Usage, &key.stored()).await?;
            if let Some(stored) = stored.as_ref().and_then(StoredRow::read) {
                row.counts.add(stored.counts);
            }
            row.whole = true;
        }
        Ok(())
    }

    async fn write(&mut self, store: &dyn Store) -> Result<(), StoreProblem> {
        let dirty = self.rows.iter().filter(|(_, row)| row.dirty);
        let keys: Vec<_> = dirty.map(|(key, _)| key.clone()).collect();
        for keys in keys.chunks(BATCH_RECORDS) {
            let rows = keys.iter().filter_map(|key| self.rows.get(key).map(|row| (key, row)));
            let puts = rows.map(|(key, row)| StoredRow::put(key, row.counts)).collect();
            store.commit(Batch { puts, ..Batch::default() }).await?;
            for key in keys {
                if let Some(row) = self.rows.get_mut(key) {
                    row.dirty = false;
                }
            }
        }
        Ok(())
    }

    /// Drops written rows of hours that are over, or all written ones if they are many: they can
    /// be read again.
    fn drop_settled(&mut self, now: Hour) {
        let many = self.rows.len() > MAX_ROWS;
        self.rows.retain(|key, row| row.dirty || (key.hour >= now && !many));
    }
}

fn key_use_put(id: &str, at: OffsetDateTime) -> Put {
    let key_use = KeyUse { last_used_at: moment::text(at) };
    let body = serde_json::to_vec(&key_use).expect("a use has text keys only");
    Put { kind: Kind::KeyUse, key: Some(id.to_owned()), body }
}
