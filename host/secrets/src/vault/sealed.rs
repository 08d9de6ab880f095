//! The form of a sealed secret in a record.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::cipher::{NONCE_BYTES, TAG_BYTES};
use super::{MAX_SECRET_BYTES, Wrapped};

/// The form that is written.
const VERSION: u8 = 1;
const MAX_KEY_ID_BYTES: usize = 256;
/// Key managers add headers of some hundred bytes.
const MAX_WRAPPED_BYTES: usize = 8 * 1024;

/// A sealed secret.
///
/// As JSON `{"v":1,"key":"<id of the master key>","wrapped":"…","nonce":"…","ciphertext":"…"}`; the
/// last three are base64 (RFC 4648, section 4) of the wrapped data key, 12 bytes, and the
/// ciphertext with its tag of 16 bytes. Other members are refused.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Sealed {
    wrapped: Wrapped,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

/// Why something is no sealed secret.
#[derive(Debug, Error)]
pub enum SealedProblem {
    /// Written by another version.
    #[error("a sealed secret of form {0} is not known; use the gateway version that wrote it")]
    Version(u8),
    /// Not base64.
    #[error("member {0} of a sealed secret is not base64; set the secret again")]
    NotBase64(&'static str),
    /// Too short or too long.
    #[error("member {0} of a sealed secret has a wrong length; set the secret again")]
    Length(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    v: u8,
    key: String,
    wrapped: String,
    nonce: String,
    ciphertext: String,
}

impl Sealed {
    pub(super) fn try_new(
        wrapped: Wrapped,
        nonce: [u8; NONCE_BYTES],
        ciphertext: Vec<u8>,
    ) -> Result<Self, SealedProblem> {
        let lengths = [
            ("key", wrapped.key.len(), 1..=MAX_KEY_ID_BYTES),
            ("wrapped", wrapped.bytes.len(), 1..=MAX_WRAPPED_BYTES),
            ("ciphertext", ciphertext.len(), TAG_BYTES..=MAX_SECRET_BYTES + TAG_BYTES),
        ];
        match lengths.into_iter().find(|(_, length, allowed)| !allowed.contains(length)) {
            Some((member, ..)) => Err(SealedProblem::Length(member)),
            None => Ok(Self { wrapped, nonce, ciphertext }),
        }
    }

    pub(super) fn rewrapped(&self, wrapped: Wrapped) -> Result<Self, SealedProblem> {
        Self::try_new(wrapped, self.nonce, self.ciphertext.clone())
    }

    /// Id of the master key that wrapped its data key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.wrapped.key
    }

    pub(super) const fn wrapped(&self) -> &Wrapped {
        &self.wrapped
    }

    pub(super) const fn nonce(&self) -> &[u8; NONCE_BYTES] {
        &self.nonce
    }

    pub(super) fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sealed").field("key", &self.wrapped.key).finish_non_exhaustive()
    }
}

impl From<Sealed> for Document {
    fn from(sealed: Sealed) -> Self {
        Self {
            v: VERSION,
            key: sealed.wrapped.key,
            wrapped: STANDARD.encode(sealed.wrapped.bytes),
            nonce: STANDARD.encode(sealed.nonce),
            ciphertext: STANDARD.encode(sealed.ciphertext),
        }
    }
}

impl TryFrom<Document> for Sealed {
    type Error = SealedProblem;

    fn try_from(document: Document) -> Result<Self, SealedProblem> {
        if document.v != VERSION {
            return Err(SealedProblem::Version(document.v));
        }
        let nonce = decode("nonce", &document.nonce)?;
        let nonce = nonce.try_into().map_err(|_| SealedProblem::Length("nonce"))?;
        let bytes = decode("wrapped", &document.wrapped)?;
        let ciphertext = decode("ciphertext", &document.ciphertext)?;
        Self::try_new(Wrapped { key: document.key, bytes }, nonce, ciphertext)
    }
}

fn decode(member: &'static str, text: &str) -> Result<Vec<u8>, SealedProblem> {
    STANDARD.decode(text).map_err(|_| SealedProblem::NotBase64(member))
}
