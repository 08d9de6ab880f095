//! One process owns a directory.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::problem::StoreProblem;

/// Name of the file in the directory.
const FILE: &str = "lock";

/// Longest process id that is read.
const MAX_OWNER_BYTES: u64 = 20;

/// Held as long as the directory is used. The system lets go of it when the process ends, however
/// it ends. The file holds the owner's process id as text.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Makes the directory with mode 0700 if it is not there, and takes it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreProblem> {
        let not_writable = |source| StoreProblem::NotWritable { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(not_writable)?;
        loop {
            let mut file = open(&path.join(FILE)).map_err(not_writable)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(in_use(path, &mut file)),
                Err(error) => return Err(not_writable(error.into())),
            }
            // A restore may have put another directory in this place since the file was opened.
            if is_still_there(&file, &path.join(FILE)) {
                sign(&mut file).map_err(not_writable)?;
                return Ok(Self { file });
            }
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // A stale process id would only mislead; the lock itself goes with the file.
        let _ = self.file.set_len(0);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn is_still_there(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(named)) = (file.metadata(), path.metadata()) else { return false };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn in_use(path: &Path, file: &mut File) -> StoreProblem {
    let mut owner = String::new();
    let read = file.take(MAX_OWNER_BYTES).read_to_string(&mut owner);
    if read.is_err() || owner.is_empty() || !owner.bytes().all(|it| it.is_ascii_digit()) {
        owner = "unknown".to_owned();
    }
    StoreProblem::InUse { path: PathBuf::from(path), owner }
}
