//! Puts a secret into the one request it is for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::{CredentialUse, Failure, FailureKind};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Applies a secret to a request's address or headers. What stood there is replaced.
pub(super) fn apply(
    usage: &CredentialUse,
    secret: &SecretString,
    url: &mut Url,
    headers: &mut HeaderMap,
) -> Result<(), Failure> {
    let secret = secret.expose_secret();
    match usage {
        CredentialUse::Bearer => insert(headers, AUTHORIZATION, &format!("Bearer {secret}")),
        CredentialUse::Basic => {
            let value = format!("Basic {}", STANDARD.encode(secret));
            insert(headers, AUTHORIZATION, &value)
        }
        CredentialUse::Header(name) => insert(headers, name.clone(), secret),
        CredentialUse::Query(name) => {
            url.query_pairs_mut().append_pair(name, secret);
            Ok(())
        }
        CredentialUse::Environment(_) => Err(misconfigured(
            "the adapter wants the credential in a program's environment, but the provider is \
             reached over HTTP; use another adapter",
        )),
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, secret: &str) -> Result<(), Failure> {
    let mut value = HeaderValue::from_str(secret).map_err(|_| {
        misconfigured(
            "the provider's credential holds characters that no header may carry, such as a line \
             break; check where it is read from",
        )
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn misconfigured(message: &str) -> Failure {
    Failure::new(FailureKind::ProviderMisconfigured, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "sk-é+&=/ 0123456789";

    fn applied(usage: &str, secret: &str) -> Result<(Url, HeaderMap), Failure> {
        let mut url = Url::parse("http://upstream.test/v1/chat?a=b").unwrap();
        let mut headers = HeaderMap::new();
        let usage = usage.parse().unwrap();
        apply(&usage, &SecretString::from(secret), &mut url, &mut headers)?;
        Ok((url, headers))
    }

    #[test]
    fn each_use_puts_the_secret_in_its_place() {
        let cases = [
            ("bearer", "authorization", "Bearer sk-1"),
            ("basic", "authorization", "Basic c2stMQ=="),
            ("header:x-api-key", "x-api-key", "sk-1"),
        ];
        for (usage, name, value) in cases {
            let (url, headers) = applied(usage, "sk-1").unwrap();
            assert_eq!(headers[name], value, "{usage}");
            assert!(headers[name].is_sensitive(), "{usage}");
            assert_eq!(url.query(), Some("a=b"));
        }
    }

    #[test]
    fn a_secret_in_the_query_is_appended_and_escaped() {
        let (url, headers) = applied("query:key", SECRET).unwrap();
        assert_eq!(url.query(), Some("a=b&key=sk-%C3%A9%2B%26%3D%2F+0123456789"));
        assert!(headers.is_empty());
    }

    #[test]
    fn what_cannot_be_applied_is_a_fault_of_the_configuration_and_not_quoted() {
        for (usage, secret) in [("bearer", "sk-1\r\nx: y"), ("env:KEY", "sk-1")] {
            let failure = applied(usage, secret).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
            assert!(!format!("{failure:?}").contains("sk-1"));
        }
    }
}
