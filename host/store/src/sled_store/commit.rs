//! Writing.

use std::io;

use super::settle::settle;
use super::{Database, layout};
use crate::batch::{Batch, Expectation};
use crate::problem::StoreProblem;
use crate::record::{Kind, Revision};

const ACTION: &str = "write a commit";

impl Database {
    /// Writes a batch after the commit `latest`. If there is plainly no room, nothing is touched
    /// and the store goes on; any other error of the disk fails it, because what sled has in
    /// memory then is not what is on the disk.
    pub(super) fn commit(&self, latest: Revision, batch: Batch) -> Result<Revision, StoreProblem> {
        self.expect(&batch.expectations)?;
        let room = self.files.have_room_for(batch.size());
        if !room.map_err(|it| self.problem(ACTION, it))? {
            return Err(StoreProblem::Full { path: self.path.clone() });
        }
        let revision = latest + 1;
        match self.write(revision, batch) {
            Ok(()) => Ok(revision),
            Err(error) => {
                self.fail(&error);
                Err(self.problem(ACTION, error))
            }
        }
    }

    fn expect(&self, expectations: &[(Kind, String, Expectation)]) -> Result<(), StoreProblem> {
        for (kind, key, expectation) in expectations {
            // What is damaged counts as absent, as it does for readers.
            let found = self.get(*kind, key)?.map(|it| it.revision);
            if !expectation.is_met(found) {
                return Err(StoreProblem::Conflict { kind: *kind, key: key.clone(), found });
            }
        }
        Ok(())
    }

    fn write(&self, revision: Revision, batch: Batch) -> io::Result<()> {
        let mut writes = sled::Batch::default();
        for change in batch.changes(revision) {
            let key = layout::key(change.kind.name(), &change.key);
            match change.body {
                Some(body) => {
                    let value = layout::value(&key, revision, &body);
                    writes.insert(key, value);
                }
                None => writes.remove(key),
            }
        }
        self.apply(writes, revision)
    }

    /// Writes changes of any kind, and `revision` as the latest one, durably and at once.
    pub(super) fn apply(&self, mut writes: sled::Batch, revision: Revision) -> io::Result<()> {
        let key = layout::REVISION_KEY;
        writes.insert(key, layout::value(key, revision, b""));
        self.db.apply_batch(writes)?;
        settle(&self.db)?;
        self.files.sync_log()?;
        self.files.acknowledge(revision)
    }
}
