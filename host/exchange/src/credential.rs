//! How a secret becomes part of a request, and where it is taken from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::HeaderName;
use secrecy::SecretString;
use thiserror::Error;

/// How the host applies a credential slot, as the adapter's manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialUse {
    /// `bearer`: `Authorization: Bearer <secret>` (RFC 6750).
    Bearer,
    /// `header:NAME`: the secret is the value of a header.
    Header(HeaderName),
    /// `query:NAME`: the secret is a query parameter.
    Query(String),
    /// `basic`: the secret is `user:password` (RFC 7617).
    Basic,
    /// `env:NAME`: the secret is an environment variable of the program.
    Environment(String),
}

/// A use that cannot be applied.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "credential use {0:?} is not known; use bearer, basic, header:NAME, query:NAME or env:NAME"
)]
pub struct CredentialUseProblem(String);

impl FromStr for CredentialUse {
    type Err = CredentialUseProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem = || CredentialUseProblem(text.chars().take(80).collect());
        match text.split_once(':') {
            None if text == "bearer" => Ok(Self::Bearer),
            None if text == "basic" => Ok(Self::Basic),
            Some(("header", name)) => {
                HeaderName::from_bytes(name.as_bytes()).map(Self::Header).map_err(|_| problem())
            }
            Some(("query", name)) if is_word(name) => Ok(Self::Query(name.to_owned())),
            Some(("env", name)) if is_word(name) => Ok(Self::Environment(name.to_owned())),
            _ => Err(problem()),
        }
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl fmt::Display for CredentialUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic => f.write_str("basic"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Environment(name) => write!(f, "env:{name}"),
        }
    }
}

/// Where a provider's secrets are, in memory.
pub trait CredentialSource: Send + Sync {
    /// The secret in a provider's slot now, or `None` if the operator set none.
    fn secret(&self, provider: &str, slot: &str) -> Option<Arc<SecretString>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_read_and_printed_alike() {
        for text in ["bearer", "basic", "header:x-api-key", "query:key", "env:OPENAI_API_KEY"] {
            assert_eq!(text.parse::<CredentialUse>().unwrap().to_string(), text);
        }
        for text in ["", "Bearer", "header:", "header:a b", "query:a=b", "env:A\0", "cookie"] {
            assert!(text.parse::<CredentialUse>().is_err(), "{text:?}");
        }
    }
}
