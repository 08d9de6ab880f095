//! Why a token is not accepted.

use thiserror::Error;

/// What is wrong. Tells neither the token nor what would be right.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Refusal {
    #[error("the token is longer than 8 KiB")]
    TooLong,
    #[error("the token is not well-formed; a token is three parts of base64url with dots between")]
    Malformed,
    #[error("the token's algorithm is not accepted here")]
    Algorithm,
    #[error("the token has critical header parameters, of which none is known here")]
    Critical,
    #[error("the token names a key that is not among the published ones")]
    UnknownKey,
    #[error("more than one published key could be meant by the token; name one in its kid")]
    AmbiguousKey,
    #[error("the token's signature is not valid")]
    Signature,
    #[error("the token's claims are not well-formed")]
    Claims,
    #[error("the token has no {0}")]
    Missing(&'static str),
    #[error("the token's {0} is not well-formed")]
    BadClaim(&'static str),
    #[error("the token has expired; make a new one")]
    Expired,
    #[error("the token is not valid yet; compare the clocks")]
    NotYet,
    #[error("the token was issued in the future; compare the clocks")]
    IssuedLater,
    #[error("the token is from another issuer")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token's role is none that there is; use admin or viewer")]
    Role,
    /// Not the token's fault. The reason is in the log: whoever asks is not known yet.
    #[error("the keys that tokens are checked with cannot be fetched; see the gateway's log")]
    NoKeys,
}

impl Refusal {
    /// Whether it counts as a failed attempt.
    pub(super) fn is_callers_fault(self) -> bool {
        self != Self::NoKeys
    }
}
