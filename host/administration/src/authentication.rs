//! Who an operator is: the token of a request, checked.
//!
//! A token is a JSON Web Token (RFC 7519) in compact form, signed with HS256 and the configured
//! secret, or with RS256 or ES256 and one of the keys that a URL publishes (RFC 7517). Which
//! algorithm may be used follows from the configuration and the key, never from the token, so
//! that neither `none` nor a public key in the place of a secret gets through (RFC 8725). A token
//! has `exp`, `sub` and `role` (`admin` or `viewer`; a list of roles is not read), and `iss` and
//! `aud` where they are configured. Answers say what is wrong with a token, never what would be
//! right, and nothing here logs one.
//!
//! Failed attempts are counted by address: 10, then one every 6 seconds ([`FailedAttempts`]).
//! Of an address that has none left every token is still verified, and what fails is answered
//! with a plain "too many" instead of the reason. To refuse such an address unseen would let
//! anybody behind the same proxy lock out every operator, and keep keys from being revoked, with
//! ten requests a minute. Nor would it guard anything: a signature over 256 bits of secret cannot
//! be guessed, a verification costs less than the request that brings it, and keys are fetched at
//! most every 30 seconds, every 5 while that fails, whoever asks. What the limit does take away is the reason why a token was
//! refused, and it tells a client with an old token in a loop when to come back.

mod claims;
mod cryptography;
mod failed_attempts;
mod jwks_cache;
mod key_set;
mod minting;
mod refusal;
mod token;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::DecodingKey;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use time::OffsetDateTime;
use url::Url;

use crate::operator::Operator;
use crate::problem::AdminProblem;
use claims::ClaimRules;
use failed_attempts::FailedAttempts;
use jwks_cache::JwksCache;
use refusal::Refusal;
use token::{Algorithm, Token};

pub use minting::{MintProblem, NewToken, mint};

/// Bytes that a secret has at least: HS256 is as strong as its secret (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Most bytes of a key set. A [`JwksSource`] stops reading there.
pub const MAX_JWKS_BYTES: usize = 1024 * 1024;

/// How tokens are checked.
#[derive(Debug)]
pub struct TokenRules {
    /// What they are signed with.
    pub keys: TokenKeys,
    /// What `iss` has to be; not looked at if absent.
    pub issuer: Option<String>,
    /// What `aud` has to be or to hold. If absent, tokens must be for no audience in particular.
    pub audience: Option<String>,
    /// How far clocks may differ, 30 s as a rule.
    pub leeway: Duration,
}

/// What tokens are signed with.
pub enum TokenKeys {
    /// HS256 with this secret, at least 32 bytes.
    Secret(SecretString),
    /// RS256 and ES256 with the keys at this address.
    Jwks {
        /// Where they are published.
        url: Url,
        /// How they are fetched.
        source: Arc<dyn JwksSource>,
    },
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret"),
            Self::Jwks { url, .. } => write!(f, "Jwks({url})"),
        }
    }
}

/// Fetches a key set.
#[async_trait]
pub trait JwksSource: Send + Sync {
    /// The body at `url` of an answer with status 200, at most [`MAX_JWKS_BYTES`]. Dropped after
    /// ten seconds.
    ///
    /// # Errors
    /// What went wrong, for the log.
    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, String>;
}

/// Rules that cannot be followed. Texts name members of `[admin]`.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RulesProblem {
    /// A secret that could be guessed.
    #[error("admin.jwt_secret is shorter than 32 bytes; make one with `openssl rand -hex 32`")]
    ShortSecret,
    /// Keys of an issuer who signs tokens for others too.
    #[error(
        "admin.jwks_url needs admin.audience, because its keys sign tokens for other services \
         too; name this gateway's audience"
    )]
    NoAudience,
}

/// Checks tokens.
pub struct TokenVerifier {
    keys: Keys,
    claims: ClaimRules,
    attempts: FailedAttempts,
}

enum Keys {
    Secret(DecodingKey),
    Published(JwksCache),
}

impl TokenVerifier {
    /// Takes the rules. Published keys are fetched when the first token comes.
    ///
    /// # Errors
    /// If the secret is too short, or keys are published and there is no audience.
    pub fn new(rules: TokenRules) -> Result<Self, RulesProblem> {
        cryptography::install();
        let keys = match rules.keys {
            TokenKeys::Secret(secret) => {
                let secret = secret.expose_secret().as_bytes();
                if secret.len() < MIN_SECRET_BYTES {
                    return Err(RulesProblem::ShortSecret);
                }
                Keys::Secret(DecodingKey::from_secret(secret))
            }
            TokenKeys::Jwks { .. } if rules.audience.is_none() => {
                return Err(RulesProblem::NoAudience);
            }
            TokenKeys::Jwks { url, source } => Keys::Published(JwksCache::new(url, source)),
        };
        let claims =
            ClaimRules { issuer: rules.issuer, audience: rules.audience, leeway: rules.leeway };
        Ok(Self { keys, claims, attempts: FailedAttempts::default() })
    }

    /// The operator whom a token stands for. `peer` is the address that the request came from,
    /// `token` what follows `Bearer` in its head. A request without a token is no failed attempt.
    ///
    /// Dropping the future is safe; a fetch of keys that it waits for goes on for the others.
    ///
    /// # Errors
    /// [`AdminProblem::Unauthenticated`] with what is wrong, or
    /// [`AdminProblem::TooManyAttempts`] in its place.
    pub async fn verify(
        &self,
        peer: IpAddr,
        token: Option<&str>,
    ) -> Result<Operator, AdminProblem> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let text = "there is no token; send `Authorization: Bearer` with one, as \
                        `patchbay token` prints it";
            return Err(AdminProblem::Unauthenticated(text.to_owned()));
        };
        let refusal = match self.authenticate(token, OffsetDateTime::now_utc()).await {
            Ok(operator) => return Ok(operator),
            Err(refusal) => refusal,
        };
        let admitted = if refusal.is_callers_fault() { self.attempts.count(peer) } else { Ok(()) };
        match admitted {
            Ok(()) => Err(AdminProblem::Unauthenticated(refusal.to_string())),
            Err(retry_after) => Err(AdminProblem::TooManyAttempts { retry_after }),
        }
    }

    async fn authenticate(&self, token: &str, now: OffsetDateTime) -> Result<Operator, Refusal> {
        let token = Token::parse(token)?;
        let claims = match &self.keys {
            Keys::Secret(key) => match token.algorithm() {
                Algorithm::Hs256 => token.verified(key)?,
                Algorithm::Rs256 | Algorithm::Es256 => return Err(Refusal::Algorithm),
            },
            Keys::Published(cache) => match token.algorithm() {
                Algorithm::Hs256 => return Err(Refusal::Algorithm),
                Algorithm::Rs256 | Algorithm::Es256 => {
                    token.verified(&cache.key(token.wanted_key()).await?)?
                }
            },
        };
        claims.operator(&self.claims, now)
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").field("claims", &self.claims).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
