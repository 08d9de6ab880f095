//! Puts a secret into the one request it is for.
//!
//! Most uses write the secret into a header or the address. `aws-sigv4` signs with it (see
//! [`aws`]), `gcp-service-account` and `oauth2-client-credentials` get an access token with it
//! (see [`mint`] and [`tokens`]). Whatever could be quoted by the upstream of what was sent goes
//! back with the reply, so that it can be taken out of its words.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use exchange::{CredentialUse, Failure, FailureKind, HttpExchange, HttpTarget, SentSecrets};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Request};
use ring::digest;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

use aws::{Keys, Unsigned};
use mint::Way;
use tokens::{Minted, TokenKey, Tokens};

mod aws;
mod client_credentials;
mod mint;
mod service_account;
mod sigv4;
mod tokens;

/// Larger bodies are digested on the blocking pool.
const MAX_INLINE_DIGEST_BYTES: usize = 256 * 1024;

/// Applies credentials; owns the tokens that are minted for that.
#[derive(Default)]
pub(super) struct Credentials {
    tokens: Tokens,
}

/// What went out with a request.
#[derive(Debug, Default)]
pub(super) struct Applied {
    texts: Vec<Arc<SecretString>>,
    minted: Option<Minted>,
}

impl Applied {
    /// What the upstream could quote; a token that it did not accept is forgotten.
    pub(super) fn after(self, status: StatusCode) -> SentSecrets {
        if let Some(minted) = self.minted.filter(|_| status == StatusCode::UNAUTHORIZED) {
            minted.forget();
        }
        SentSecrets::new(self.texts)
    }
}

impl Credentials {
    /// The final request. Gets an access token first where the use wants one.
    ///
    /// # Errors
    /// `ProviderMisconfigured` if the credential cannot be applied, and what [`mint`] says.
    pub(super) async fn apply(
        &self,
        exchange: HttpExchange,
        client: &Client,
    ) -> Result<(Request, Applied), Failure> {
        let mut applied = Applied::default();
        let credential = exchange.credential.clone();
        let mut outgoing = Outgoing { exchange, texts: &mut applied.texts };
        match credential {
            None => {}
            Some((CredentialUse::AwsSigV4, secret)) => outgoing.sign(&secret).await?,
            Some((
                usage @ (CredentialUse::GcpServiceAccount | CredentialUse::OAuth2ClientCredentials),
                secret,
            )) => {
                let way = Way { client: client.clone(), target: outgoing.exchange.target.clone() };
                let minted = self.token(&usage, secret, way).await?;
                outgoing.write(&CredentialUse::Bearer, &minted.token.text)?;
                applied.minted = Some(minted);
            }
            Some((usage, secret)) => outgoing.write(&usage, &secret)?,
        }
        let exchange = outgoing.exchange;
        Ok((request_of(exchange), applied))
    }

    async fn token(
        &self,
        usage: &CredentialUse,
        secret: Arc<SecretString>,
        way: Way,
    ) -> Result<Minted, Failure> {
        let key = token_key(usage, &secret, &way.target);
        let is_google = *usage == CredentialUse::GcpServiceAccount;
        let mint = move || async move {
            let secret = secret.expose_secret();
            let request = match is_google {
                true => service_account::token_request(secret, SystemTime::now())?,
                false => client_credentials::token_request(secret)?,
            };
            mint::mint(way, request).await
        };
        self.tokens.get(key, mint).await
    }
}

/// The secret itself is part of it, so that a rotated one starts anew; so is the reach, so that
/// no provider gets a token that it could not have fetched.
fn token_key(usage: &CredentialUse, secret: &SecretString, target: &HttpTarget) -> TokenKey {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(format!("{usage} {:?} ", target.reach).as_bytes());
    context.update(secret.expose_secret().as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    TokenKey(key)
}

fn request_of(exchange: HttpExchange) -> Request {
    let mut request = Request::new(exchange.method, exchange.url);
    *request.headers_mut() = exchange.headers;
    if !exchange.body.is_empty() {
        *request.body_mut() = Some(exchange.body.into());
    }
    request
}

/// An exchange while its credential is applied.
struct Outgoing<'a> {
    exchange: HttpExchange,
    texts: &'a mut Vec<Arc<SecretString>>,
}

