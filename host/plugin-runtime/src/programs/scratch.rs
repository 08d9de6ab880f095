//! Private directories of programs, and that nothing of them stays.
//!
//! All runs of a gateway are below one directory, which it holds locked: the next gateway removes
//! those that nobody holds, because their gateway was killed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;
use tracing::warn;

const PREFIX: &str = "patchbay-wasi-";
const LOCK_FILE: &str = "lock";

/// The directory of one gateway.
pub(super) struct ScratchRoot {
    directory: TempDir,
    next: AtomicU64,
    _lock: File,
}

/// The directories of one run. Whoever has it calls [`remove`](Self::remove).
#[derive(Debug)]
pub(super) struct Scratch {
    root: PathBuf,
}

impl ScratchRoot {
    /// Makes it below `parent`, and removes what gateways that were killed left there.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn make(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let lock = File::create_new(directory.path().join(LOCK_FILE))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { directory, next: AtomicU64::new(0), _lock: lock })
    }

    /// Makes the directories of a run, for the gateway's user alone.
    ///
    /// # Errors
    /// The system's; nothing is left then.
    pub(super) fn scratch(&self) -> io::Result<Scratch> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let scratch = Scratch { root: self.directory.path().join(number.to_string()) };
        let made = make_private(&scratch.root).and_then(|()| make_private(&scratch.temporary()));
        if let Err(error) = made {
            let _ = scratch.remove();
            return Err(error);
        }
        Ok(scratch)
    }
}

impl Scratch {
    /// What the program sees as `/tmp`.
    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Puts a secret into a directory of its own, which is returned.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn keep_secret(&self, file: &str, secret: &str) -> io::Result<PathBuf> {
        let directory = self.root.join("credentials");
        make_private(&directory)?;
        let mut options = File::options();
        let mut file =
            options.write(true).create_new(true).mode(0o400).open(directory.join(file))?;
        io::Write::write_all(&mut file, secret.as_bytes())?;
        Ok(directory)
    }

    /// Makes one more private directory, with a number that none has yet.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn make_directory(&self, number: usize) -> io::Result<PathBuf> {
        let directory = self.root.join(format!("named-{number}"));
        make_private(&directory)?;
        Ok(directory)
    }

    /// Removes everything. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn remove(&self) -> io::Result<()> {
        remove_tree(&self.root)
    }
}

fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(directory)
}

/// Removes a tree of any depth with few open files and a short stack: directories in directories
/// are moved to the top first.
fn remove_tree(root: &Path) -> io::Result<()> {
    // No name that is there already, also if removing was cut short before.
    let unique: u64 = rand::random();
    let mut moved: u64 = 0;
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        // Read to its end first: what is moved to the top must not be met again there.
        let entries: Vec<_> = fs::read_dir(&directory)?.collect::<io::Result<_>>()?;
        for entry in entries {
            if entry.file_type()?.is_dir() {
                let top = root.join(format!(".removed-{unique:x}-{moved}"));
                moved += 1;
                fs::rename(entry.path(), &top)?;
                pending.push(top);
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        if directory != root {
            fs::remove_dir(&directory)?;
        }
    }
    fs::remove_dir(root)
}

/// Removes directories of gateways that are gone. Whatever cannot be removed is left.
fn sweep(parent: &Path) {
    let own = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_one = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_own = entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == own);
        if !is_one || !is_own {
            continue;
        }
        let path = entry.path();
        // Without a lock file it is one that is being made.
        let Ok(lock) = File::open(path.join(LOCK_FILE)) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        if let Err(error) = remove_tree(&path) {
            warn!(target: "process", cause = %error, "a trace of a program is left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_tree_with_links_is_removed_and_what_they_point_at_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let kept = parent.path().join("kept");
        fs::write(&kept, "x").unwrap();
        let root = ScratchRoot::make(parent.path()).unwrap();
        let scratch = root.scratch().unwrap();
        let mut deep = scratch.temporary();
        for _ in 0..300 {
            deep.push("d");
            fs::create_dir(&deep).unwrap();
        }
        std::os::unix::fs::symlink(&kept, deep.join("link")).unwrap();
        std::os::unix::fs::symlink(parent.path(), deep.join("directory")).unwrap();
        scratch.remove().unwrap();
        assert!(kept.exists() && !scratch.root.exists());
    }

    #[test]
    fn what_a_killed_gateway_left_is_removed_and_what_a_running_one_has_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let running = ScratchRoot::make(parent.path()).unwrap();
        let left = parent.path().join(format!("{PREFIX}old"));
        fs::create_dir_all(left.join("3/tmp/x")).unwrap();
        fs::write(left.join(LOCK_FILE), "").unwrap();
        let next = ScratchRoot::make(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(running.directory.path().exists() && next.directory.path().exists());
    }
}
