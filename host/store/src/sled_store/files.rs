//! The store's files, as far as the database does not look after them.
//!
//! sled writes its log with `sync_file_range`, which reaches neither the file's length nor the
//! disk's own cache, and does not sync what it puts in `blobs/` at all. After each commit both are
//! therefore synced here. Besides, sled drops what follows a damaged part of its log and says
//! nothing; the file `revision` says up to where commits were answered, so that this is noticed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, read_dir};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::statvfs;
use sha2::{Digest, Sha256};

use crate::record::Revision;
use crate::siblings::sync_directory;

/// Room that a commit needs beside its own bytes: two segments of the log and what the file system
/// needs for itself.
const SPARE_BYTES: u64 = 4 << 20;

/// Name of the file that says which commit was answered last.
const REVISION_FILE: &str = "revision";

/// Its length: twenty digits, a space, eight hexadecimal digits, a line feed.
const REVISION_FILE_BYTES: usize = 30;

/// What is synced after a commit.
#[derive(Debug)]
pub(super) struct Files {
    directory: PathBuf,
    log: File,
    revision: File,
    /// Blobs that are on the disk. As many as the directory has; sled removes old ones.
    blobs: Mutex<BTreeSet<OsString>>,
}

impl Files {
    /// Opens them in a directory that holds a database, and syncs all that is there.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        for found in read_dir(directory)? {
            let found = found?;
            if found.file_type()?.is_file() {
                File::open(found.path())?.sync_all()?;
            }
        }
        let revision = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(REVISION_FILE))?;
        let log = File::open(directory.join("db"))?;
        let blobs = Mutex::default();
        let files = Self { directory: directory.to_owned(), log, revision, blobs };
        files.sync_log()?;
        sync_directory(directory)?;
        Ok(files)
    }

    /// Whether there is room for a commit of this many bytes.
    pub(super) fn have_room_for(&self, bytes: usize) -> io::Result<bool> {
        let system = statvfs(&self.directory)?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        // The page that a record stands on may be written anew with it.
        Ok(free >= (bytes as u64).saturating_mul(2).saturating_add(SPARE_BYTES))
    }

    /// Makes what sled has written durable.
    pub(super) fn sync_log(&self) -> io::Result<()> {
        self.sync_blobs()?;
        self.log.sync_data()
    }

    /// Notes that a commit is durable and about to be answered.
    pub(super) fn acknowledge(&self, revision: Revision) -> io::Result<()> {
        self.revision.write_all_at(&line_of(revision), 0)?;
        self.revision.sync_data()
    }

    fn sync_blobs(&self) -> io::Result<()> {
        let directory = self.directory.join("blobs");
        let mut synced = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeSet::new();
        let mut is_new = false;
        for blob in read_dir(&directory)? {
            let name = blob?.file_name();
            if !synced.contains(&name) {
                match File::open(directory.join(&name)) {
                    Ok(file) => file.sync_all()?,
                    // sled removes what it has rewritten elsewhere.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
                is_new = true;
            }
            found.insert(name);
        }
        *synced = found;
        if is_new { sync_directory(&directory) } else { Ok(()) }
    }
}

/// The commit that was answered last in this directory. `None` if that is not known: the file is
/// missing, or was being written when the disk lost power.
pub(crate) fn acknowledged(directory: &Path) -> Option<Revision> {
    let mut line = Vec::new();
    let file = File::open(directory.join(REVISION_FILE)).ok()?;
    file.take(REVISION_FILE_BYTES as u64).read_to_end(&mut line).ok()?;
    let digits = std::str::from_utf8(line.get(..20)?).ok()?;
    let revision = digits.parse().ok()?;
    (line == line_of(revision)).then_some(revision)
}

fn line_of(revision: Revision) -> Vec<u8> {
    let digits = format!("{revision:020}");
    let whole: [u8; 32] = Sha256::digest(&digits).into();
    let [a, b, c, d, ..] = whole;
    let sum = u32::from_be_bytes([a, b, c, d]);
    format!("{digits} {sum:08x}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(directory: &Path) -> Files {
        std::fs::write(directory.join("db"), "").unwrap();
        std::fs::create_dir(directory.join("blobs")).unwrap();
        Files::open(directory).unwrap()
    }

    #[test]
    fn no_disk_has_room_for_everything() {
        let directory = tempfile::tempdir().unwrap();
        let files = files(directory.path());
        assert!(files.have_room_for(0).unwrap());
        assert!(!files.have_room_for(usize::MAX).unwrap());
    }

    #[test]
    fn the_latest_answer_is_read_back_unless_it_was_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert_eq!(acknowledged(path), None);
        let files = files(path);
        for revision in [0, 41, 42, Revision::MAX] {
            files.acknowledge(revision).unwrap();
            assert_eq!(acknowledged(path), Some(revision));
        }
        let file = path.join(REVISION_FILE);
        let good = std::fs::read(&file).unwrap();
        for place in 0..good.len() {
            let mut changed = good.clone();
            changed[place] ^= 1;
            std::fs::write(&file, changed).unwrap();
            assert_eq!(acknowledged(path), None, "byte {place}");
        }
    }
}
