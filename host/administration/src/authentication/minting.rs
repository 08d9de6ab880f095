//! New tokens for operators, signed with the configured secret.

use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use thiserror::Error;
use time::OffsetDateTime;

use super::claims::is_readable;
use super::{MIN_SECRET_BYTES, cryptography};
use crate::operator::{Operator, Role};

/// How long a token may be valid.
const LIFETIMES: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(30 * 24 * 60 * 60);

/// What a new token says.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// Whom it stands for.
    pub operator: &'a Operator,
    /// How long it is valid, 1 second to 30 days; fractions of a second are cut.
    pub lifetime: Duration,
    /// The configured issuer.
    pub issuer: Option<&'a str>,
    /// The configured audience.
    pub audience: Option<&'a str>,
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum MintProblem {
    /// A secret that could be guessed.
    #[error("admin.jwt_secret is shorter than 32 bytes; make one with `openssl rand -hex 32`")]
    ShortSecret,
    /// Too short or too long.
    #[error("a token cannot be valid for that long; use 1s to 30d")]
    Lifetime,
    /// A subject that the gateway would refuse.
    #[error("the subject is not well-formed; use 1 to 200 printable characters")]
    Subject,
    /// The library did not do it.
    #[error("the token cannot be signed ({0}); this is a fault of the gateway")]
    Signing(String),
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    role: Role,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

/// Signs a token with HS256. Each has its own `jti`, 128 random bits.
///
/// # Errors
/// If the secret, the lifetime or the subject is none that a verifier would accept.
pub fn mint(secret: &SecretString, token: &NewToken<'_>) -> Result<String, MintProblem> {
    let secret = secret.expose_secret().as_bytes();
    if secret.len() < MIN_SECRET_BYTES {
        return Err(MintProblem::ShortSecret);
    }
    if !LIFETIMES.contains(&token.lifetime) {
        return Err(MintProblem::Lifetime);
    }
    if !is_readable(&token.operator.subject) {
        return Err(MintProblem::Subject);
    }
    let iat = OffsetDateTime::now_utc().unix_timestamp();
    let lifetime = i64::try_from(token.lifetime.as_secs()).map_err(|_| MintProblem::Lifetime)?;
    let claims = Claims {
        sub: &token.operator.subject,
        role: token.operator.role,
        iat,
        exp: iat + lifetime,
        jti: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        iss: token.issuer,
        aud: token.audience,
    };
    cryptography::install();
    encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
        .map_err(|problem| MintProblem::Signing(problem.to_string()))
}
