//! Tokens that the gateway makes are tokens that it accepts.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::Value;

use super::signing::{AUDIENCE, SECRET, rules, verifier};
use crate::authentication::{NewToken, TokenKeys, TokenRules, TokenVerifier, mint};
use crate::operator::{Operator, Role};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn operator(subject: &str, role: Role) -> Operator {
    Operator { subject: subject.to_owned(), role }
}

fn new_token(operator: &Operator) -> NewToken<'_> {
    let lifetime = Duration::from_secs(3600);
    NewToken { operator, lifetime, issuer: None, audience: Some(AUDIENCE) }
}

fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn a_minted_token_stands_for_its_operator_by_the_rules_it_was_made_for() {
    let secret = SecretString::from(SECRET);
    let peer = "192.0.2.1".parse().unwrap();
    for (issuer, audience) in
        [(None, None), (Some("i"), None), (None, Some("a")), (Some("i"), Some("a"))]
    {
        let rules = rules(TokenKeys::Secret(SECRET.into()));
        let (expected, meant) = (issuer.map(str::to_owned), audience.map(str::to_owned));
        let verifier =
            TokenVerifier::new(TokenRules { issuer: expected, audience: meant, ..rules });
        let verifier = verifier.unwrap();
        for operator in [operator("olivia", Role::Admin), operator("Víctor V", Role::Viewer)] {
            let token = NewToken { issuer, audience, ..new_token(&operator) };
            let token = mint(&secret, &token).unwrap();
            assert_eq!(verifier.verify(peer, Some(&token)).await.unwrap(), operator);
        }
    }
}

#[test]
fn a_token_lives_for_a_second_to_thirty_days() {
    let (secret, olivia) = (SecretString::from(SECRET), operator("olivia", Role::Admin));
    let minted = |lifetime| mint(&secret, &NewToken { lifetime, ..new_token(&olivia) });
    for (lifetime, seconds) in
        [(Duration::from_secs(1), 1), (Duration::from_millis(1999), 1), (30 * DAY, 30 * 24 * 3600)]
    {
        let claims = claims_of(&minted(lifetime).unwrap());
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), seconds);
    }
    let out = [
        Duration::ZERO,
        Duration::from_millis(999),
        30 * DAY + Duration::from_nanos(1),
        Duration::MAX,
    ];
    for lifetime in out {
        let problem = minted(lifetime).unwrap_err().to_string();
        assert!(problem.starts_with("a token cannot be valid for that long; "), "{lifetime:?}");
    }
}

#[test]
fn what_a_verifier_would_refuse_is_not_minted() {
    let olivia = operator("olivia", Role::Admin);
    let short = SecretString::from("s".repeat(31));
    let problem = mint(&short, &new_token(&olivia)).unwrap_err();
    assert!(problem.to_string().contains("shorter than 32 bytes; "));
    for subject in ["", "a\nb", "\u{feff}a", &"a".repeat(201)] {
        let operator = operator(subject, Role::Admin);
        let problem = mint(&SECRET.into(), &new_token(&operator)).unwrap_err();
        assert!(problem.to_string().starts_with("the subject is not well-formed; "), "{subject:?}");
    }
}

#[tokio::test]
async fn no_two_tokens_are_the_same_and_none_shows_the_secret() {
    let (secret, olivia) = (SecretString::from(SECRET), operator("olivia", Role::Admin));
    let tokens: HashSet<_> = (0..50).map(|_| mint(&secret, &new_token(&olivia)).unwrap()).collect();
    assert_eq!(tokens.len(), 50);
    let jtis: HashSet<_> = tokens.iter().map(|it| claims_of(it)["jti"].to_string()).collect();
    assert_eq!(jtis.len(), 50);
    for token in &tokens {
        let shown: String = token
            .split('.')
            .filter_map(|it| URL_SAFE_NO_PAD.decode(it).ok())
            .map(|it| String::from_utf8_lossy(&it).into_owned())
            .collect();
        assert!(!shown.contains(SECRET) && !token.contains(SECRET));
        assert!(verifier().verify("192.0.2.1".parse().unwrap(), Some(token)).await.is_ok());
    }
}
