//! What failures cost the address that they come from.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;

use super::signing::{SECRET, Signer, claims, verifier};
use super::source::{Answer, Source};
use crate::authentication::TokenVerifier;
use crate::problem::AdminProblem;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// How long the address is told to wait; `None` where it is told what is wrong.
async fn told_to_wait(verifier: &TokenVerifier, peer: &str, token: &str) -> Option<Duration> {
    match verifier.verify(ip(peer), Some(token)).await {
        Err(AdminProblem::Unauthenticated(_)) => None,
        Err(AdminProblem::TooManyAttempts { retry_after }) => Some(retry_after),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_with_ten_bad_tokens_is_told_to_wait_and_others_are_not() {
    let verifier = verifier();
    for _ in 0..10 {
        assert_eq!(told_to_wait(&verifier, "192.0.2.1", "bad").await, None);
    }
    let wait = Some(Duration::from_secs(6));
    assert_eq!(told_to_wait(&verifier, "192.0.2.1", "bad").await, wait);
    assert_eq!(told_to_wait(&verifier, "192.0.2.2", "bad").await, None);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(told_to_wait(&verifier, "192.0.2.1", "bad").await, None);
    assert_eq!(told_to_wait(&verifier, "192.0.2.1", "bad").await, wait);
}

#[tokio::test(start_paused = true)]
async fn a_good_token_is_accepted_from_an_address_that_has_no_attempts_left() {
    let verifier = verifier();
    let good = Signer::secret(SECRET).token(None, &claims(json!({})));
    for _ in 0..20 {
        told_to_wait(&verifier, "192.0.2.1", "bad").await;
    }
    let operator = verifier.verify(ip("192.0.2.1"), Some(&good)).await.unwrap();
    assert_eq!(operator.subject, "olivia");
    // It does not forgive what failed before.
    assert!(told_to_wait(&verifier, "192.0.2.1", "bad").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_token_and_one_whose_keys_are_not_there_are_no_attempts() {
    let (source, rsa) = (Source::new(Answer::Fails), Signer::rsa());
    let verifier = source.verifier();
    let good = rsa.token(Some("r"), &claims(json!({})));
    for _ in 0..50 {
        for token in [None, Some(""), Some(good.as_str())] {
            let problem = verifier.verify(ip("192.0.2.1"), token).await.unwrap_err();
            assert!(matches!(problem, AdminProblem::Unauthenticated(_)), "{problem:?}");
        }
    }
    assert_eq!(told_to_wait(&verifier, "192.0.2.1", "bad").await, None);
}
