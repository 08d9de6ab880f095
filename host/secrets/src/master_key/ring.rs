//! Master keys, one of which is current.

use std::sync::Arc;

use secrecy::ExposeSecret;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MasterKeyProblem;
use crate::vault::{
    DataKey, Key256, NONCE_BYTES, TAG_BYTES, VaultProblem, Wrapped, decrypt, encrypt, random_key,
};

/// Most keys: older ones are there only until all credentials are wrapped anew.
pub(super) const MAX_KEYS: usize = 32;
/// Bytes of the digest in an id.
const ID_BYTES: usize = 8;
const ID_LABEL: &[u8] = b"patchbay/master-key-id/v1";

/// A master key and its name.
pub(super) struct MasterKey {
    id: String,
    key: Key256,
    created_at: Option<String>,
}

/// At least one key, no two the same; one of them is current.
#[derive(Clone)]
pub(super) struct Ring {
    keys: Vec<Arc<MasterKey>>,
    current: Arc<MasterKey>,
}

impl MasterKey {
    /// A key that was made earlier. Its id follows from its bytes: the first 16 hexadecimal digits
    /// of a SHA-256 over a label and the key.
    pub(super) fn new(key: Key256, created_at: Option<String>) -> Arc<Self> {
        let digest =
            Sha256::new().chain_update(ID_LABEL).chain_update(key.expose_secret()).finalize();
        let id = crate::hex(digest.iter().take(ID_BYTES));
        Arc::new(Self { id, key, created_at })
    }

    /// A new key of this second.
    pub(super) fn generate() -> Result<Arc<Self>, MasterKeyProblem> {
        let key =
            random_key().map_err(|problem| MasterKeyProblem::NoRandomBytes(problem.to_string()))?;
        let now = OffsetDateTime::now_utc().truncate_to_second();
        let now = now.format(&Rfc3339);
        Ok(Self::new(key, now.ok()))
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn key(&self) -> &Key256 {
        &self.key
    }

    pub(super) fn created_at(&self) -> Option<&str> {
        self.created_at.as_deref()
    }

    /// The nonce, then the data key's ciphertext with its tag.
    pub(super) fn wrap(&self, data_key: &DataKey, aad: &[u8]) -> Result<Wrapped, VaultProblem> {
        let (nonce, ciphertext) = encrypt(&self.key, aad, data_key.expose())?;
        let bytes = [nonce.as_slice(), &ciphertext].concat();
        Ok(Wrapped { key: self.id.clone(), bytes })
    }

    pub(super) fn unwrap_key(&self, bytes: &[u8], aad: &[u8]) -> Result<DataKey, VaultProblem> {
        let (nonce, ciphertext) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(VaultProblem::Tampered)?;
        if ciphertext.len() != size_of::<[u8; 32]>() + TAG_BYTES {
            return Err(VaultProblem::Tampered);
        }
        let plaintext = decrypt(&self.key, aad, nonce, ciphertext)?;
        DataKey::copy_of(&plaintext).ok_or(VaultProblem::Tampered)
    }
}

impl Ring {
    pub(super) fn of(current: Arc<MasterKey>) -> Self {
        Self { keys: vec![Arc::clone(&current)], current }
    }

    pub(super) fn of_new_key() -> Result<Self, MasterKeyProblem> {
        MasterKey::generate().map(Self::of)
    }

    /// With one key more, unless it is there already.
    pub(super) fn with_older(mut self, key: Arc<MasterKey>) -> Result<Self, MasterKeyProblem> {
        if self.find(key.id()).is_some() {
            return Ok(self);
        }
        if self.keys.len() == MAX_KEYS {
            return Err(MasterKeyProblem::TooMany(MAX_KEYS));
        }
        self.keys.push(key);
        Ok(self)
    }

    /// With one key more, which is current.
    pub(super) fn with_current(self, key: Arc<MasterKey>) -> Result<Self, MasterKeyProblem> {
        let mut ring = self.with_older(Arc::clone(&key))?;
        ring.current = key;
        Ok(ring)
    }

    pub(super) const fn current(&self) -> &Arc<MasterKey> {
        &self.current
    }

    /// All of them, the oldest first as far as they were made here.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<MasterKey>> {
        self.keys.iter()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Arc<MasterKey>> {
        self.keys.iter().find(|key| key.id == id)
    }
}
