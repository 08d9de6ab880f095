//! The key file: read with suspicion, made and replaced as a whole.

mod document;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use tempfile::{Builder, NamedTempFile};

use super::MasterKeyProblem;
use super::ring::Ring;

/// Far more than the largest number of keys takes.
const MAX_FILE_BYTES: u64 = 64 * 1024;
const MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// Bits of group and others.
const FOREIGN_BITS: u32 = 0o077;

/// Where master keys are kept.
pub(super) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The file of this name, or the one that it links to.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) }
    }

    /// The keys in it; `None` if there is no such file.
    pub(super) fn read(&self) -> Result<Option<Ring>, MasterKeyProblem> {
        // Looked at before it is opened, because opening a pipe would wait for its writer.
        match fs::metadata(&self.path) {
            Ok(metadata) if !metadata.is_file() => return Err(self.damaged("it is no file")),
            Ok(_) => {}
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.unreadable(source)),
        }
        let bytes = self.read_private()?;
        let ring = document::parse(&bytes).map_err(|reason| self.damaged(reason))?;
        Ok(Some(ring))
    }

    /// Makes the file with these keys. Where another process was faster, its keys are the answer.
    pub(super) fn create(&self, ring: Ring) -> Result<Ring, MasterKeyProblem> {
        let directory = self.directory();
        make_directories(directory).map_err(|source| self.unwritable(source))?;
        let staged = self.stage(&ring)?;
        let ring = match staged.persist_noclobber(&self.path) {
            Ok(_) => ring,
            Err(problem) if problem.error.kind() == io::ErrorKind::AlreadyExists => {
                let link_to_nothing =
                    || self.unreadable(io::Error::other("it is a link to nothing"));
                self.read()?.ok_or_else(link_to_nothing)?
            }
            Err(problem) => return Err(self.unwritable(problem.error)),
        };
        // Also for the keys of another process, which may not have come to this yet.
        synchronize(directory).map_err(|source| self.unwritable(source))?;
        Ok(ring)
    }

    /// Puts a file with these keys in the place of the old one. After an error the old file is
    /// there, or the new one where only its durability is in doubt.
    pub(super) fn replace(&self, ring: &Ring) -> Result<(), MasterKeyProblem> {
        let staged = self.stage(ring)?;
        staged.persist(&self.path).map_err(|problem| self.unwritable(problem.error))?;
        synchronize(self.directory()).map_err(|source| self.unwritable(source))
    }

    /// Removes what crashes during [`KeyFile::replace`] have left, as far as that can be done: it
    /// has keys that should be forgotten.
    pub(super) fn remove_leftovers(&self) {
        let prefix = self.staged_prefix();
        for entry in fs::read_dir(self.directory()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                // What cannot be removed is still private to the gateway's user.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// A private file beside the real one, with its content safe on the disk.
    fn stage(&self, ring: &Ring) -> Result<NamedTempFile, MasterKeyProblem> {
        let write = || {
            let bytes = document::write(ring)?;
            let mut staged = Builder::new()
                .prefix(&self.staged_prefix())
                .permissions(fs::Permissions::from_mode(MODE))
                .tempfile_in(self.directory())?;
            staged.write_all(&bytes)?;
            staged.as_file().sync_all()?;
            Ok(staged)
        };
        write().map_err(|source| self.unwritable(source))
    }

    fn staged_prefix(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        format!(".{}.new-", name.to_string_lossy())
    }

    fn read_private(&self) -> Result<Zeroizing<Vec<u8>>, MasterKeyProblem> {
        let unreadable = |source| self.unreadable(source);
        let file = File::open(&self.path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
        if mode & FOREIGN_BITS != 0 {
            return Err(MasterKeyProblem::Exposed { path: self.path.clone(), mode });
        }
        let mut bytes = Zeroizing::new(Vec::new());
        let limit = MAX_FILE_BYTES + 1;
        // Room for all of it, so that growing leaves no copies behind.
        bytes.reserve_exact(usize::try_from(limit).unwrap_or_default());
        let read = file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
        if read as u64 == limit {
            return Err(self.damaged("it is over 64 KiB"));
        }
        Ok(bytes)
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    fn damaged(&self, reason: impl Into<String>) -> MasterKeyProblem {
        MasterKeyProblem::Damaged { path: self.path.clone(), reason: reason.into() }
    }

    fn unreadable(&self, source: io::Error) -> MasterKeyProblem {
        MasterKeyProblem::Unreadable { path: self.path.clone(), source }
    }

    fn unwritable(&self, source: io::Error) -> MasterKeyProblem {
        MasterKeyProblem::Unwritable { path: self.path.clone(), source }
    }
}

/// Makes a directory and those above it that are missing, each safe on the disk.
fn make_directories(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    make_directories(parent)?;
    match DirBuilder::new().mode(DIRECTORY_MODE).create(directory) {
        Err(problem) if problem.kind() != io::ErrorKind::AlreadyExists => Err(problem),
        _ => synchronize(parent),
    }
}

/// A new name in a directory survives a crash only after this.
fn synchronize(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests;
