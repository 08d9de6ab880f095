//! How a secret becomes part of a request, and where it is taken from.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::HeaderName;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use crate::failure::{Failure, redact};

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
    /// `aws-sigv4`: the secret is a pair of AWS keys; the host signs the final request with them
    /// (AWS Signature Version 4) for the exchange's [`SigningScope`].
    AwsSigV4,
    /// `gcp-service-account`: the secret is a service account's JSON key; the host mints an
    /// access token with it (RFC 7523) and applies that as `bearer`.
    GcpServiceAccount,
    /// `oauth2-client-credentials`: the secret says where and with what the host asks for an
    /// access token (RFC 6749 section 4.4), which is applied as `bearer`.
    OAuth2ClientCredentials,
    /// `env:NAME`: the secret is an environment variable of the program.
    Environment(String),
}

/// What an adapter says for `aws-sigv4`: what a signature is valid for. As the plugin named it;
/// who signs refuses what is missing or not well-formed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningScope {
    /// `us-east-1`
    pub region: Option<String>,
    /// `bedrock`
    pub service: Option<String>,
}

/// A use that cannot be applied.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "credential use {0:?} is not known; use bearer, basic, header:NAME, query:NAME, aws-sigv4, \
     gcp-service-account, oauth2-client-credentials or env:NAME"
)]
pub struct CredentialUseProblem(String);

impl FromStr for CredentialUse {
    type Err = CredentialUseProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem = || CredentialUseProblem(text.chars().take(80).collect());
        match text.split_once(':') {
            None if text == "bearer" => Ok(Self::Bearer),
            None if text == "basic" => Ok(Self::Basic),
            None if text == "aws-sigv4" => Ok(Self::AwsSigV4),
            None if text == "gcp-service-account" => Ok(Self::GcpServiceAccount),
            None if text == "oauth2-client-credentials" => Ok(Self::OAuth2ClientCredentials),
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
            Self::AwsSigV4 => f.write_str("aws-sigv4"),
            Self::GcpServiceAccount => f.write_str("gcp-service-account"),
            Self::OAuth2ClientCredentials => f.write_str("oauth2-client-credentials"),
            Self::Environment(name) => write!(f, "env:{name}"),
        }
    }
}

/// Where a provider's secrets are, in memory.
pub trait CredentialSource: Send + Sync {
    /// The secret in a provider's slot now, or `None` if the operator set none.
    fn secret(&self, provider: &str, slot: &str) -> Option<Arc<SecretString>>;
}

/// What went out with a request and must not come back in words: every text by which an upstream
/// could quote our credential, such as a token that was minted from it.
#[derive(Clone, Debug, Default)]
pub struct SentSecrets(Vec<Arc<SecretString>>);

impl SentSecrets {
    /// Of these texts.
    #[must_use]
    pub fn new(texts: Vec<Arc<SecretString>>) -> Self {
        Self(texts)
    }

    /// Removes what an upstream quoted from a text.
    #[must_use]
    pub fn redact_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        redact(text, &self.exposed())
    }

    /// Whether bytes that are no text quote one of them.
    #[must_use]
    pub fn are_quoted_in(&self, bytes: &[u8]) -> bool {
        let is_in = |secret: &str| {
            !secret.is_empty() && bytes.windows(secret.len()).any(|it| it == secret.as_bytes())
        };
        self.exposed().into_iter().any(is_in)
    }

    fn exposed(&self) -> Vec<&str> {
        self.0.iter().map(|text| text.expose_secret()).collect()
    }

    /// Removes what an upstream quoted from what a failure says.
    #[must_use]
    pub fn redact(&self, failure: Failure) -> Failure {
        let secrets = self.exposed();
        let code = failure.upstream_code().map(|code| redact(code, &secrets).into_owned());
        let message = redact(failure.message(), &secrets).into_owned();
        let failure = failure.with_message(message);
        match code {
            Some(code) => failure.with_upstream_code(code),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::kind::FailureKind;

    #[test]
    fn uses_are_read_and_printed_alike() {
        for text in [
            "bearer",
            "basic",
            "header:x-api-key",
            "query:key",
            "aws-sigv4",
            "gcp-service-account",
            "oauth2-client-credentials",
            "env:OPENAI_API_KEY",
        ] {
            assert_eq!(text.parse::<CredentialUse>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Bearer",
            "header:",
            "header:a b",
            "query:a=b",
            "env:A\0",
            "cookie",
            "aws-sigv4:s3",
            "gcp-service-account:",
        ] {
            assert!(text.parse::<CredentialUse>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_text_that_was_sent_is_removed_from_message_and_code() {
        let secret = |text: &str| Arc::new(SecretString::from(text));
        let sent = SentSecrets::new(vec![secret("sk-0123456789"), secret("token-0123456789")]);
        assert!(!format!("{sent:?}").contains("0123456789"));
        let said = "sk-0123456789 and token-0123456789";
        let failure = Failure::new(FailureKind::UpstreamError, said).with_upstream_code(said);
        let failure = sent.redact(failure);
        assert_eq!(failure.message(), "[redacted] and [redacted]");
        assert_eq!(failure.upstream_code(), Some("[redacted] and [redacted]"));
        assert_eq!(sent.redact_text(said), "[redacted] and [redacted]");
        assert!(sent.are_quoted_in(b"\xff token-0123456789") && !sent.are_quoted_in(b"\xff token"));
    }
}
