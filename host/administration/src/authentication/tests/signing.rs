//! Whoever signs tokens: keys of tests, and tokens with any header and claims.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::authentication::{TokenKeys, TokenRules, TokenVerifier};

/// A secret of tests.
pub(super) const SECRET: &str = "TEST-SECRET-0123456789abcdef0123456789";

/// The audience of [`verifier`].
pub(super) const AUDIENCE: &str = "patchbay";

/// The key of RFC 7515 appendix A.2, as PKCS #8: everybody has it, it is for tests alone.
const RSA_KEY: &str = include_str!("rfc7515-a2.pem");

/// What signs.
pub(super) enum Signer {
    Hmac(Vec<u8>),
    Rsa(RsaKeyPair),
    P256 {
        key: EcdsaKeyPair,
        /// The same key, signing in the form that X.509 has and tokens have not.
        asn1: Box<EcdsaKeyPair>,
    },
}

impl Signer {
    pub(super) fn secret(secret: &str) -> Self {
        Self::Hmac(secret.as_bytes().to_vec())
    }

    pub(super) fn rsa() -> Self {
        let lines = RSA_KEY.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self::Rsa(RsaKeyPair::from_pkcs8(&der).unwrap())
    }

    /// A new key.
    pub(super) fn p256() -> Self {
        let random = SystemRandom::new();
        let fixed = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(fixed, &random).unwrap();
        let of = |form| EcdsaKeyPair::from_pkcs8(form, der.as_ref(), &random).unwrap();
        Self::P256 { key: of(fixed), asn1: Box::new(of(&ECDSA_P256_SHA256_ASN1_SIGNING)) }
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::P256 { .. } => "ES256",
        }
    }

    /// The public half as it is published, under an id.
    pub(super) fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Hmac(secret) => json!({ "kty": "oct", "kid": id, "k": text(secret) }),
            Self::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({ "kty": "RSA", "kid": id, "n": text(&public.n), "e": text(&public.e) })
            }
            Self::P256 { key, .. } => {
                let point = key.public_key().as_ref();
                let (x, y) = (text(&point[1..33]), text(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y })
            }
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Hmac(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256 { key, .. } => key.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    /// A token with this key's algorithm and id.
    pub(super) fn token(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        self.token_with(&header, claims)
    }

    /// A token whose header says whatever the test wants.
    pub(super) fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.token_of_texts(&header.to_string(), &claims.to_string())
    }

    /// A token of texts that may be no JSON.
    pub(super) fn token_of_texts(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// Header and claims as they are signed.
pub(super) fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// Claims of a good token of an hour, with others in place of, or besides, some; `null` takes one
/// out.
pub(super) fn claims(more: Value) -> Value {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut claims = json!({
        "sub": "olivia", "role": "admin", "aud": AUDIENCE, "iat": now, "exp": now + 3600,
    });
    let Value::Object(more) = more else { panic!("claims are an object") };
    claims.as_object_mut().unwrap().extend(more);
    claims
}

/// Rules with the audience and a leeway of 30 s.
pub(super) fn rules(keys: TokenKeys) -> TokenRules {
    TokenRules {
        keys,
        issuer: None,
        audience: Some(AUDIENCE.to_owned()),
        leeway: std::time::Duration::from_secs(30),
    }
}

/// A verifier of tokens that [`SECRET`] signs.
pub(super) fn verifier() -> TokenVerifier {
    TokenVerifier::new(rules(TokenKeys::Secret(SecretString::from(SECRET)))).unwrap()
}
