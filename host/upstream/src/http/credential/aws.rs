//! The use `aws-sigv4`: a pair of AWS keys signs the final request.

use std::time::SystemTime;

use exchange::{Failure, SigningScope};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::{Position, Url};

use super::sigv4::{self, Moment, Scope, SignedPart, Signer};
use super::{insert, misconfigured, shape};

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Longest region and service.
const MAX_NAME_BYTES: usize = 64;

/// `ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]`, or a JSON object with the members in lower
/// case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    access_key_id: String,
    pub(super) secret_access_key: SecretString,
    pub(super) session_token: Option<SecretString>,
}

impl Keys {
    /// Reads them from a secret.
    ///
    /// # Errors
    /// `ProviderMisconfigured`, without a word of the secret.
    pub(super) fn read(secret: &str) -> Result<Self, Failure> {
        let keys = match secret.trim_start().starts_with('{') {
            true => serde_json::from_str(secret)
                .map_err(|error| malformed().with_cause(shape(&error)))?,
            false => Self::split(secret).ok_or_else(malformed)?,
        };
        let id = &keys.access_key_id;
        let is_id =
            !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !is_id || keys.secret_access_key.expose_secret().is_empty() {
            return Err(malformed());
        }
        Ok(keys)
    }

    fn split(secret: &str) -> Option<Self> {
        let (id, rest) = secret.split_once(':')?;
        let (key, token) = match rest.split_once(':') {
            Some((key, token)) => (key, Some(token)),
            None => (rest, None),
        };
        Some(Self {
            access_key_id: id.to_owned(),
            secret_access_key: key.into(),
            session_token: token.filter(|token| !token.is_empty()).map(SecretString::from),
        })
    }
}

/// What of a request is final already.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a Url,
    /// Of the body, in hexadecimal.
    pub(super) body_sha256: &'a str,
    pub(super) at: SystemTime,
}

/// Adds date, session token and signature to a request's headers.
///
/// Signed are the host, the content type and every `x-amz-` header: what decides the meaning of a
/// request, and nothing that a proxy or the HTTP client may still change.
///
/// # Errors
/// `ProviderMisconfigured` if the adapter named no region or service.
pub(super) fn sign(
    keys: &Keys,
    scope: &SigningScope,
    request: &Unsigned<'_>,
    headers: &mut HeaderMap,
) -> Result<(), Failure> {
    let scope = Scope {
        region: name_in(&scope.region, "region")?,
        service: name_in(&scope.service, "service")?,
    };
    let at = Moment::of(request.at);
    headers.remove(X_AMZ_SECURITY_TOKEN);
    headers.remove(X_AMZ_CONTENT_SHA256);
    insert(headers, X_AMZ_DATE, at.as_str())?;
    if let Some(token) = &keys.session_token {
        insert(headers, X_AMZ_SECURITY_TOKEN, token.expose_secret())?;
    }
    // S3 alone asks for it; others know the digest from the signature.
    if scope.service == "s3" {
        insert(headers, X_AMZ_CONTENT_SHA256, request.body_sha256)?;
    }
    // As the HTTP client will write it: the port only where it is not the scheme's own.
    let host = &request.url[Position::BeforeHost..Position::AfterPort];
    let part = SignedPart {
        method: request.method,
        path: request.url.path(),
        query: request.url.query().unwrap_or_default(),
        headers: signed_headers(headers, host),
        body_sha256: request.body_sha256,
    };
    let signer = Signer {
        access_key_id: &keys.access_key_id,
        secret_access_key: keys.secret_access_key.expose_secret(),
    };
    let value = sigv4::authorization(&signer, scope, &at, &part);
    insert(headers, AUTHORIZATION, &value)
}

fn signed_headers<'a>(headers: &'a HeaderMap, host: &'a str) -> Vec<(&'a str, &'a [u8])> {
    let sent = headers
        .iter()
        .filter(|(name, _)| **name == CONTENT_TYPE || name.as_str().starts_with("x-amz-"));
    let sent = sent.map(|(name, value)| (name.as_str(), value.as_bytes()));
    sent.chain([(HOST.as_str(), host.as_bytes())]).collect()
}

fn name_in<'a>(name: &'a Option<String>, what: &str) -> Result<&'a str, Failure> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let name = name
        .as_deref()
        .filter(|name| (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed));
    name.ok_or_else(|| {
        misconfigured(&format!(
            "the request has to be signed for an AWS {what}, and the adapter named none that is \
             well-formed; check the provider's settings"
        ))
    })
}

