//! When published keys are fetched, and who waits for it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::task::yield_now;
use tokio::time::{Instant, advance};

use super::signing::{Signer, claims};
use super::source::{Answer, Source, set_of};
use crate::authentication::TokenVerifier;
use crate::authentication::refusal::Refusal;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A token of a century: time is paused here, the clock of claims is not.
fn token(signer: &Signer, id: &str) -> String {
    signer.token(Some(id), &claims(json!({ "exp": 4_000_000_000_u64 })))
}

async fn judged(verifier: &TokenVerifier, token: &str) -> Result<(), Refusal> {
    verifier.authenticate(token, OffsetDateTime::now_utc()).await.map(drop)
}

/// As [`judged`], and asserts that it did not wait.
async fn judged_at_once(verifier: &TokenVerifier, token: &str) -> Result<(), Refusal> {
    let before = Instant::now();
    let judgement = judged(verifier, token).await;
    assert_eq!(before.elapsed(), Duration::ZERO, "it waited");
    judgement
}

/// Lets a fetch that began beside a request come to its end.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

fn body(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_for_the_first_token_and_again_after_ten_minutes() {
    let rsa = Signer::rsa();
    let source = Source::of_keys(&[rsa.jwk("r")]);
    let (verifier, token) = (source.verifier(), token(&rsa, "r"));
    assert_eq!(source.fetches(), 0);
    for (pause, fetches) in [(0, 1), (0, 1), (599, 1), (1, 2), (0, 2), (599, 2), (1, 3)] {
        advance(Duration::from_secs(pause)).await;
        assert_eq!(judged(&verifier, &token).await, Ok(()));
        settle().await;
        assert_eq!(source.fetches(), fetches);
    }
}

#[tokio::test(start_paused = true)]
async fn verifications_at_the_same_time_share_one_fetch() {
    let rsa = Signer::rsa();
    let source = Source::new(Answer::Waits(body(&[rsa.jwk("r")])));
    let (verifier, token) = (Arc::new(source.verifier()), Arc::new(token(&rsa, "r")));
    let verifications: Vec<_> = (0..100)
        .map(|_| {
            let (verifier, token) = (Arc::clone(&verifier), Arc::clone(&token));
            tokio::spawn(async move { judged(&verifier, &token).await })
        })
        .collect();
    settle().await;
    assert_eq!(source.fetches(), 1);
    source.release();
    for verification in verifications {
        assert_eq!(verification.await.unwrap(), Ok(()));
    }
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_for_others_when_the_one_who_asked_first_is_gone() {
    let rsa = Signer::rsa();
    let source = Source::new(Answer::Waits(body(&[rsa.jwk("r")])));
    let (verifier, token) = (source.verifier(), token(&rsa, "r"));
    let gone = tokio::time::timeout(Duration::from_secs(1), judged(&verifier, &token)).await;
    assert!(gone.is_err());
    source.release();
    assert_eq!(judged(&verifier, &token).await, Ok(()));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_has_the_set_fetched_once_in_thirty_seconds_however_often_it_is_named() {
    let (old, new) = (Signer::rsa(), Signer::p256());
    let source = Source::of_keys(&[old.jwk("old")]);
    let verifier = source.verifier();
    assert_eq!(judged(&verifier, &token(&old, "old")).await, Ok(()));
    advance(MINUTE).await;
    let unknown: Vec<_> = (0..50).map(|number| token(&new, &format!("unknown-{number}"))).collect();
    for round in 1..4 {
        for token in &unknown {
            assert_eq!(judged(&verifier, token).await, Err(Refusal::UnknownKey));
        }
        assert_eq!(source.fetches(), 1 + round);
        advance(Duration::from_secs(29)).await;
        assert_eq!(judged(&verifier, &unknown[0]).await, Err(Refusal::UnknownKey));
        assert_eq!(source.fetches(), 1 + round);
        advance(Duration::from_secs(1)).await;
    }
    source.answer_with(set_of(&[new.jwk("new")]));
    assert_eq!(judged(&verifier, &token(&new, "new")).await, Ok(()));
    assert_eq!(judged(&verifier, &token(&old, "old")).await, Err(Refusal::UnknownKey));
    assert_eq!(source.fetches(), 5);
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_fetched_again_are_used_for_a_day_from_their_fetch() {
    let rsa = Signer::rsa();
    let source = Source::of_keys(&[rsa.jwk("r")]);
    let (verifier, token) = (source.verifier(), token(&rsa, "r"));
    assert_eq!(judged(&verifier, &token).await, Ok(()));
    for answer in [Answer::Fails, Answer::Body(b"<html>".to_vec()), Answer::Hangs] {
        source.answer_with(answer);
        advance(7 * HOUR).await;
        assert_eq!(judged(&verifier, &token).await, Ok(()));
    }
    source.answer_with(Answer::Fails);
    advance(3 * HOUR).await;
    assert_eq!(judged(&verifier, &token).await, Err(Refusal::NoKeys));
    // Not asked again at once, and soon after.
    let fetches = source.fetches();
    source.answer_with(set_of(&[rsa.jwk("r")]));
    assert_eq!(judged(&verifier, &token).await, Err(Refusal::NoKeys));
    assert_eq!(source.fetches(), fetches);
    advance(Duration::from_secs(5)).await;
    assert_eq!(judged(&verifier, &token).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_holds_a_verification_for_ten_seconds_at_most() {
    let rsa = Signer::rsa();
    let source = Source::new(Answer::Hangs);
    let (verifier, token) = (source.verifier(), token(&rsa, "r"));
    let before = Instant::now();
    assert_eq!(judged(&verifier, &token).await, Err(Refusal::NoKeys));
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    assert_eq!(judged_at_once(&verifier, &token).await, Err(Refusal::NoKeys));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_by_a_known_key_does_not_wait_for_a_fetch_that_hangs() {
    let (known, unknown) = (Signer::rsa(), Signer::p256());
    let source = Source::of_keys(&[known.jwk("known")]);
    let verifier = Arc::new(source.verifier());
    let (good, bad) = (token(&known, "known"), token(&unknown, "unknown"));
    assert_eq!(judged(&verifier, &good).await, Ok(()));
    source.answer_with(Answer::Hangs);
    advance(MINUTE).await;
    // Somebody names a key that there is not, and waits.
    let waiting = tokio::spawn({
        let verifier = Arc::clone(&verifier);
        async move { judged(&verifier, &bad).await }
    });
    settle().await;
    assert_eq!(source.fetches(), 2);
    assert_eq!(judged_at_once(&verifier, &good).await, Ok(()));
    assert_eq!(waiting.await.unwrap(), Err(Refusal::UnknownKey));
    // The set is not fresh any more.
    for round in 1..6 {
        advance(10 * MINUTE).await;
        settle().await;
        // Time for another attempt after the one that ended just now.
        advance(Duration::from_secs(5)).await;
        assert_eq!(judged_at_once(&verifier, &good).await, Ok(()));
        settle().await;
        assert_eq!(source.fetches(), 2 + round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_taken_back_is_refused_after_an_idle_hour() {
    let (taken_back, new) = (Signer::p256(), Signer::p256());
    let source = Source::of_keys(&[taken_back.jwk("a")]);
    let (verifier, token) = (source.verifier(), token(&taken_back, "a"));
    assert_eq!(judged(&verifier, &token).await, Ok(()));
    source.answer_with(set_of(&[new.jwk("b")]));
    advance(HOUR).await;
    assert_eq!(judged(&verifier, &token).await, Err(Refusal::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_taken_back_is_refused_from_the_fetch_after_ten_minutes_on() {
    let taken_back = Signer::p256();
    let source = Source::of_keys(&[taken_back.jwk("a")]);
    let (verifier, token) = (source.verifier(), token(&taken_back, "a"));
    assert_eq!(judged(&verifier, &token).await, Ok(()));
    // That there is no key at all is an answer, too.
    source.answer_with(set_of(&[]));
    advance(10 * MINUTE).await;
    let _ = judged(&verifier, &token).await;
    settle().await;
    assert_eq!(judged(&verifier, &token).await, Err(Refusal::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn after_an_idle_hour_one_fetch_is_waited_for_and_none_while_it_fails() {
    let rsa = Signer::rsa();
    let source = Source::of_keys(&[rsa.jwk("r")]);
    let (verifier, token) = (source.verifier(), token(&rsa, "r"));
    assert_eq!(judged(&verifier, &token).await, Ok(()));
    source.answer_with(Answer::Hangs);
    advance(2 * HOUR).await;
    let before = Instant::now();
    assert_eq!(judged(&verifier, &token).await, Ok(()));
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    for _ in 0..20 {
        advance(MINUTE).await;
        assert_eq!(judged_at_once(&verifier, &token).await, Ok(()));
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_verifier_ends_its_fetch() {
    let rsa = Signer::rsa();
    let source = Source::new(Answer::Hangs);
    let verifier = source.verifier();
    let token = token(&rsa, "r");
    let gone = tokio::time::timeout(Duration::from_secs(1), judged(&verifier, &token)).await;
    assert!(gone.is_err());
    // The test, the verifier, and the fetch through it.
    assert!(Arc::strong_count(&source) > 1);
    drop(verifier);
    settle().await;
    assert_eq!(Arc::strong_count(&source), 1);
}
