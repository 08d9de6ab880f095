//! Key sets as others publish them: which keys of them are used.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::log::Log;
use super::signing::{Signer, claims};
use super::source::{Answer, Source};
use crate::authentication::MAX_JWKS_BYTES;
use crate::authentication::refusal::Refusal;

/// A JWK with other members.
fn with(mut jwk: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("members are an object") };
    jwk.as_object_mut().unwrap().extend(more);
    jwk
}

/// What becomes of a good token by `signer` that names `id`, if this is published.
async fn judged(keys: &[Value], signer: &Signer, id: Option<&str>) -> Result<(), Refusal> {
    let verifier = Source::of_keys(keys).verifier();
    let token = signer.token(id, &claims(json!({})));
    verifier.authenticate(&token, OffsetDateTime::now_utc()).await.map(drop)
}

#[tokio::test]
async fn a_key_is_used_if_it_is_for_signatures_and_strong() {
    let (rsa, p256) = (Signer::rsa(), Signer::p256());
    let (rsa_key, p256_key) = (rsa.jwk("k"), p256.jwk("k"));
    let bits = |bytes: usize| json!({ "n": "_".repeat(bytes * 4 / 3) });
    let rsa_table = [
        (json!({}), Ok(())),
        (json!({ "use": "sig", "alg": "RS256", "key_ops": ["sign", "verify"] }), Ok(())),
        (json!({ "x5c": ["MII"], "unknown": { "deep": [1] } }), Ok(())),
        (json!({ "use": "enc" }), Err(Refusal::UnknownKey)),
        (json!({ "key_ops": ["encrypt"] }), Err(Refusal::UnknownKey)),
        (json!({ "key_ops": [] }), Err(Refusal::UnknownKey)),
        (json!({ "alg": "RS512" }), Err(Refusal::UnknownKey)),
        (json!({ "alg": "ES256" }), Err(Refusal::UnknownKey)),
        (json!({ "alg": "none" }), Err(Refusal::UnknownKey)),
        (json!({ "kty": "oct" }), Err(Refusal::UnknownKey)),
        (json!({ "kty": "OKP" }), Err(Refusal::UnknownKey)),
        (json!({ "kty": 7 }), Err(Refusal::UnknownKey)),
        (json!({ "kid": 7 }), Err(Refusal::UnknownKey)),
        (json!({ "n": null }), Err(Refusal::UnknownKey)),
        (json!({ "n": "" }), Err(Refusal::UnknownKey)),
        (json!({ "n": "***" }), Err(Refusal::UnknownKey)),
        (json!({ "e": null }), Err(Refusal::UnknownKey)),
        (json!({ "n": "AAAA" }), Err(Refusal::UnknownKey)),
        (bits(129), Err(Refusal::UnknownKey)),
        (bits(1026), Err(Refusal::UnknownKey)),
        // An exponent of one would make every text its own signature.
        (json!({ "e": "AQ" }), Err(Refusal::Signature)),
        (json!({ "e": "AA" }), Err(Refusal::Signature)),
        (json!({ "e": "" }), Err(Refusal::Signature)),
    ];
    for (more, judgement) in rsa_table {
        let key = with(rsa_key.clone(), more.clone());
        assert_eq!(judged(&[key], &rsa, Some("k")).await, judgement, "{more}");
    }
    let p256_table = [
        (json!({ "alg": "ES256" }), Ok(())),
        (json!({ "crv": "P-384" }), Err(Refusal::UnknownKey)),
        (json!({ "crv": "secp256k1" }), Err(Refusal::UnknownKey)),
        (json!({ "crv": null }), Err(Refusal::UnknownKey)),
        (json!({ "x": "AAAA" }), Err(Refusal::UnknownKey)),
        (json!({ "y": null }), Err(Refusal::UnknownKey)),
        // No point of the curve.
        (json!({ "y": "A".repeat(43) }), Err(Refusal::Signature)),
    ];
    for (more, judgement) in p256_table {
        let key = with(p256_key.clone(), more.clone());
        assert_eq!(judged(&[key], &p256, Some("k")).await, judgement, "{more}");
    }
}

#[tokio::test]
async fn what_is_not_understood_leaves_the_other_keys_of_the_set_in_use() {
    let rsa = Signer::rsa();
    let strange = [json!(null), json!([]), json!("key"), json!({}), json!({ "kty": "OKP" })];
    let keys: Vec<_> = strange.into_iter().chain([rsa.jwk("k")]).collect();
    assert_eq!(judged(&keys, &rsa, Some("k")).await, Ok(()));
}

#[tokio::test]
async fn a_key_that_stands_twice_is_one_and_two_keys_of_one_id_are_none() {
    let (one, other, rsa) = (Signer::p256(), Signer::p256(), Signer::rsa());
    let ambiguous = Err(Refusal::AmbiguousKey);
    let table = [
        (vec![one.jwk("a"), one.jwk("a")], Some("a"), Ok(())),
        (vec![one.jwk("a"), one.jwk("b")], None, Ok(())),
        (vec![rsa.jwk("a"), one.jwk("a")], Some("a"), Ok(())),
        (vec![rsa.jwk("a"), one.jwk("b")], None, Ok(())),
        (vec![one.jwk("a"), other.jwk("a")], Some("a"), ambiguous),
        (vec![one.jwk("a"), other.jwk("b")], None, ambiguous),
        (vec![one.jwk("a"), other.jwk("b")], Some("a"), Ok(())),
        (vec![one.jwk("a"), other.jwk("b")], Some("b"), Err(Refusal::Signature)),
    ];
    for (keys, id, judgement) in table {
        assert_eq!(judged(&keys, &one, id).await, judgement, "{id:?}");
    }
    let nameless = with(one.jwk(""), json!({ "kid": null }));
    assert_eq!(judged(std::slice::from_ref(&nameless), &one, None).await, Ok(()));
    assert_eq!(judged(&[nameless], &one, Some("a")).await, Err(Refusal::UnknownKey));
}

#[tokio::test]
async fn what_is_no_key_set_is_not_used_and_not_quoted_in_the_log() {
    let (log, _guard) = Log::read_along();
    let rsa = Signer::rsa();
    let many: Vec<_> = (0..101).map(|_| rsa.jwk("k")).collect();
    let key = rsa.jwk("k").to_string();
    let bodies = [
        String::new(),
        "<html>QUOTED</html>".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!(r#""{}""#, "QUOTED".repeat(1000)),
        format!(r#"{{"keys":"{}"}}"#, "QUOTED".repeat(1000)),
        format!(r#"{{"keys":[{key}],"keys":[]}}"#),
        format!(r#"{{"keys":[{key}]"#),
        json!({ "keys": many }).to_string(),
        format!(r#"{{"keys":[{key}]}}{}"#, " ".repeat(MAX_JWKS_BYTES)),
        "[".repeat(MAX_JWKS_BYTES),
    ];
    for body in bodies {
        let shown: String = body.chars().take(60).collect();
        let verifier = Source::new(Answer::Body(body.into_bytes())).verifier();
        let token = rsa.token(Some("k"), &claims(json!({})));
        let judged = verifier.authenticate(&token, OffsetDateTime::now_utc()).await;
        assert_eq!(judged, Err(Refusal::NoKeys), "{shown}");
    }
    let text = log.text();
    assert_eq!(text.matches("the key set cannot be fetched").count(), 11, "{text}");
    assert!(!text.contains("QUOTED") && text.len() < 4000, "{text}");
    let hundred: Vec<_> = (0..100).map(|number| rsa.jwk(&number.to_string())).collect();
    assert_eq!(judged(&hundred, &rsa, Some("99")).await, Ok(()));
}
