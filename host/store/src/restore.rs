//! Putting a backup in a store's place.
//!
//! The new store is made beside the old one and compared with the backup; then the two directories
//! change names in one step. A crash leaves the old store in its place or the new one, and nothing
//! between.

use std::fs::{remove_dir_all, rename};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::backup;
use crate::lock::DirectoryLock;
use crate::migrations::FORMATS;
use crate::problem::StoreProblem;
use crate::record::Revision;
use crate::siblings::{parent, sibling, sync_directory};
use crate::sled_store::{acknowledged, build};

/// Most former stores that are kept beside a store.
const MAX_FORMER: u32 = 1000;

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreSummary {
    /// Number of records.
    pub records: u64,
    /// The revision that the store goes on from: the backup's or, if that is later, the former
    /// store's, so that no revision is given out twice.
    pub revision: Revision,
    /// What was done to records of an earlier format, one sentence a step.
    pub migrated: Vec<&'static str>,
    /// Where the former store is now, if there was one.
    pub former: Option<PathBuf>,
}

/// Replaces the store of a stopped gateway by a backup's. Blocks on the disk.
///
/// The former store is kept as `<store_path>.before-restore-<n>`, damaged or not. The file system
/// has to be able to exchange two names, as ext4, xfs, btrfs, tmpfs and APFS are; elsewhere move
/// the former store away first.
///
/// # Errors
/// `BadBackup` if the backup is not whole, `InUse` if the gateway runs, and what opening a store
/// answers.
pub fn restore(backup: &Path, store_path: &Path) -> Result<RestoreSummary, StoreProblem> {
    let mut contents = backup::read(backup)?;
    let migrated = FORMATS.migrate(contents.header.format, &mut contents.entries);
    let bad = |reason| StoreProblem::BadBackup { path: backup.to_owned(), reason };
    let migrated = migrated.map_err(bad)?;
    contents.entries.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));

    let lock = lock_former(store_path)?;
    let former = acknowledged(store_path).unwrap_or_default();
    let revision = contents.header.revision.max(former);
    let new = sibling(store_path, "restoring").map_err(io_problem)?;
    // Only a restore that was cut off leaves this, and never a whole store.
    match remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_problem(error)),
        _ => {}
    }
    build(&new, &contents.entries, revision)?;
    let former = put_in_place(&new, store_path, lock.is_some()).map_err(io_problem)?;
    drop(lock);
    Ok(RestoreSummary { records: contents.entries.len() as u64, revision, migrated, former })
}

/// Makes sure that nobody uses the former store. `None` if there is none.
fn lock_former(path: &Path) -> Result<Option<DirectoryLock>, StoreProblem> {
    match path.symlink_metadata() {
        Ok(_) => DirectoryLock::take(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreProblem::NotWritable { path: path.to_owned(), source }),
    }
}

/// Returns where the former store is afterwards.
fn put_in_place(new: &Path, place: &Path, is_taken: bool) -> io::Result<Option<PathBuf>> {
    let directory = parent(place);
    if !is_taken {
        renameat_with(CWD, new, CWD, place, RenameFlags::NOREPLACE)?;
        sync_directory(directory)?;
        return Ok(None);
    }
    // The new store first takes the name that the former one will have. So a crash after the
    // exchange has nothing left to do, and never leaves the former store under a name that the
    // next restore clears away.
    let former = free_name(place)?;
    rename(new, &former)?;
    renameat_with(CWD, &former, CWD, place, RenameFlags::EXCHANGE)?;
    sync_directory(directory)?;
    Ok(Some(former))
}

fn free_name(place: &Path) -> io::Result<PathBuf> {
    for number in 1..=MAX_FORMER {
        let name = sibling(place, &format!("before-restore-{number}"))?;
        if name.symlink_metadata().is_err() {
            return Ok(name);
        }
    }
    Err(io::Error::other("there are too many former stores beside it"))
}

fn io_problem(source: io::Error) -> StoreProblem {
    StoreProblem::Io { action: "be put in place", source }
}
