//! Reading.

use std::io;
use std::ops::Bound;
use std::path::Path;

use sled::IVec;

use super::{Database, layout};
use crate::backup::{self, BackupSummary};
use crate::entry::Entry;
use crate::limits::MAX_PAGE_RECORDS;
use crate::migrations::FORMATS;
use crate::problem::StoreProblem;
use crate::record::{Damage, Kind, Loaded, Page, PageQuery, Record, Revision};

/// A key and its value.
type Pair = (IVec, IVec);

/// What stands under a key.
enum Found {
    Whole(Entry),
    /// Why it cannot be read.
    Damaged(&'static str),
}

impl Database {
    pub(super) fn load(&self, kind: Kind) -> Result<Loaded, StoreProblem> {
        let mut loaded = Loaded::default();
        for pair in self.db.range(layout::start_of(kind)..layout::end_of(kind)) {
            let (key, value) = self.pair(pair)?;
            match found(&key, &value) {
                Found::Whole(entry) => loaded.records.push(record(entry)),
                Found::Damaged(reason) => {
                    self.report(&key, reason);
                    let (_, key) = layout::names_of(&key);
                    loaded.damaged.push(Damage { kind, key, reason: reason.to_owned() });
                }
            }
        }
        Ok(loaded)
    }

    pub(super) fn get(&self, kind: Kind, key: &str) -> Result<Option<Record>, StoreProblem> {
        let key = layout::key(kind.name(), key);
        let value = self.db.get(&key).map_err(|it| self.read_problem(it))?;
        Ok(value.and_then(|it| self.whole(&key, &it)).map(record))
    }

    pub(super) fn page(&self, kind: Kind, query: &PageQuery) -> Result<Page, StoreProblem> {
        let after = query.after.as_ref().map(|it| layout::key(kind.name(), it));
        let (start, end) = (layout::start_of(kind), layout::end_of(kind));
        let range = match (after, query.descending) {
            (None, _) => (Bound::Included(start), Bound::Excluded(end)),
            (Some(after), false) => (Bound::Excluded(after), Bound::Excluded(end)),
            (Some(after), true) => (Bound::Included(start), Bound::Excluded(after)),
        };
        let pairs = self.db.range(range);
        if query.descending {
            self.first(pairs.rev(), query.limit)
        } else {
            self.first(pairs, query.limit)
        }
    }

    fn first(
        &self,
        pairs: impl Iterator<Item = sled::Result<Pair>>,
        limit: usize,
    ) -> Result<Page, StoreProblem> {
        let limit = limit.clamp(1, MAX_PAGE_RECORDS);
        let mut page = Page::default();
        for pair in pairs {
            let (key, value) = self.pair(pair)?;
            let Some(entry) = self.whole(&key, &value) else { continue };
            if page.records.len() == limit {
                page.more = true;
                break;
            }
            page.records.push(record(entry));
        }
        Ok(page)
    }

    /// Writes a backup. Commits must wait meanwhile.
    pub(super) fn back_up(
        &self,
        to: &Path,
        format: u32,
        latest: Revision,
    ) -> Result<BackupSummary, StoreProblem> {
        let mut backup = backup::Writer::start(to, backup::Header::of_format(format, latest))?;
        let mut strangers = 0;
        let damaged = self.each(|entry| {
            // Another format may have had other kinds.
            if format == FORMATS.latest && Kind::of_name(&entry.kind).is_none() {
                self.report(&layout::key(&entry.kind, &entry.key), "its kind is not known");
                strangers += 1;
                return Ok(());
            }
            backup.add(&entry)
        })?;
        let damaged = damaged + strangers;
        backup.finish().map(|it| BackupSummary { damaged, ..it })
    }

    /// Gives every record of every kind in the order of keys, and returns how many are damaged.
    pub(super) fn each(
        &self,
        mut give: impl FnMut(Entry) -> Result<(), StoreProblem>,
    ) -> Result<u64, StoreProblem> {
        let mut damaged = 0;
        for pair in self.db.range(layout::FIRST_RECORD..) {
            let (key, value) = self.pair(pair)?;
            match self.whole(&key, &value) {
                Some(entry) => give(entry)?,
                None => damaged += 1,
            }
        }
        Ok(damaged)
    }

    fn whole(&self, key: &[u8], value: &[u8]) -> Option<Entry> {
        match found(key, value) {
            Found::Whole(entry) => Some(entry),
            Found::Damaged(reason) => {
                self.report(key, reason);
                None
            }
        }
    }

    fn pair(&self, pair: sled::Result<Pair>) -> Result<Pair, StoreProblem> {
        pair.map_err(|it| self.read_problem(it))
    }

    pub(super) fn read_problem(&self, error: sled::Error) -> StoreProblem {
        self.problem("read records", io::Error::from(error))
    }
}

fn found(key: &[u8], value: &[u8]) -> Found {
    let (revision, body) = match layout::parse(key, value) {
        Ok(it) => it,
        Err(reason) => return Found::Damaged(reason),
    };
    let Ok(text) = std::str::from_utf8(key) else { return Found::Damaged("its key is not UTF-8") };
    let Some((kind, key)) = text.split_once('\0') else {
        return Found::Damaged("its key has no kind");
    };
    let (kind, key) = (kind.to_owned(), key.to_owned());
    Found::Whole(Entry { kind, key, revision, body: body.to_owned() })
}

fn record(entry: Entry) -> Record {
    Record { key: entry.key, revision: entry.revision, body: entry.body }
}
