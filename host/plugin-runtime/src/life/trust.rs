//! Who may install plugins: minisign signatures over the portable file.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minisign_verify::{PublicKey, Signature};
use thiserror::Error;

use super::problem::LifeProblem;

/// Most bytes of a signature's file; minisign's own have about three hundred.
pub(super) const MAX_SIGNATURE_BYTES: usize = 4096;

/// Which files are loaded. The operator has to choose.
#[derive(Clone, Debug)]
pub enum TrustPolicy {
    /// None: nobody has chosen.
    Nobody,
    /// Every file.
    Unsigned,
    /// Those that one of these keys has signed. The signature of `NAME.wasm` is the file
    /// `NAME.wasm.minisig`, as `minisign -S` writes it.
    Signers(Vec<Signer>),
}

/// A public key of minisign.
#[derive(Clone)]
pub struct Signer {
    key: PublicKey,
    id: String,
}

/// A text that is no public key.
#[derive(Debug, Error)]
#[error(
    "{0:?} is not a public key of minisign; copy the second line of the .pub file that \
     `minisign -G` wrote"
)]
pub struct SignerProblem(String);

impl Signer {
    /// Reads the key as minisign prints it: `RW…`.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, SignerProblem> {
        let problem = || SignerProblem(text.chars().take(80).collect());
        let key = PublicKey::from_base64(text.trim()).map_err(|_| problem())?;
        let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|_| problem())?;
        let id = bytes.get(2..10).and_then(|id| id.try_into().ok()).ok_or_else(problem)?;
        Ok(Self { key, id: format!("{:016X}", u64::from_le_bytes(id)) })
    }

    /// The key's id as minisign prints it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.id).finish()
    }
}

impl TrustPolicy {
    /// Checks a file and names who signed it; nobody, if unsigned files are trusted.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub(super) fn check(
        &self,
        bytes: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Option<String>, LifeProblem> {
        let signers = match self {
            Self::Nobody => return Err(LifeProblem::NobodyTrusted),
            Self::Unsigned => return Ok(None),
            Self::Signers(signers) => signers,
        };
        let signature = signature.ok_or(LifeProblem::NoSignature)?;
        let signature = std::str::from_utf8(signature)
            .ok()
            .and_then(|text| Signature::decode(text).ok())
            .ok_or(LifeProblem::SignatureMalformed)?;
        // Old signatures, of the file and not of its hash, are not taken: minisign has not made
        // them by default for years, and one form is enough.
        let signed_by = |signer: &&Signer| signer.key.verify(bytes, &signature, false).is_ok();
        match signers.iter().find(signed_by) {
            Some(signer) => Ok(Some(signer.id.clone())),
            None => Err(LifeProblem::NotSigned),
        }
    }
}
