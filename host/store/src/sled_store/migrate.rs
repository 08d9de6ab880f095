//! Bringing a store to today's format.

use std::path::PathBuf;

use super::{Database, layout};
use crate::backup;
use crate::entry::Entry;
use crate::migrations::{Formats, MigrationSummary};
use crate::problem::StoreProblem;
use crate::record::Revision;
use crate::siblings::sibling;

const ACTION: &str = "migrate its records";

impl Database {
    /// Migrates from format `found`, if that is not the latest one: a backup first, then all
    /// records and the new number in one batch, so that a crash leaves one format or the other.
    /// Revisions stay: what a record says has not changed.
    pub(super) fn migrate(
        &self,
        formats: &Formats,
        found: u32,
        latest: Revision,
    ) -> Result<MigrationSummary, StoreProblem> {
        if found == formats.latest {
            return Ok(MigrationSummary::nothing(formats));
        }
        let backup = self.back_up_before(found, latest)?;
        let mut before = Vec::new();
        self.each(|entry| {
            before.push(entry);
            Ok(())
        })?;
        let mut after = before.clone();
        let steps = formats.migrate(found, &mut after);
        let steps = steps.map_err(|reason| StoreProblem::Damaged {
            path: self.path.clone(),
            reason: format!("its records cannot be migrated: {reason}"),
        })?;
        let mut writes = difference(&before, &after);
        writes.insert(layout::FORMAT_KEY, formats.latest.to_string().as_bytes());
        self.apply(writes, latest).map_err(|it| self.problem(ACTION, it))?;
        let (from, to) = (found, formats.latest);
        tracing::info!(store.path = ?self.path, from, to, ?backup, "the store was migrated");
        Ok(MigrationSummary { from, to, steps, backup: Some(backup) })
    }

    /// The backup's name tells what is in it, so an attempt that was cut off finds it again.
    fn back_up_before(&self, format: u32, latest: Revision) -> Result<PathBuf, StoreProblem> {
        let ending = format!("format-{format}.revision-{latest}.backup");
        let to = sibling(&self.path, &ending).map_err(|it| self.problem(ACTION, it))?;
        if to.symlink_metadata().is_err() {
            self.back_up(&to, format, latest)?;
        }
        backup::verify(&to)?;
        Ok(to)
    }
}

/// What has to be written to make the one of the other.
fn difference(before: &[Entry], after: &[Entry]) -> sled::Batch {
    let key_of = |it: &Entry| layout::key(&it.kind, &it.key);
    let mut writes = sled::Batch::default();
    for entry in before {
        writes.remove(key_of(entry));
    }
    for entry in after {
        let key = key_of(entry);
        let value = layout::value(&key, entry.revision, &entry.body);
        writes.insert(key, value);
    }
    writes
}
