//! Master keys that this machine holds.
//!
//! They come from a key file, which the gateway makes at first start and replaces as a whole at a
//! rotation, or from texts (the environment), which only the operator changes. Keys are in memory
//! for as long as the gateway runs and are wiped when they are forgotten.

mod file;
mod ring;
mod text;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use secrecy::SecretString;
use thiserror::Error;

use crate::vault::{DataKey, KeyWrapper, VaultProblem, Wrapped};
use file::KeyFile;
use ring::{MasterKey, Ring};

/// Why there is no master key.
#[derive(Debug, Error)]
pub enum MasterKeyProblem {
    /// There is no key file, and a new one would not open what is stored.
    #[error(
        "master key file {0:?} is not there, and the store holds credentials that were sealed \
         with it; bring that file back from where it was moved or from a backup"
    )]
    Absent(PathBuf),
    /// Others may read or change the key file.
    #[error(
        "master key file {path:?} is open to other users (mode {mode:04o}); run: chmod 600 {}",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be read.
    #[error("master key file {path:?} cannot be read ({source}); make it readable for the gateway")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written. The file is as it was.
    #[error(
        "master key file {path:?} cannot be written ({source}); make its directory writable for \
         the gateway"
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its content is not a key file's. Never quotes it.
    #[error("master key file {path:?} is damaged ({reason}); bring it back from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Rotations followed one another before the credentials were wrapped anew.
    #[error("{0} master keys are in use; wait until credentials are wrapped by the current one")]
    TooMany(usize),
    /// A text is no key. Never quotes it.
    #[error(
        "{variable} is not a key of 32 bytes in base64, base64url or 64 hexadecimal digits \
         ({reason}); make one with: openssl rand -base64 32"
    )]
    Text {
        /// The variable that it comes from.
        variable: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The system gave no random bytes.
    #[error("no key can be made ({0}); look at the system's random generator")]
    NoRandomBytes(String),
}

/// Master keys in a file or from texts.
pub struct LocalMasterKey {
    shared: Arc<Shared>,
}

struct Shared {
    ring: RwLock<Arc<Ring>>,
    /// Where keys are kept; none if they came as texts. Its lock is for one change at a time.
    file: Option<Mutex<KeyFile>>,
}

impl LocalMasterKey {
    /// The keys of a file, which is made with one new key where it is absent and may be made.
    ///
    /// The file is JSON, `{"v":1,"current":"<id>","keys":[{"id","key","created_at"}]}`, with mode
    /// 0600. It appears at once and as a whole, also where two processes make it: one key wins.
    /// A symbolic link is followed: what it points to is checked, and replaced at a rotation.
    /// Missing directories are made with mode 0700. A key file belongs to one store: what one
    /// gateway retires is lost to others. Blocks on the disk: for the start.
    ///
    /// # Errors
    /// [`MasterKeyProblem`]; a file that is there is never overwritten by this.
    pub fn open_or_create(path: &Path, may_create: bool) -> Result<Self, MasterKeyProblem> {
        let file = KeyFile::at(path);
        let ring = match file.read()? {
            Some(ring) => ring,
            None if may_create => file.create(Ring::of_new_key()?)?,
            None => return Err(MasterKeyProblem::Absent(path.to_owned())),
        };
        Ok(Self::with(ring, Some(Mutex::new(file))))
    }

    /// Keys that were given as texts: `PATCHBAY_MASTER_KEY`, which wraps, and those of
    /// `PATCHBAY_MASTER_KEY_PREVIOUS`, which only unwrap. Each is 32 bytes in base64, base64url
    /// (with or without padding) or 64 hexadecimal digits; white space around it is dropped.
    ///
    /// # Errors
    /// [`MasterKeyProblem::Text`] with the name of the variable, [`MasterKeyProblem::TooMany`].
    pub fn from_texts(
        current: &SecretString,
        previous: &[SecretString],
    ) -> Result<Self, MasterKeyProblem> {
        let mut ring = Ring::of(text::parse(current, "PATCHBAY_MASTER_KEY")?);
        for previous in previous {
            ring = ring.with_older(text::parse(previous, "PATCHBAY_MASTER_KEY_PREVIOUS")?)?;
        }
        Ok(Self::with(ring, None))
    }

    fn with(ring: Ring, file: Option<Mutex<KeyFile>>) -> Self {
        Self { shared: Arc::new(Shared { ring: RwLock::new(Arc::new(ring)), file }) }
    }

    /// Runs a change where it may wait for the disk. It is carried through even when nobody waits
    /// for it any more.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Shared) -> Result<T, VaultProblem> + Send + 'static,
    ) -> Result<T, VaultProblem> {
        let shared = Arc::clone(&self.shared);
        match tokio::task::spawn_blocking(move || change(&shared)).await {
            Ok(result) => result,
            Err(problem) => Err(VaultProblem::Wrapper(problem.to_string())),
        }
    }
}

impl Shared {
    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    fn rotate(&self) -> Result<String, VaultProblem> {
        let Some(file) = &self.file else {
            return Err(VaultProblem::Refused(
                "the master key comes from PATCHBAY_MASTER_KEY; set that to a new key and \
                 PATCHBAY_MASTER_KEY_PREVIOUS to the present one, and restart the gateway"
                    .to_owned(),
            ));
        };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = Ring::clone(&self.ring());
        // Keys in the file that are not in memory come from a rotation whose end was not seen.
        for key in file.read()?.iter().flat_map(Ring::keys) {
            ring = ring.with_older(Arc::clone(key))?;
        }
        let ring = ring.with_current(MasterKey::generate()?)?;
        file.replace(&ring)?;
        let id = ring.current().id().to_owned();
        self.replace(ring);
        Ok(id)
    }

    fn retire_others(&self) -> Result<(), VaultProblem> {
        let Some(file) = &self.file else {
            self.replace(Ring::of(Arc::clone(self.ring().current())));
            return Ok(());
        };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.ring();
        let mut ring = Ring::of(Arc::clone(held.current()));
        // Keys in the file that were never held here are not known to be out of use.
        for key in file.read()?.iter().flat_map(Ring::keys) {
            if held.find(key.id()).is_none() {
                ring = ring.with_older(Arc::clone(key))?;
            }
        }
        file.replace(&ring)?;
        file.remove_leftovers();
        self.replace(ring);
        Ok(())
    }
}

#[async_trait]
impl KeyWrapper for LocalMasterKey {
    fn current_key(&self) -> String {
        self.shared.ring().current().id().to_owned()
    }

    async fn wrap_key(&self, data_key: &DataKey, aad: &[u8]) -> Result<Wrapped, VaultProblem> {
        self.shared.ring().current().wrap(data_key, aad)
    }

    async fn unwrap_key(&self, wrapped: &Wrapped, aad: &[u8]) -> Result<DataKey, VaultProblem> {
        let ring = self.shared.ring();
        let key = ring.find(&wrapped.key);
        let key = key.ok_or_else(|| VaultProblem::UnknownKey { key: wrapped.key.clone() })?;
        key.unwrap_key(&wrapped.bytes, aad)
    }

    /// A key file is written whole beside the old one and put in its place.
    async fn rotate(&self) -> Result<String, VaultProblem> {
        self.change(Shared::rotate).await
    }

    /// Keys that came as texts are forgotten until the next start.
    async fn retire_others(&self) -> Result<(), VaultProblem> {
        self.change(Shared::retire_others).await
    }
}

impl fmt::Debug for LocalMasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.shared.ring();
        formatter
            .debug_struct("LocalMasterKey")
            .field("current", &ring.current().id())
            .field("keys", &ring.keys().count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
