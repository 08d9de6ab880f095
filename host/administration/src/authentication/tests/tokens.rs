//! One token at a time.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::log::Log;
use super::signing::{AUDIENCE, SECRET, Signer, claims, message, rules, verifier};
use super::source::Source;
use crate::authentication::refusal::Refusal;
use crate::authentication::{RulesProblem, TokenKeys, TokenRules, TokenVerifier};
use crate::operator::{Operator, Role};

/// What the verifier says now, without counting.
async fn judged(verifier: &TokenVerifier, token: &str) -> Result<Operator, Refusal> {
    verifier.authenticate(token, OffsetDateTime::now_utc()).await
}

async fn refused(verifier: &TokenVerifier, token: &str) -> Refusal {
    judged(verifier, token).await.unwrap_err()
}

/// A verifier of tokens that one secret signs, with these rules.
fn verifier_with(issuer: Option<&str>, audience: Option<&str>) -> TokenVerifier {
    let rules = rules(TokenKeys::Secret(SECRET.into()));
    let (issuer, audience) = (issuer.map(str::to_owned), audience.map(str::to_owned));
    TokenVerifier::new(TokenRules { issuer, audience, ..rules }).unwrap()
}

#[tokio::test]
async fn a_good_token_by_each_algorithm_stands_for_its_operator() {
    let (rsa, p256) = (Signer::rsa(), Signer::p256());
    let published = Source::of_keys(&[rsa.jwk("r"), p256.jwk("e")]).verifier();
    let table = [
        (&verifier(), Signer::secret(SECRET).token(None, &claims(json!({})))),
        (&verifier(), Signer::secret(SECRET).token(Some("any"), &claims(json!({})))),
        (&published, rsa.token(Some("r"), &claims(json!({})))),
        (&published, rsa.token(None, &claims(json!({})))),
        (&published, p256.token(Some("e"), &claims(json!({})))),
        (&published, p256.token(None, &claims(json!({})))),
    ];
    for (verifier, token) in &table {
        let operator = Operator { subject: "olivia".to_owned(), role: Role::Admin };
        assert_eq!(judged(verifier, token).await, Ok(operator));
    }
    let viewer = Signer::secret(SECRET).token(None, &claims(json!({ "role": "viewer" })));
    assert_eq!(judged(&verifier(), &viewer).await.map(|it| it.role), Ok(Role::Viewer));
}

#[tokio::test]
async fn the_algorithm_follows_from_the_keys_and_never_from_the_token() {
    let (rsa, p256, good) = (Signer::rsa(), Signer::p256(), claims(json!({})));
    let published = Source::of_keys(&[rsa.jwk("r"), p256.jwk("e")]).verifier();
    let unsigned =
        |alg: &str| format!("{}.", message(&json!({ "alg": alg }).to_string(), &good.to_string()));
    for alg in ["none", "None", "NONE", "", "hs256", "RS256 "] {
        assert_eq!(refused(&verifier(), &unsigned(alg)).await, Refusal::Algorithm, "{alg}");
        assert_eq!(refused(&published, &unsigned(alg)).await, Refusal::Algorithm, "{alg}");
    }
    for alg in ["HS384", "HS512", "RS384", "RS512", "PS256", "ES384", "EdDSA"] {
        let token = Signer::secret(SECRET).token_with(&json!({ "alg": alg }), &good);
        assert_eq!(refused(&verifier(), &token).await, Refusal::Algorithm, "{alg}");
    }
    // A public key in the place of a secret, in every form in which somebody could take it.
    let jwk = rsa.jwk("r");
    let modulus = jwk["n"].as_str().unwrap();
    let der = URL_SAFE_NO_PAD.decode(modulus).unwrap();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&der)
    );
    for secret in [der, pem.into_bytes(), modulus.as_bytes().to_vec(), jwk.to_string().into()] {
        let confused = Signer::Hmac(secret);
        let tokens = [
            (confused.token(Some("r"), &good), Refusal::Algorithm),
            (
                confused.token_with(&json!({ "alg": "RS256", "kid": "r" }), &good),
                Refusal::Signature,
            ),
            (
                confused.token_with(&json!({ "alg": "ES256", "kid": "e" }), &good),
                Refusal::Signature,
            ),
        ];
        for (token, refusal) in tokens {
            assert_eq!(refused(&published, &token).await, refusal);
        }
    }
    // A signature of one sort under the name of another.
    let table = [
        (rsa.token_with(&json!({ "alg": "ES256", "kid": "r" }), &good), Refusal::UnknownKey),
        (rsa.token_with(&json!({ "alg": "ES256", "kid": "e" }), &good), Refusal::Signature),
        (p256.token_with(&json!({ "alg": "RS256", "kid": "e" }), &good), Refusal::UnknownKey),
        (p256.token_with(&json!({ "alg": "RS256", "kid": "r" }), &good), Refusal::Signature),
        (rsa.token(Some("R"), &good), Refusal::UnknownKey),
    ];
    for (token, refusal) in table {
        assert_eq!(refused(&published, &token).await, refusal);
        assert_eq!(refused(&verifier(), &token).await, Refusal::Algorithm);
    }
    // A key that the token brings along is not used.
    let other = Signer::p256();
    let header = json!({ "alg": "ES256", "jwk": other.jwk("e"), "jku": "https://evil.test/" });
    assert_eq!(refused(&published, &other.token_with(&header, &good)).await, Refusal::Signature);
}

