//! The use `gcp-service-account`: a service account's key vouches for it.
//!
//! Source: Google Identity, "Using OAuth 2.0 for Server to Server Applications"
//! (developers.google.com/identity/protocols/oauth2/service-account), which follows RFC 7523.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::{Failure, FailureKind};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::mint::{self, TokenRequest};
use super::{misconfigured, shape};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The grant of RFC 7523 section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that the endpoint accepts.
const LIFE_SECONDS: u64 = 3600;

/// What is used of a key file; Google adds members as it likes.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    sort: Option<String>,
    client_email: String,
    private_key: SecretString,
    private_key_id: Option<String>,
    token_uri: String,
}

/// What is asked with this secret at this time.
///
/// # Errors
/// `ProviderMisconfigured`, without a word of the secret.
pub(super) fn token_request(secret: &str, now: SystemTime) -> Result<TokenRequest, Failure> {
    let file: KeyFile =
        serde_json::from_str(secret).map_err(|error| malformed().with_cause(shape(&error)))?;
    if file.sort.as_deref().is_some_and(|sort| sort != "service_account") {
        return Err(malformed().with_cause("its type is not \"service_account\""));
    }
    let endpoint = mint::endpoint(&file.token_uri)?;
    let assertion = assertion(&file, now)?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", GRANT);
    form.append_pair("assertion", assertion.expose_secret());
    let form = form.finish().into();
    Ok(TokenRequest { endpoint, authorization: None, form, sent: vec![assertion] })
}

/// A JSON Web Token (RFC 7519) in the account's name, signed with RS256.
fn assertion(file: &KeyFile, now: SystemTime) -> Result<SecretString, Failure> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = &file.private_key_id {
        header["kid"] = json!(id);
    }
    let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = json!({
        "iss": file.client_email,
        "scope": SCOPE,
        "aud": file.token_uri,
        "iat": issued,
        "exp": issued + LIFE_SECONDS,
    });
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = sign(file.private_key.expose_secret(), signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
}

fn sign(private_key: &str, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let no_key = |cause: String| {
        misconfigured(
            "private_key in the provider's credential has to be an RSA key in PEM (PKCS #8), as \
             Google's key file has it; check where the credential is read from",
        )
        .with_cause(cause)
    };
    // The parser's error may quote the text.
    let der = PrivatePkcs8KeyDer::from_pem_slice(private_key.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| no_key("it is not PEM with a PRIVATE KEY".into()))?;
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        .map_err(|error| no_key(error.to_string()))?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| {
        Failure::new(FailureKind::Internal, "the service account's assertion could not be signed")
    })?;
    Ok(signature)
}

fn malformed() -> Failure {
    misconfigured(
        "the provider's credential has to be the JSON key file of a Google service account, with \
         client_email, private_key and token_uri; check where it is read from",
    )
}

#[cfg(test)]
mod tests;