fn malformed() -> Failure {
    misconfigured(
        "the provider's credential has to be ACCESS_KEY_ID:SECRET_ACCESS_KEY, with \
         :SESSION_TOKEN after it for temporary keys, or a JSON object with access_key_id, \
         secret_access_key and session_token; check where it is read from",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use exchange::FailureKind;

    use super::*;

    const SECRET: &str = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn scope(region: &str, service: &str) -> SigningScope {
        SigningScope { region: Some(region.into()), service: Some(service.into()) }
    }

    fn signed(secret: &str, scope: &SigningScope, request: (&str, &str, &str)) -> HeaderMap {
        let (method, url, body) = request;
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "not signed".parse().unwrap());
        if !body.is_empty() {
            headers.insert("content-type", "application/json".parse().unwrap());
        }
        let request = Unsigned {
            method,
            url: &url.parse().unwrap(),
            body_sha256: &sigv4::sha256(body.as_bytes()),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160),
        };
        sign(&Keys::read(secret).unwrap(), scope, &request, &mut headers).unwrap();
        headers
    }

    /// Expected are the signatures that botocore 1.44 makes of the same requests.
    #[test]
    fn requests_are_signed_as_the_aws_sdk_signs_them() {
        let bedrock = scope("eu-central-1", "bedrock");
        let body = r#"{"messages":[]}"#;
        for (path, signature) in [
            (
                "anthropic.claude-sonnet-4-20250514-v1%3A0/converse-stream",
                "87a424d43f4c2e5ee284433408bea884dd2f392530ffd8822cc9a7fe6acc855a",
            ),
            (
                "anthropic.claude-sonnet-4-20250514-v1:0/converse",
                "0794bab37f857189ce458ff90a80e44fe7fe6d755fa19d8e3fb517423d9d9b44",
            ),
            (
                "arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.x/converse",
                "e8f0866f3f5f09b041383d9aca179f455c9472f616d2320d9dfd4d768a4a0363",
            ),
        ] {
            let url = format!("https://bedrock-runtime.eu-central-1.amazonaws.com/model/{path}");
            let headers = signed(SECRET, &bedrock, ("POST", &url, body));
            let value = headers["authorization"].to_str().unwrap();
            assert!(value.ends_with(&format!("Signature={signature}")), "{path}: {value}");
            assert!(value.contains("SignedHeaders=content-type;host;x-amz-date,"), "{value}");
            assert!(headers["authorization"].is_sensitive());
        }
    }

    #[test]
    fn a_session_token_is_sent_and_signed() {
        let url = "http://127.0.0.1:8080/a?b=c%20d&a=%2F";
        let secret = format!("{SECRET}:SESSION/TOKEN==");
        let headers = signed(&secret, &scope("us-east-1", "bedrock"), ("GET", url, ""));
        assert_eq!(headers["x-amz-security-token"], "SESSION/TOKEN==");
        let value = headers["authorization"].to_str().unwrap();
        let signature = "c234bea24d821564073586082cf42e29b0577c07e43e5197feae149d28221ec6";
        assert!(value.ends_with(signature), "{value}");
    }

    #[test]
    fn s3_gets_the_digest_and_its_path_as_it_is() {
        let url = "https://b.s3.us-east-1.amazonaws.com/a//b%3Ac/d";
        let headers = signed(SECRET, &scope("us-east-1", "s3"), ("PUT", url, ""));
        assert_eq!(headers["x-amz-content-sha256"], sigv4::sha256(b""));
        let value = headers["authorization"].to_str().unwrap();
        let signature = "e7854fce43f8e025ec8505be633a8879b42f878a43e762b6a083027f28c1865d";
        assert!(value.ends_with(signature), "{value}");
    }

    #[test]
    fn what_a_plugin_set_of_the_signature_is_replaced() {
        let mut headers = HeaderMap::new();
        for name in ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"] {
            headers.insert(name, "forged".parse().unwrap());
        }
        let request = Unsigned {
            method: "GET",
            url: &"https://a.test/".parse().unwrap(),
            body_sha256: "",
            at: SystemTime::UNIX_EPOCH,
        };
        let keys = Keys::read(SECRET).unwrap();
        sign(&keys, &scope("r", "s"), &request, &mut headers).unwrap();
        assert!(headers.values().all(|value| value != "forged"), "{headers:?}");
    }

    #[test]
    fn a_request_without_region_or_service_is_a_fault_of_the_configuration() {
        let named = |region: Option<&str>, service: Option<&str>| SigningScope {
            region: region.map(Into::into),
            service: service.map(Into::into),
        };
        for (scope, what) in [
            (named(None, Some("bedrock")), "AWS region"),
            (named(Some("us-east-1"), None), "AWS service"),
            (named(Some("us-east-1/x"), Some("bedrock")), "AWS region"),
            (named(Some("us-east-1"), Some("")), "AWS service"),
            (named(Some(&"a".repeat(65)), Some("bedrock")), "AWS region"),
        ] {
            let request = Unsigned {
                method: "GET",
                url: &"https://a.test/".parse().unwrap(),
                body_sha256: "",
                at: SystemTime::UNIX_EPOCH,
            };
            let keys = Keys::read(SECRET).unwrap();
            let failure = sign(&keys, &scope, &request, &mut HeaderMap::new()).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
            assert!(failure.message().contains(what), "{failure}");
        }
    }

    #[test]
    fn keys_are_read_from_both_forms() {
        for (secret, token) in [
            ("AKID:secret/+=", None),
            ("AKID:secret/+=:", None),
            ("AKID:secret/+=:token:x", Some("token:x")),
            (r#"{"access_key_id":"AKID","secret_access_key":"secret/+="}"#, None),
            (
                "{\n \"access_key_id\": \"AKID\", \"secret_access_key\": \"secret/+=\",\n \
                 \"session_token\": \"token:x\"}\n",
                Some("token:x"),
            ),
        ] {
            let keys = Keys::read(secret).unwrap();
            assert_eq!(keys.access_key_id, "AKID");
            assert_eq!(keys.secret_access_key.expose_secret(), "secret/+=");
            assert_eq!(keys.session_token.as_ref().map(|it| it.expose_secret()), token);
            assert!(!format!("{keys:?}").contains("secret/+="));
        }
    }

    #[test]
    fn other_texts_are_refused_and_not_quoted() {
        for secret in [
            "",
            "hush0123",
            "hush0123:",
            ":hush0123",
            "a/b:hush0123",
            "{\"access_key_id\":\"hush0123\"}",
            "{\"access_key_id\":\"A\",\"secret_access_key\":\"hush0123\",\"colour\":1}",
            "{\"access_key_id\":\"A\",\"secret_access_key\":{\"hush0123\":1}}",
            "{\"access_key_id\":7,\"secret_access_key\":\"hush0123\"",
        ] {
            let failure = Keys::read(secret).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
            let shown = format!("{failure:?} {:?}", failure.cause_chain());
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