impl Outgoing<'_> {
    /// Writes a secret into the address or a header. What stood there is replaced.
    fn write(&mut self, usage: &CredentialUse, secret: &Arc<SecretString>) -> Result<(), Failure> {
        self.texts.push(secret.clone());
        let headers = &mut self.exchange.headers;
        let secret = secret.expose_secret();
        match usage {
            CredentialUse::Bearer => insert(headers, AUTHORIZATION, &format!("Bearer {secret}")),
            CredentialUse::Basic => {
                let pair = STANDARD.encode(secret);
                insert(headers, AUTHORIZATION, &format!("Basic {pair}"))?;
                self.texts.push(Arc::new(pair.into()));
                let password = secret.split_once(':').map(|(_, password)| password);
                self.texts.extend(password.map(|text| Arc::new(text.into())));
                Ok(())
            }
            CredentialUse::Header(name) => insert(headers, name.clone(), secret),
            CredentialUse::Query(name) => {
                self.exchange.url.query_pairs_mut().append_pair(name, secret);
                let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
                if encoded != secret {
                    self.texts.push(Arc::new(encoded.into()));
                }
                Ok(())
            }
            CredentialUse::Environment(_) => Err(misconfigured(
                "the adapter wants the credential in a program's environment, but the provider \
                 is reached over HTTP; use another adapter",
            )),
            CredentialUse::AwsSigV4
            | CredentialUse::GcpServiceAccount
            | CredentialUse::OAuth2ClientCredentials => Err(Failure::new(
                FailureKind::Internal,
                "a credential that has to be worked with was to be written as it is",
            )),
        }
    }

    /// Signs with AWS keys.
    async fn sign(&mut self, secret: &SecretString) -> Result<(), Failure> {
        let keys = Keys::read(secret.expose_secret())?;
        let body_sha256 = digest_of(self.exchange.body.clone()).await?;
        let HttpExchange { method, url, headers, signing, .. } = &mut self.exchange;
        let request = Unsigned {
            method: method.as_str(),
            url,
            body_sha256: &body_sha256,
            at: SystemTime::now(),
        };
        aws::sign(&keys, signing, &request, headers)?;
        self.texts.push(Arc::new(keys.secret_access_key));
        self.texts.extend(keys.session_token.map(Arc::new));
        Ok(())
    }
}

