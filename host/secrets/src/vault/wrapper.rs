//! Who wraps data keys.

use std::fmt;

use async_trait::async_trait;
use secrecy::ExposeSecret;

use super::cipher::{Key256, random_key};
use crate::VaultProblem;

/// Wraps data keys with a master key that does not leave it: a key file here, or a key manager
/// outside.
///
/// Wrapped bytes are opaque to everybody else. Whatever is given as `aad` must be authenticated:
/// unwrapping with other `aad` fails with [`VaultProblem::Tampered`].
#[async_trait]
pub trait KeyWrapper: Send + Sync {
    /// Id of the master key that wraps now: 1 to 256 bytes. Two keys never have the same one.
    fn current_key(&self) -> String;

    /// Wraps a data key. The answer names the key that was really used, which a rotation meanwhile
    /// may have replaced.
    ///
    /// # Errors
    /// [`VaultProblem::Wrapper`] if it cannot be done now.
    async fn wrap_key(&self, data_key: &DataKey, aad: &[u8]) -> Result<Wrapped, VaultProblem>;

    /// Unwraps a data key with the master key that it names.
    ///
    /// # Errors
    /// [`VaultProblem::UnknownKey`], [`VaultProblem::Tampered`], [`VaultProblem::Wrapper`].
    async fn unwrap_key(&self, wrapped: &Wrapped, aad: &[u8]) -> Result<DataKey, VaultProblem>;

    /// Begins a new master key, durable before it returns, and returns its id. Older keys still
    /// unwrap.
    ///
    /// # Errors
    /// [`VaultProblem::Refused`] if the key is not this one's to change, [`VaultProblem::Wrapper`].
    async fn rotate(&self) -> Result<String, VaultProblem>;

    /// Forgets all master keys but the current one. The caller knows that nothing is wrapped by
    /// them.
    ///
    /// # Errors
    /// [`VaultProblem::Wrapper`]; the keys still unwrap then.
    async fn retire_others(&self) -> Result<(), VaultProblem>;
}

/// A data key that a [`KeyWrapper`] has wrapped.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Id of the master key that wrapped it.
    pub key: String,
    /// What the wrapper made of it: 1 to 8,192 bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wrapped").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The 32 bytes that one secret is sealed with. Wiped when dropped; `Debug` shows nothing.
pub struct DataKey(Key256);

impl DataKey {
    /// A data key of these bytes; `None` unless they are 32. The caller wipes its own copy.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        Some(Self(Key256::init_with_mut(|key| key.copy_from_slice(bytes))))
    }

    /// The bytes, for a wrapper.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    pub(super) fn generate() -> Result<Self, VaultProblem> {
        Ok(Self(random_key()?))
    }

    pub(super) const fn bytes(&self) -> &Key256 {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DataKey").finish_non_exhaustive()
    }
}
