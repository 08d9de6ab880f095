//! A published key set (RFC 7517), as far as it is of use here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use super::MAX_JWKS_BYTES;
use super::refusal::Refusal;
use super::token::{Algorithm, WantedKey};

/// Most keys of a set, of use or not.
const MAX_KEYS: usize = 100;

/// Sizes of an RSA modulus that are safe and that can be verified, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Bytes of a coordinate on P-256 (RFC 7518 section 6.2.1.2).
const P256_COORDINATE_BYTES: usize = 32;

/// Keys that signatures of operators' tokens can be verified with.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<PublishedKey>,
}

#[derive(Debug)]
struct PublishedKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl KeySet {
    /// Reads a set. What is for another use, too weak or not understood is left out, as the
    /// standard asks.
    ///
    /// # Errors
    /// If it is too large, or no key set; for the log.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        if body.len() > MAX_JWKS_BYTES {
            return Err(format!("it has more than {MAX_JWKS_BYTES} bytes"));
        }
        let document: Document =
            serde_json::from_slice(body).map_err(|problem| not_a_set(&problem))?;
        if document.keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        let keys = document.keys.into_iter().filter_map(PublishedKey::read).collect();
        Ok(Self { keys })
    }

    /// Number of keys that are of use.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The one key that a token can mean. One that is published twice is one.
    pub(super) fn pick(&self, wanted: WantedKey<'_>) -> Result<&DecodingKey, Refusal> {
        let mut fitting = self.keys.iter().filter(|key| {
            key.algorithm == wanted.algorithm
                && (wanted.id.is_none() || key.id.as_deref() == wanted.id)
        });
        let first = fitting.next().ok_or(Refusal::UnknownKey)?;
        if fitting.all(|other| is_same(&other.key, &first.key)) {
            Ok(&first.key)
        } else {
            Err(Refusal::AmbiguousKey)
        }
    }
}

fn is_same(one: &DecodingKey, other: &DecodingKey) -> bool {
    use DecodingKeyKind::{RsaModulusExponent, SecretOrDer};
    match (one.kind(), other.kind()) {
        (SecretOrDer(one), SecretOrDer(other)) => one == other,
        (RsaModulusExponent { n, e }, RsaModulusExponent { n: other_n, e: other_e }) => {
            (n, e) == (other_n, other_e)
        }
        (SecretOrDer(_), RsaModulusExponent { .. })
        | (RsaModulusExponent { .. }, SecretOrDer(_)) => false,
    }
}

/// Says where, and not what: `serde_json` quotes values, however long they are.
fn not_a_set(problem: &serde_json::Error) -> String {
    format!("it is no key set (line {}, column {})", problem.line(), problem.column())
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl PublishedKey {
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig");
        let verifies = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let (algorithm, key) = match jwk.kty.as_str() {
            "RSA" => (Algorithm::Rs256, rsa_key(&jwk)?),
            "EC" => (Algorithm::Es256, p256_key(&jwk)?),
            _ => return None,
        };
        let fits = jwk.alg.as_deref().is_none_or(|alg| Algorithm::named(alg) == Some(algorithm));
        (signs && verifies && fits).then_some(Self { id: jwk.kid, algorithm, key })
    }
}

fn rsa_key(jwk: &Jwk) -> Option<DecodingKey> {
    let modulus = URL_SAFE_NO_PAD.decode(jwk.n.as_ref()?).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(jwk.e.as_ref()?).ok()?;
    let start = modulus.iter().position(|byte| *byte != 0)?;
    let modulus = modulus.get(start..)?;
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    RSA_BITS.contains(&bits).then(|| DecodingKey::from_rsa_raw_components(modulus, &exponent))
}

fn p256_key(jwk: &Jwk) -> Option<DecodingKey> {
    if jwk.crv.as_deref() != Some("P-256") {
        return None;
    }
    let mut point = vec![4];
    for coordinate in [jwk.x.as_ref()?, jwk.y.as_ref()?] {
        let bytes = URL_SAFE_NO_PAD.decode(coordinate).ok()?;
        if bytes.len() != P256_COORDINATE_BYTES {
            return None;
        }
        point.extend_from_slice(&bytes);
    }
    // Despite its name this takes the point itself, as the library's own providers do.
    Some(DecodingKey::from_ec_der(&point))
}
