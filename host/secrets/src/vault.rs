//! Sealing secrets that are kept on disk.
//!
//! Envelope encryption: each secret is sealed with AES-256-GCM (NIST SP 800-38D) under a data key
//! of its own, and the data key is wrapped by a [`KeyWrapper`]. Where the secret belongs is
//! authenticated data of both, so a sealed secret opens nowhere else. A new master key changes the
//! wrapping only: [`Vault::rewrap`] never sees a plaintext.
//!
//! A data key encrypts once, so its random nonce cannot repeat. A local master key wraps with
//! random nonces too; NIST allows 2³² of those for one key, and operators do not set four thousand
//! million credentials.
//!
//! Nothing is cached and nothing is written here: who seals keeps what comes back.

mod cipher;
mod context;
mod sealed;
mod wrapper;

use std::fmt;
use std::sync::Arc;

use rand::rand_core::OsError;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

pub(crate) use cipher::{Key256, NONCE_BYTES, TAG_BYTES, decrypt, encrypt, random_key};
pub use context::SealContext;
pub use sealed::{Sealed, SealedProblem};
pub use wrapper::{DataKey, KeyWrapper, Wrapped};

use crate::MasterKeyProblem;
use context::Purpose;

/// Largest secret that is sealed: as large as a file that a reference may name.
pub const MAX_SECRET_BYTES: usize = 64 * 1024;

/// Why a secret could not be sealed or opened. Never quotes one.
#[derive(Debug, Error)]
pub enum VaultProblem {
    /// Wrapped by a master key that is not here.
    #[error("it is sealed with master key {key:?}, which is not here; bring that key back")]
    UnknownKey {
        /// Name of the key.
        key: String,
    },
    /// Changed, moved to another place, or sealed with another key of the same name.
    #[error("it does not open: it was changed or moved; set it again")]
    Tampered,
    /// Over [`MAX_SECRET_BYTES`].
    #[error("a secret is over 64 KiB; give only the value")]
    TooLarge,
    /// The wrapper never does that. The text says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// The keys of this machine cannot be used or changed now.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyProblem),
    /// The wrapper cannot be used now.
    #[error("the master key cannot be used ({0}); look at the key file or key manager")]
    Wrapper(String),
}

/// Seals secrets and opens them.
#[derive(Clone)]
pub struct Vault {
    wrapper: Arc<dyn KeyWrapper>,
}

impl Vault {
    /// A vault whose data keys this wrapper wraps.
    #[must_use]
    pub fn new(wrapper: Arc<dyn KeyWrapper>) -> Self {
        Self { wrapper }
    }

    /// Seals a secret for one place, under a new data key.
    ///
    /// # Errors
    /// [`VaultProblem::TooLarge`], or the wrapper cannot be used.
    pub async fn seal(
        &self,
        secret: &SecretString,
        context: &SealContext,
    ) -> Result<Sealed, VaultProblem> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() > MAX_SECRET_BYTES {
            return Err(VaultProblem::TooLarge);
        }
        let data_key = DataKey::generate()?;
        let (nonce, ciphertext) =
            encrypt(data_key.bytes(), &context.authenticated(Purpose::Secret), secret)?;
        let aad = context.authenticated(Purpose::DataKey);
        let wrapped = self.wrapper.wrap_key(&data_key, &aad).await?;
        Sealed::try_new(wrapped, nonce, ciphertext).map_err(unfit)
    }

    /// Opens a sealed secret at the place that it was sealed for.
    ///
    /// # Errors
    /// [`VaultProblem::UnknownKey`], [`VaultProblem::Tampered`], or the wrapper cannot be used.
    pub async fn open(
        &self,
        sealed: &Sealed,
        context: &SealContext,
    ) -> Result<SecretString, VaultProblem> {
        let aad = context.authenticated(Purpose::DataKey);
        let data_key = self.wrapper.unwrap_key(sealed.wrapped(), &aad).await?;
        let plaintext: Zeroizing<Vec<u8>> = decrypt(
            data_key.bytes(),
            &context.authenticated(Purpose::Secret),
            sealed.nonce(),
            sealed.ciphertext(),
        )?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| VaultProblem::Tampered)?;
        Ok(SecretString::from(text))
    }

    /// The same sealed secret with its data key wrapped by the current master key; `None` if it is
    /// so already. Nonce and ciphertext stay as they are.
    ///
    /// # Errors
    /// As for [`Vault::open`].
    pub async fn rewrap(
        &self,
        sealed: &Sealed,
        context: &SealContext,
    ) -> Result<Option<Sealed>, VaultProblem> {
        if sealed.key() == self.wrapper.current_key() {
            return Ok(None);
        }
        let aad = context.authenticated(Purpose::DataKey);
        let data_key = self.wrapper.unwrap_key(sealed.wrapped(), &aad).await?;
        let wrapped = self.wrapper.wrap_key(&data_key, &aad).await?;
        sealed.rewrapped(wrapped).map(Some).map_err(unfit)
    }

    /// Id of the master key that wraps now.
    #[must_use]
    pub fn current_key(&self) -> String {
        self.wrapper.current_key()
    }

    /// Begins a new master key and returns its id; the ones before still open what they sealed.
    /// The new key is durable before this returns. Dropping the future does not undo it.
    ///
    /// # Errors
    /// [`VaultProblem::Refused`] if the key comes from outside; otherwise it could not be kept, and
    /// the old one stays current.
    pub async fn rotate(&self) -> Result<String, VaultProblem> {
        self.wrapper.rotate().await
    }

    /// Forgets all master keys but the current one.
    ///
    /// Only for a caller that has stored the [`Vault::rewrap`] of every sealed secret there is, and
    /// that lets no [`Vault::seal`] be under way meanwhile: what an older key sealed is lost after
    /// this. That holds for backups too, unless the key file is kept with them.
    ///
    /// # Errors
    /// The keys could not be removed; they are still here.
    pub async fn retire_others(&self) -> Result<(), VaultProblem> {
        self.wrapper.retire_others().await
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").field("current_key", &self.current_key()).finish()
    }
}

impl From<OsError> for VaultProblem {
    fn from(problem: OsError) -> Self {
        Self::MasterKey(MasterKeyProblem::NoRandomBytes(problem.to_string()))
    }
}

/// What the wrapper gave back could not be read again, so it is not used.
fn unfit(problem: SealedProblem) -> VaultProblem {
    VaultProblem::Wrapper(problem.to_string())
}

#[cfg(test)]
mod tests;