async fn digest_of(body: Bytes) -> Result<String, Failure> {
    if body.len() <= MAX_INLINE_DIGEST_BYTES {
        return Ok(sigv4::sha256(&body));
    }
    let digest = tokio::task::spawn_blocking(move || sigv4::sha256(&body)).await;
    digest.map_err(|error| {
        Failure::new(FailureKind::Internal, "the request could not be signed").with_cause(error)
    })
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

/// What is wrong with a JSON text: sort and place, because the error itself may quote the text.
fn shape(error: &serde_json::Error) -> String {
    let sort = match error.classify() {
        serde_json::error::Category::Data => "a member is missing, unknown or of the wrong type",
        _ => "it is not JSON",
    };
    format!("{sort} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use exchange::{NetworkReach, SigningScope, Timeouts};
    use http::Method;
    use std::time::Duration;
    use url::Url;

    use super::*;

    const SECRET: &str = "sk-é+&=/ 0123456789";

    fn exchange() -> HttpExchange {
        let never = Duration::from_secs(300);
        HttpExchange {
            target: Arc::new(HttpTarget {
                provider: "mock".into(),
                timeouts: Timeouts { connect: never, first_byte: never, idle: never, total: never },
                reach: NetworkReach::NoLinkLocal,
                max_response_bytes: 1000,
            }),
            method: Method::GET,
            url: Url::parse("http://upstream.test/v1/chat?a=b").unwrap(),
            headers: HeaderMap::new(),
            credential: None,
            signing: SigningScope::default(),
            body: Bytes::new(),
        }
    }

    /// The exchange with a secret in it, and what an upstream could quote.
    fn written(usage: &str, secret: &str) -> Result<(HttpExchange, Vec<String>), Failure> {
        let mut texts = Vec::new();
        let mut outgoing = Outgoing { exchange: exchange(), texts: &mut texts };
        outgoing.write(&usage.parse().unwrap(), &Arc::new(SecretString::from(secret)))?;
        let exchange = outgoing.exchange;
        Ok((exchange, texts.iter().map(|text| text.expose_secret().to_owned()).collect()))
    }

    #[test]
    fn each_use_puts_the_secret_in_its_place() {
        let cases = [
            ("bearer", "authorization", "Bearer sk-1"),
            ("basic", "authorization", "Basic c2stMQ=="),
            ("header:x-api-key", "x-api-key", "sk-1"),
        ];
        for (usage, name, value) in cases {
            let (exchange, _) = written(usage, "sk-1").unwrap();
            assert_eq!(exchange.headers[name], value, "{usage}");
            assert!(exchange.headers[name].is_sensitive(), "{usage}");
            assert_eq!(exchange.url.query(), Some("a=b"));
        }
    }

    #[test]
    fn a_secret_in_the_query_is_appended_and_escaped() {
        let (exchange, _) = written("query:key", SECRET).unwrap();
        assert_eq!(exchange.url.query(), Some("a=b&key=sk-%C3%A9%2B%26%3D%2F+0123456789"));
        assert!(exchange.headers.is_empty());
    }

    #[test]
    fn every_form_in_which_a_secret_is_sent_can_be_quoted() {
        for (usage, secret, forms) in [
            ("bearer", "sk-1", vec!["sk-1"]),
            ("header:x-api-key", "sk-1", vec!["sk-1"]),
            ("query:key", "sk-1", vec!["sk-1"]),
            ("query:key", "sk/1", vec!["sk/1", "sk%2F1"]),
            ("basic", "user:pass", vec!["user:pass", "dXNlcjpwYXNz", "pass"]),
        ] {
            assert_eq!(written(usage, secret).unwrap().1, forms, "{usage}");
        }
    }

    #[test]
    fn what_cannot_be_applied_is_a_fault_of_the_configuration_and_not_quoted() {
        for (usage, secret) in [("bearer", "sk-1\r\nx: y"), ("env:KEY", "sk-1")] {
            let failure = written(usage, secret).err().unwrap();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
            assert!(!format!("{failure:?}").contains("sk-1"));
        }
    }

    #[test]
    fn tokens_are_told_apart_by_use_secret_and_reach() {
        let target = |reach| HttpTarget { reach, ..HttpTarget::clone(&exchange().target) };
        let key = |usage: &CredentialUse, secret: &str, reach| {
            token_key(usage, &SecretString::from(secret), &target(reach)).0
        };
        let (google, oauth) =
            (CredentialUse::GcpServiceAccount, CredentialUse::OAuth2ClientCredentials);
        let one = key(&google, "{}", NetworkReach::NoLinkLocal);
        assert_eq!(one, key(&google, "{}", NetworkReach::NoLinkLocal));
        assert_ne!(one, key(&google, "{ }", NetworkReach::NoLinkLocal));
        assert_ne!(one, key(&oauth, "{}", NetworkReach::NoLinkLocal));
        assert_ne!(one, key(&google, "{}", NetworkReach::Anywhere));
    }

    #[tokio::test]
    async fn a_large_body_has_the_same_digest() {
        let digest_of = |length: usize| digest_of(Bytes::from(vec![b'a'; length]));
        for length in [MAX_INLINE_DIGEST_BYTES, MAX_INLINE_DIGEST_BYTES + 1] {
            let expected = sigv4::sha256(&vec![b'a'; length]);
            assert_eq!(digest_of(length).await.unwrap(), expected);
        }
    }
}
