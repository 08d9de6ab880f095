//! A new store from a backup's records.

use std::path::Path;

use super::layout;
use super::open::open;
use crate::entry::Entry;
use crate::migrations::FORMATS;
use crate::problem::StoreProblem;
use crate::record::Revision;

/// Records a batch, so that sled has not to hold them all at once.
const BATCH_RECORDS: usize = 256;

const ACTION: &str = "restore its records";

/// Makes a store of today's format in an empty directory. It is whole only when this returns.
pub(crate) fn build(path: &Path, entries: &[Entry], latest: Revision) -> Result<(), StoreProblem> {
    let new = open(path, &FORMATS)?.database;
    for entries in entries.chunks(BATCH_RECORDS) {
        let mut writes = sled::Batch::default();
        for entry in entries {
            let key = layout::key(&entry.kind, &entry.key);
            let value = layout::value(&key, entry.revision, &entry.body);
            writes.insert(key, value);
        }
        new.apply(writes, latest).map_err(|it| new.problem(ACTION, it))?;
    }
    new.apply(sled::Batch::default(), latest).map_err(|it| new.problem(ACTION, it))?;
    drop(new);
    compare(path, entries)
}

/// Opens it again and compares all records.
fn compare(path: &Path, entries: &[Entry]) -> Result<(), StoreProblem> {
    let new = open(path, &FORMATS)?.database;
    let mut expected = entries.iter();
    let mut differs = false;
    new.each(|entry| {
        differs |= expected.next() != Some(&entry);
        Ok(())
    })?;
    if differs || expected.next().is_some() {
        let reason = "it does not hold what was just written".to_owned();
        return Err(StoreProblem::Damaged { path: path.to_owned(), reason });
    }
    Ok(())
}
