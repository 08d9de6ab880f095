//! AES-256-GCM with random nonces (NIST SP 800-38D, section 8.2.2), and random bytes.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use rand::TryRngCore as _;
use rand::rand_core::OsError;
use rand::rngs::OsRng;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, ExposeSecretMut as _, SecretBox};

use crate::VaultProblem;

/// Length of a nonce.
pub(crate) const NONCE_BYTES: usize = 12;
/// Length of the tag at the end of a ciphertext.
pub(crate) const TAG_BYTES: usize = 16;

/// A key: on the heap, so that moving it leaves no copy, and wiped when dropped.
pub(crate) type Key256 = SecretBox<[u8; 32]>;

/// A key from the system's generator.
pub(crate) fn random_key() -> Result<Key256, OsError> {
    let mut key = Key256::default();
    fill(key.expose_secret_mut())?;
    Ok(key)
}

/// Encrypts under a new nonce: the nonce, and the ciphertext with its tag.
pub(crate) fn encrypt(
    key: &Key256,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<([u8; NONCE_BYTES], Vec<u8>), VaultProblem> {
    let mut nonce = [0; NONCE_BYTES];
    fill(&mut nonce)?;
    let ciphertext = encrypt_with(key, aad, plaintext, &nonce)?;
    Ok((nonce, ciphertext))
}

/// Decrypts and checks. The only failure is [`VaultProblem::Tampered`].
pub(crate) fn decrypt(
    key: &Key256,
    aad: &[u8],
    nonce: &[u8; NONCE_BYTES],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultProblem> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let cipher = Aes256Gcm::new(key.expose_secret().into());
    cipher.decrypt_in_place(nonce.into(), aad, &mut *buffer).map_err(|_| VaultProblem::Tampered)?;
    Ok(buffer)
}

fn encrypt_with(
    key: &Key256,
    aad: &[u8],
    plaintext: &[u8],
    nonce: &[u8; NONCE_BYTES],
) -> Result<Vec<u8>, VaultProblem> {
    // With room for the tag, so that growing leaves no copy of the plaintext behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(plaintext.len() + TAG_BYTES));
    buffer.extend_from_slice(plaintext);
    let cipher = Aes256Gcm::new(key.expose_secret().into());
    cipher.encrypt_in_place(nonce.into(), aad, &mut *buffer).map_err(|_| VaultProblem::TooLarge)?;
    Ok(std::mem::take(&mut *buffer))
}

fn fill(bytes: &mut [u8]) -> Result<(), OsError> {
    OsRng.try_fill_bytes(bytes)
}

#[cfg(test)]
mod tests;
