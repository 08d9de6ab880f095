//! The private directory: versions of old by digest, and the state.
//!
//! Every file appears whole or not at all: written beside, synced, renamed, and the directory
//! synced. A version is read back only if its bytes still have its digest, and its signature is
//! checked again whenever it is loaded.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tempfile::{NamedTempFile, TempDir};
use tracing::warn;

use super::capture::Captured;
use super::problem::LifeProblem;
use super::record::{FORMAT, Record};
use crate::digest::Digest;

const STATE_FILE: &str = "state.json";
const LOCK_FILE: &str = "lock";
const VERSIONS: &str = "versions";

/// The private directory of one plugin directory.
#[derive(Debug)]
pub(super) struct Archive {
    directory: PathBuf,
    /// Held as long as the gateway runs. Without it nothing is written.
    lock: Option<File>,
    /// In place of a directory that cannot be written.
    _forgetful: Option<TempDir>,
}

impl Archive {
    /// Opens the directory, and makes it if it is not there. If it cannot be written, versions
    /// and state last until the gateway ends, and the operator is told.
    ///
    /// # Errors
    /// If another gateway uses it.
    pub(super) fn open(directory: &Path) -> Result<Self, LifeProblem> {
        match Self::open_at(directory, None) {
            Err(LifeProblem::Write { what, source }) => {
                warn!(
                    "versions of plugins are not kept across restarts: {what} cannot be written \
                     ({source}); let the gateway's user write there"
                );
                let Ok(forgetful) = tempfile::tempdir() else {
                    // Without any place to write, there is no version to go back to.
                    return Ok(Self::read_only(directory));
                };
                let path = forgetful.path().join("state");
                Self::open_at(&path, Some(forgetful))
            }
            opened => opened,
        }
    }

    fn open_at(directory: &Path, forgetful: Option<TempDir>) -> Result<Self, LifeProblem> {
        let versions = directory.join(VERSIONS);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&versions);
        made.map_err(|error| unwritable(&versions, error))?;
        // A volume may have been handed to a group; who cannot change that works all the same.
        let _ = fs::set_permissions(directory, Permissions::from_mode(0o700));
        let lock_path = directory.join(LOCK_FILE);
        let lock = File::create(&lock_path).map_err(|error| unwritable(&lock_path, error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(LifeProblem::InUse(directory.display().to_string()));
        }
        let directory = directory.to_owned();
        Ok(Self { directory, lock: Some(lock), _forgetful: forgetful })
    }

    /// Opens the directory to be read alone, beside a gateway that uses it.
    pub(super) fn read_only(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), lock: None, _forgetful: None }
    }

    /// Whether nothing is written.
    pub(super) fn is_read_only(&self) -> bool {
        self.lock.is_none()
    }

    /// The state, or an empty one if there is none yet.
    ///
    /// # Errors
    /// If the file is no state of this version.
    pub(super) fn record(&self) -> Result<Record, LifeProblem> {
        let path = self.directory.join(STATE_FILE);
        let bad = |cause| LifeProblem::State { what: path.display().to_string(), cause };
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            Err(error) => return Err(bad(error.to_string())),
        };
        let record: Record =
            serde_json::from_slice(&json).map_err(|error| bad(error.to_string()))?;
        if record.format != FORMAT {
            return Err(bad(format!("it has format {} and not {FORMAT}", record.format)));
        }
        Ok(record)
    }

    /// Writes the state, and removes versions that it does not name.
    ///
    /// # Errors
    /// If it cannot be written; the state before is still there then.
    pub(super) fn save(&self, record: &Record) -> Result<(), LifeProblem> {
        if self.lock.is_none() {
            return Ok(());
        }
        let path = self.directory.join(STATE_FILE);
        let json = serde_json::to_vec_pretty(record).map_err(|it| unwritable(&path, it.into()))?;
        write_whole(&path, &json).map_err(|error| unwritable(&path, error))?;
        self.prune(record);
        Ok(())
    }

    /// Keeps a version.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn keep(&self, captured: &Captured) -> Result<(), LifeProblem> {
        if self.lock.is_none() {
            return Ok(());
        }
        let (component, signature) = self.paths(&captured.digest);
        if let Some(bytes) = &captured.signature {
            write_whole(&signature, bytes).map_err(|error| unwritable(&signature, error))?;
        }
        write_whole(&component, &captured.bytes).map_err(|error| unwritable(&component, error))
    }

    /// A version as it was captured.
    ///
    /// # Errors
    /// If it is gone, or its bytes are others.
    pub(super) fn version(&self, file: &str, digest: &Digest) -> Result<Captured, LifeProblem> {
        let (component, signature) = self.paths(digest);
        let bytes = fs::read(component).map_err(|_| LifeProblem::Spoilt(digest.clone()))?;
        if Digest::of(&bytes) != *digest {
            return Err(LifeProblem::Spoilt(digest.clone()));
        }
        let (file, digest) = (file.to_owned(), digest.clone());
        Ok(Captured { file, bytes, signature: fs::read(signature).ok(), digest })
    }

    /// Removes what no plugin needs. What cannot be removed is tried again the next time.
    fn prune(&self, record: &Record) {
        let versions = record.plugins.values().flat_map(|plugin| &plugin.versions);
        let kept: BTreeSet<&str> = versions.map(|version| version.digest.as_str()).collect();
        let entries = fs::read_dir(self.directory.join(VERSIONS)).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if !kept.contains(stem) {
                let _ = fs::remove_file(path);
            }
        }
    }

    fn paths(&self, digest: &Digest) -> (PathBuf, PathBuf) {
        let versions = self.directory.join(VERSIONS);
        (versions.join(format!("{digest}.wasm")), versions.join(format!("{digest}.minisig")))
    }
}

fn unwritable(path: &Path, source: io::Error) -> LifeProblem {
    LifeProblem::Write { what: path.display().to_string(), source }
}

/// Writes a file that is there whole or not at all, also after a crash of the machine. Its
/// temporary name is hidden.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = NamedTempFile::with_prefix_in(".new-", directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all()
}
