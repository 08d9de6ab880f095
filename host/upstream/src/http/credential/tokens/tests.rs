use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::ExposeSecret as _;
use tokio::time::{advance, sleep};

use super::*;

const KEY: TokenKey = TokenKey([7; 32]);
const SECOND: Duration = Duration::from_secs(1);

/// A token endpoint that numbers its tokens, takes a second for each, and may be told to fail.
#[derive(Clone)]
struct Endpoint {
    asked: Arc<AtomicUsize>,
    fails: Arc<std::sync::atomic::AtomicBool>,
    life: Duration,
}

impl Endpoint {
    fn new(life: Duration) -> Self {
        Self { asked: Arc::default(), fails: Arc::default(), life }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    async fn mint(self) -> Result<Token, Failure> {
        let asked = Instant::now();
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        sleep(SECOND).await;
        if self.fails.load(Ordering::SeqCst) {
            let failure = Failure::new(FailureKind::UpstreamUnreachable, "no token");
            return Err(failure.with_cause("it is closed"));
        }
        Ok(Token::new(format!("token-{number}").into(), asked, self.life))
    }
}

async fn get(tokens: &Tokens, endpoint: &Endpoint) -> Result<String, Failure> {
    let minted = tokens.get(KEY, || endpoint.clone().mint()).await?;
    Ok(minted.token.text.expose_secret().to_owned())
}

/// Lets tasks run that are ready.
async fn settle() {
    sleep(SECOND * 2).await;
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_mint() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    let all = (0..100).map(|_| get(&tokens, &endpoint));
    for token in futures_util::future::join_all(all).await {
        assert_eq!(token.unwrap(), "token-1");
    }
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_key_has_another_token() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    let other = tokens.get(TokenKey([8; 32]), || endpoint.clone().mint()).await.unwrap();
    assert_eq!(other.token.text.expose_secret(), "token-2");
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
}

#[tokio::test(start_paused = true)]
async fn the_one_who_was_first_may_leave() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    let first = tokio::time::timeout(SECOND / 2, get(&tokens, &endpoint)).await;
    assert!(first.is_err());
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_soon_to_expire_is_used_while_the_next_one_is_minted() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    get(&tokens, &endpoint).await.unwrap();
    advance(SECOND * (3600 - 300 - 2)).await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    settle().await;
    assert_eq!(endpoint.asked(), 1, "too early for another one");
    let before = Instant::now();
    for _ in 0..10 {
        assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    }
    assert_eq!(Instant::now(), before, "nobody waits");
    settle().await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
    assert_eq!(endpoint.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_used_when_it_could_expire_on_its_way() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    get(&tokens, &endpoint).await.unwrap();
    advance(SECOND * (3600 - 10)).await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_short_life_leaves_most_of_it_for_use() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 20));
    get(&tokens, &endpoint).await.unwrap();
    // A second of it went by on the way.
    advance(SECOND * 13).await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    assert_eq!(endpoint.asked(), 1);
    advance(SECOND * 4).await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_life_serves_those_who_waited_for_it() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(Duration::ZERO));
    let (one, two) = tokio::join!(get(&tokens, &endpoint), get(&tokens, &endpoint));
    assert_eq!((one.unwrap(), two.unwrap()), ("token-1".into(), "token-1".into()));
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_everyones_and_is_not_kept() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    endpoint.fail(true);
    let (one, two) = tokio::join!(get(&tokens, &endpoint), get(&tokens, &endpoint));
    for failure in [one.unwrap_err(), two.unwrap_err()] {
        assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable);
        assert_eq!(failure.message(), "no token");
        assert_eq!(failure.cause_chain().unwrap(), "it is closed");
    }
    assert_eq!(endpoint.asked(), 1);
    endpoint.fail(false);
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_tried_again_after_a_pause() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    get(&tokens, &endpoint).await.unwrap();
    endpoint.fail(true);
    advance(SECOND * 3400).await;
    for _ in 0..3 {
        assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
        settle().await;
    }
    assert_eq!(endpoint.asked(), 2);
    endpoint.fail(false);
    sleep(RENEWAL_PAUSE).await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
    settle().await;
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-3");
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_token_is_replaced_and_its_successor_is_not_forgotten_with_it() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    let one = tokens.get(KEY, || endpoint.clone().mint()).await.unwrap();
    let same = tokens.get(KEY, || endpoint.clone().mint()).await.unwrap();
    one.forget();
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
    same.forget();
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-2");
    assert_eq!(endpoint.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_mint_that_panics_fails_once() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 3600));
    let broken = tokens.get(KEY, || async { panic!("a fault of ours") }).await;
    assert_eq!(broken.err().unwrap().kind(), FailureKind::Internal);
    assert_eq!(get(&tokens, &endpoint).await.unwrap(), "token-1");
}

#[tokio::test(start_paused = true)]
async fn a_mint_ends_with_the_store() {
    let held = Arc::new(());
    let tokens = Tokens::default();
    let witness = Arc::clone(&held);
    let mint = async move {
        let _witness = witness;
        std::future::pending().await
    };
    let wait = tokio::time::timeout(SECOND, tokens.get(KEY, || mint)).await;
    assert!(wait.is_err());
    assert_eq!(Arc::strong_count(&held), 2);
    drop(tokens);
    settle().await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_that_nobody_needs_any_more_are_not_kept() {
    let (tokens, endpoint) = (Tokens::default(), Endpoint::new(SECOND * 60));
    let count = || tokens.0.lock().unwrap().len();
    for number in 0..10 {
        let key = TokenKey([number; 32]);
        tokens.get(key, || endpoint.clone().mint()).await.unwrap();
    }
    assert_eq!(count(), 10);
    advance(SECOND * 60).await;
    tokens.get(TokenKey([99; 32]), || endpoint.clone().mint()).await.unwrap();
    assert_eq!(count(), 1);
}
