//! A token's shape and its signature (RFC 7515 section 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claims::Claims;
use super::refusal::Refusal;

/// Longest token.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The algorithms that are accepted at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Rs256,
    Es256,
}

impl Algorithm {
    /// By its name in RFC 7518.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }

    fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
        }
    }
}

/// Which key a token says it is signed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedKey<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) algorithm: Algorithm,
}

/// A token of which only the header was read. Nothing in it is to be believed yet.
pub(super) struct Token<'a> {
    text: &'a str,
    algorithm: Algorithm,
    key_id: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Token<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(_), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Refusal::Malformed)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| Refusal::Malformed)?;
        // RFC 7515 section 4.1.11: whoever does not know what is critical must not accept it. The
        // library does not look.
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let algorithm = Algorithm::named(&header.alg).ok_or(Refusal::Algorithm)?;
        Ok(Self { text, algorithm, key_id: header.kid })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn wanted_key(&self) -> WantedKey<'_> {
        WantedKey { id: self.key_id.as_deref(), algorithm: self.algorithm }
    }

    /// The claims, if the signature is by this key and the key is one for the algorithm.
    pub(super) fn verified(&self, key: &DecodingKey) -> Result<Claims, Refusal> {
        let mut validation = Validation::new(self.algorithm.library());
        // What is claimed is judged in one place, with a clock that tests can set.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        match decode::<Claims>(self.text, key, &validation) {
            Ok(verified) => Ok(verified.claims),
            Err(problem) => Err(match problem.kind() {
                ErrorKind::InvalidSignature => Refusal::Signature,
                ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => Refusal::Algorithm,
                ErrorKind::Json(_) => Refusal::Claims,
                _ => Refusal::Malformed,
            }),
        }
    }
}
