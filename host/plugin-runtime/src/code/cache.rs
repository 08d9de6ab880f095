//! Compiled code, kept between starts.
//!
//! One file a component and engine: an authentication code (HMAC-SHA-256) over name and code, then
//! the code. The key is in the same directory, which belongs to the gateway's user alone: the
//! authentication code keeps out files that were damaged, cut, renamed or carried here from
//! another gateway, and the permissions keep out everybody else.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rand::TryRngCore as _;
use rand::rngs::OsRng;
use ring::hmac;
use thiserror::Error;
use tracing::warn;
use wasmtime::Engine;

use crate::digest::Digest;

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 32;
/// Files kept; the ones used longest ago go first.
const MAX_FILES: usize = 128;
/// More is no compiled plugin.
const MAX_CODE_BYTES: u64 = 1 << 30;

/// Why a directory cannot be the cache.
#[derive(Debug, Error)]
pub enum CacheProblem {
    /// The system refuses it.
    #[error(
        "directory {path:?} cannot be used ({source}); make it writable for the gateway's user"
    )]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can write there.
    #[error("directory {path:?} can be entered by other users; run: chmod 700 {path:?}")]
    NotPrivate {
        /// The directory.
        path: PathBuf,
    },
    /// The key is not one.
    #[error("file {path:?} is not a key; remove the directory it is in")]
    Key {
        /// The file.
        path: PathBuf,
    },
}

/// A directory of compiled code.
pub(super) struct Cache {
    directory: PathBuf,
    key: hmac::Key,
    /// Of the engine: code for another one has another name.
    engine: String,
}

impl Cache {
    /// Opens the directory, and makes it if it is not there.
    pub(super) fn open(directory: &Path, engine: &Engine) -> Result<Self, CacheProblem> {
        let failed = |source| CacheProblem::Io { path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let mode = fs::metadata(directory).map_err(failed)?.mode();
        if mode & 0o077 != 0 {
            return Err(CacheProblem::NotPrivate { path: directory.to_owned() });
        }
        let key = read_or_make_key(directory).map_err(failed)?;
        let key = key.ok_or_else(|| CacheProblem::Key { path: directory.join(KEY_FILE) })?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            directory: directory.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            engine: format!("{:016x}", hasher.finish()),
        })
    }

    /// The code of a component, if it is there and nobody has touched it.
    pub(super) fn find(&self, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let mut bytes = Vec::new();
        let file = File::open(&path).ok()?;
        let read = (&file).take(MAX_CODE_BYTES).read_to_end(&mut bytes);
        let (tag, code) = bytes.split_at_checked(TAG_BYTES).unwrap_or_default();
        let authentic = hmac::verify(&self.key, &self.message(digest, code), tag).is_ok();
        if read.is_err() || !authentic {
            warn!(path = %path.display(), "compiled code was changed: it is compiled anew");
            self.forget(digest);
            return None;
        }
        // Only what is used stays; that the time cannot be set does no harm.
        let _ = file.set_modified(SystemTime::now());
        bytes.drain(..TAG_BYTES);
        Some(bytes)
    }

    /// Keeps code. That it cannot be kept is reported and does no harm.
    pub(super) fn keep(&self, digest: &Digest, code: &[u8]) {
        if let Err(error) = self.write(digest, code).and_then(|()| self.prune()) {
            warn!(cause = %error, "compiled code is not kept");
        }
    }

    /// Removes code that is of no use.
    pub(super) fn forget(&self, digest: &Digest) {
        let _ = fs::remove_file(self.path(digest));
    }

    /// A reader sees a whole file or none.
    fn write(&self, digest: &Digest, code: &[u8]) -> io::Result<()> {
        let tag = hmac::sign(&self.key, &self.message(digest, code));
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(tag.as_ref())?;
        file.write_all(code)?;
        file.persist(self.path(digest))?;
        Ok(())
    }

    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|it| it == "code") {
                files.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(MAX_FILES);
        files.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{digest}-{}.code", self.engine))
    }

    fn message(&self, digest: &Digest, code: &[u8]) -> Vec<u8> {
        let mut message =
            Vec::with_capacity(digest.as_str().len() + self.engine.len() + code.len());
        message.extend_from_slice(digest.as_str().as_bytes());
        message.extend_from_slice(self.engine.as_bytes());
        message.extend_from_slice(code);
        message
    }
}

/// `None`: there is something else in place of the key.
fn read_or_make_key(directory: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    let path = directory.join(KEY_FILE);
    let mut key = [0; KEY_BYTES];
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match made {
        Ok(mut file) => {
            OsRng.try_fill_bytes(&mut key).map_err(io::Error::other)?;
            file.write_all(&key)?;
            file.sync_all()?;
            Ok(Some(key))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::read(&path)?;
            Ok(found.try_into().ok())
        }
        Err(error) => Err(error),
    }
}