#[tokio::test]
async fn a_signature_is_of_these_bytes_by_this_key() {
    let (rsa, p256, good) = (Signer::rsa(), Signer::p256(), claims(json!({})));
    let published = Source::of_keys(&[rsa.jwk("r"), p256.jwk("e")]).verifier();
    let hmac = Signer::secret(SECRET);
    let viewer = claims(json!({ "role": "viewer" })).to_string();
    for (verifier, signer, id) in
        [(&verifier(), &hmac, None), (&published, &rsa, Some("r")), (&published, &p256, Some("e"))]
    {
        let token = signer.token(id, &good);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let other_claims = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(&viewer));
        let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
        flipped[5] ^= 1;
        let flipped = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(flipped));
        let bad = [other_claims, flipped, format!("{signed}."), format!("{signed}.AAAA")];
        for token in bad {
            assert_eq!(
                refused(verifier, &token).await,
                Refusal::Signature,
                "{}",
                signer.algorithm()
            );
        }
    }
    let others = [
        (
            &verifier(),
            Signer::secret("ANOTHER-SECRET-0123456789abcdef0123456789").token(None, &good),
        ),
        (&published, Signer::p256().token(Some("e"), &good)),
    ];
    for (verifier, token) in others {
        assert_eq!(refused(verifier, &token).await, Refusal::Signature);
    }
    // RFC 7518 section 3.4: two numbers of 32 bytes, not ASN.1; and zeros are no signature.
    let Signer::P256 { asn1, .. } = &p256 else { unreachable!() };
    let signed = message(&json!({ "alg": "ES256", "kid": "e" }).to_string(), &good.to_string());
    let of_x509 = asn1.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    for signature in [of_x509.as_ref(), &[0; 64]] {
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(refused(&published, &token).await, Refusal::Signature);
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anything_is_believed() {
    let signer = Signer::secret(SECRET);
    let good = claims(json!({})).to_string();
    let header = r#"{"alg":"HS256"}"#;
    let token = signer.token_of_texts(header, &good);
    let padded =
        format!("{}={}", token.split_once('.').unwrap().0, &token[token.find('.').unwrap()..]);
    let long_kid = json!({ "alg": "HS256", "kid": "k".repeat(9000) });
    let table = [
        ("rubbish".to_owned(), Refusal::Malformed),
        (".".to_owned(), Refusal::Malformed),
        ("..".to_owned(), Refusal::Malformed),
        ("....".to_owned(), Refusal::Malformed),
        ("é.é.é".to_owned(), Refusal::Malformed),
        (format!("{token}.x"), Refusal::Malformed),
        (format!(" {token}"), Refusal::Malformed),
        (format!("{token} "), Refusal::Malformed),
        (format!("{token}="), Refusal::Malformed),
        (padded, Refusal::Malformed),
        (signer.token_of_texts("", &good), Refusal::Malformed),
        (signer.token_of_texts("[]", &good), Refusal::Malformed),
        (signer.token_of_texts("{}", &good), Refusal::Malformed),
        (signer.token_of_texts(r#"{"alg":1}"#, &good), Refusal::Malformed),
        (signer.token_of_texts(r#"{"alg":"HS256","kid":7}"#, &good), Refusal::Malformed),
        (signer.token_of_texts(r#"{"alg":"HS256","alg":"none"}"#, &good), Refusal::Malformed),
        (
            signer.token_of_texts(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &good),
            Refusal::Critical,
        ),
        (signer.token_of_texts(r#"{"alg":"HS256","crit":[]}"#, &good), Refusal::Critical),
        (signer.token_of_texts(header, ""), Refusal::Claims),
        (signer.token_of_texts(header, "[]"), Refusal::Claims),
        (signer.token_of_texts(header, "\"text\""), Refusal::Claims),
        (signer.token_of_texts(header, r#"{"exp":1,"exp":9999999999}"#), Refusal::Claims),
        (signer.token_of_texts(&long_kid.to_string(), &good), Refusal::TooLong),
        ("a".repeat(8 * 1024 + 1), Refusal::TooLong),
        ("a".repeat(8 * 1024), Refusal::Malformed),
    ];
    for (token, refusal) in table {
        let shown = token.chars().take(80).collect::<String>();
        assert_eq!(refused(&verifier(), &token).await, refusal, "{shown}");
    }
}

#[tokio::test]
async fn each_claim_is_there_and_what_it_has_to_be() {
    let strict = verifier_with(Some("https://issuer.test"), Some(AUDIENCE));
    let open = verifier_with(None, None);
    let issuer = |more: Value| {
        let mut claims = claims(json!({ "iss": "https://issuer.test" }));
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    };
    let table = [
        (&strict, json!({ "exp": null }), Err(Refusal::Missing("exp"))),
        (&strict, json!({ "sub": null }), Err(Refusal::Missing("sub"))),
        (&strict, json!({ "role": null }), Err(Refusal::Missing("role"))),
        (&strict, json!({ "iss": null }), Err(Refusal::Missing("iss"))),
        (&strict, json!({ "aud": null }), Err(Refusal::Missing("aud"))),
        (&strict, json!({ "iss": "https://issuer.test/" }), Err(Refusal::Issuer)),
        (&strict, json!({ "iss": "" }), Err(Refusal::Issuer)),
        (&strict, json!({ "iss": ["https://issuer.test"] }), Err(Refusal::BadClaim("iss"))),
        (&strict, json!({ "aud": "Patchbay" }), Err(Refusal::Audience)),
        (&strict, json!({ "aud": [] }), Err(Refusal::Audience)),
        (&strict, json!({ "aud": ["other"] }), Err(Refusal::Audience)),
        (&strict, json!({ "aud": ["other", AUDIENCE] }), Ok(())),
        (&strict, json!({ "aud": { "patchbay": 1 } }), Err(Refusal::BadClaim("aud"))),
        // A token for somebody else is for nobody here, whatever the rules leave open.
        (&open, json!({ "aud": "other" }), Err(Refusal::Audience)),
        (&open, json!({ "aud": null, "iss": "anybody" }), Ok(())),
        (&strict, json!({ "role": "root" }), Err(Refusal::Role)),
        (&strict, json!({ "role": "Admin" }), Err(Refusal::Role)),
        (&strict, json!({ "role": ["admin"] }), Err(Refusal::BadClaim("role"))),
        (&strict, json!({ "role": true }), Err(Refusal::BadClaim("role"))),
        (&strict, json!({ "sub": 7 }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "o\nlivia" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "\u{1b}[31molivia" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "olivia\u{202e}" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "oliv\u{61c}ia" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "olivia\u{e0061}" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "oli\u{ad}via" }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "o".repeat(201) }), Err(Refusal::BadClaim("sub"))),
        (&strict, json!({ "sub": "Ö".repeat(200) }), Ok(())),
        (&strict, json!({ "sub": "auth0|Olivia Öz" }), Ok(())),
        (&strict, json!({ "exp": "9999999999" }), Err(Refusal::BadClaim("exp"))),
        (&strict, json!({ "exp": -1 }), Err(Refusal::BadClaim("exp"))),
        (&strict, json!({ "exp": true }), Err(Refusal::BadClaim("exp"))),
        (&strict, json!({ "exp": 1e300 }), Ok(())),
        (&strict, json!({ "exp": u64::MAX }), Ok(())),
        (&strict, json!({ "nbf": "0" }), Err(Refusal::BadClaim("nbf"))),
        (&strict, json!({ "iat": [] }), Err(Refusal::BadClaim("iat"))),
        (&strict, json!({ "iat": null, "nbf": null }), Ok(())),
        (&strict, json!({ "jti": 1, "scope": ["x"], "roles": ["admin"] }), Ok(())),
    ];
    for (verifier, more, judgement) in table {
        let token = Signer::secret(SECRET).token(None, &issuer(more.clone()));
        assert_eq!(judged(verifier, &token).await.map(drop), judgement, "{more}");
    }
}

#[tokio::test]
async fn a_token_is_valid_from_nbf_and_iat_until_exp_give_or_take_the_leeway() {
    const NOW: i64 = 1_800_000_000;
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    let verifier = verifier();
    let table = [
        (json!({ "exp": NOW + 1 }), Ok(())),
        (json!({ "exp": NOW - 29 }), Ok(())),
        (json!({ "exp": NOW as f64 - 29.5 }), Ok(())),
        (json!({ "exp": NOW - 30 }), Err(Refusal::Expired)),
        (json!({ "exp": NOW - 31 }), Err(Refusal::Expired)),
        (json!({ "exp": 0 }), Err(Refusal::Expired)),
        (json!({ "exp": NOW + 60, "nbf": NOW + 30 }), Ok(())),
        (json!({ "exp": NOW + 60, "nbf": NOW as f64 + 30.5 }), Err(Refusal::NotYet)),
        (json!({ "exp": NOW + 60, "nbf": NOW + 31 }), Err(Refusal::NotYet)),
        (json!({ "exp": NOW + 60, "iat": NOW + 30 }), Ok(())),
        (json!({ "exp": NOW + 60, "iat": NOW + 31 }), Err(Refusal::IssuedLater)),
    ];
    for (more, judgement) in table {
        let token = Signer::secret(SECRET).token(None, &claims(with_old_iat(more.clone(), NOW)));
        let judged = verifier.authenticate(&token, now).await.map(drop);
        assert_eq!(judged, judgement, "{more}");
    }
}

fn with_old_iat(mut more: Value, now: i64) -> Value {
    let claims = more.as_object_mut().unwrap();
    claims.entry("iat").or_insert_with(|| (now - 3600).into());
    more
}

#[tokio::test]
async fn no_error_debug_text_or_log_line_holds_a_token_or_a_secret() {
    let (log, _guard) = Log::read_along();
    let (rsa, mallory) = (Signer::rsa(), Signer::p256());
    let source = Source::of_keys(&[rsa.jwk("r")]);
    let (by_secret, published) = (verifier(), source.verifier());
    let marked = |more: Value| claims(more);
    let tokens = [
        Signer::secret(SECRET).token(None, &marked(json!({ "role": "MARKED-ROLE" }))),
        Signer::secret(SECRET).token(None, &marked(json!({ "iss": "MARKED-ISS", "exp": 1 }))),
        mallory.token(Some("MARKED-KID"), &marked(json!({}))),
        rsa.token(Some("r"), &marked(json!({ "aud": "MARKED-AUD" }))),
        "MARKED.MARKED.MARKED".to_owned(),
        "MARKED".to_owned(),
    ];
    let mut told = format!("{by_secret:?} {published:?}");
    told += &format!("{:?}", rules(TokenKeys::Secret(SECRET.into())));
    for token in &tokens {
        for verifier in [&by_secret, &published] {
            let peer = "192.0.2.1".parse().unwrap();
            let problem = verifier.verify(peer, Some(token)).await.unwrap_err();
            told += &format!("{problem} {problem:?}");
        }
    }
    let told = told + &log.text();
    assert!(!told.contains("MARKED") && !told.contains(SECRET), "{told}");
    for part in tokens.iter().flat_map(|token| token.split('.')) {
        assert!(!told.contains(part), "{part}");
    }
}

#[test]
fn a_secret_that_could_be_guessed_and_keys_without_an_audience_are_refused() {
    let problem = |rules| TokenVerifier::new(rules).err();
    for secret in ["", "short", &"s".repeat(31)] {
        let rules = rules(TokenKeys::Secret(secret.into()));
        assert_eq!(problem(rules), Some(RulesProblem::ShortSecret));
    }
    assert_eq!(problem(rules(TokenKeys::Secret("s".repeat(32).into()))), None);
    let (url, source) = (url::Url::parse("https://keys.test").unwrap(), Source::of_keys(&[]));
    let rules = TokenRules { audience: None, ..rules(TokenKeys::Jwks { url, source }) };
    assert_eq!(problem(rules), Some(RulesProblem::NoAudience));
}
