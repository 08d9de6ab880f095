//! Access tokens, kept until shortly before they expire and minted once for all who wait.
//!
//! For each key there is at most one token and at most one mint on its way. Whoever finds no
//! usable token waits for that mint; whoever finds one that is soon to expire uses it and lets a
//! mint begin. A mint is a task of its own, because it serves every caller and not the one who
//! was first: it goes on when that one leaves, and ends when the store is dropped.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use exchange::{Failure, FailureKind};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use secrecy::SecretString;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// Most keys that are remembered. Every secret that a provider ever had is one, so dead ones go
/// first.
const MAX_KEYS: usize = 1024;
/// A token is not used in the last tenth of its life, or these seconds if that is less: it has to
/// be valid when it arrives.
const UNUSED: Duration = Duration::from_secs(10);
/// A mint begins in the last quarter of a token's life, or these minutes if that is less.
const RENEWED: Duration = Duration::from_mins(5);
/// Longest life that is believed.
const MAX_LIFE: Duration = Duration::from_hours(24);
/// Pause after a mint that failed while the token before it is still usable.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// What a token was minted from: a digest over all that decides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenKey(pub(super) [u8; 32]);

/// One access token.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: Arc<SecretString>,
    renewed_from: Instant,
    usable_until: Instant,
}

impl Token {
    /// A token that lives `life` from `asked` on, the moment it was asked for.
    pub(super) fn new(text: SecretString, asked: Instant, life: Duration) -> Self {
        let life = life.min(MAX_LIFE);
        Self {
            text: Arc::new(text),
            renewed_from: asked + life - RENEWED.min(life / 4),
            usable_until: asked + life - UNUSED.min(life / 10),
        }
    }
}

/// The tokens of the whole program.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<TokenKey, Arc<Place>>>);

/// A token in use.
pub(super) struct Minted {
    pub(super) token: Arc<Token>,
    place: Arc<Place>,
}

impl Minted {
    /// The upstream refused the token: the next one who asks gets a new one.
    pub(super) fn forget(&self) {
        let mut state = self.place.lock();
        if state.token.as_ref().is_some_and(|held| Arc::ptr_eq(held, &self.token)) {
            state.token = None;
        }
    }
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Minted")
    }
}

impl Tokens {
    /// The token for a key: the one that is held, or the one that `mint` gets.
    ///
    /// Dropping the future leaves a mint that has begun to the others.
    ///
    /// # Errors
    /// The mint's, the same for all who waited for it.
    pub(super) async fn get<F>(
        &self,
        key: TokenKey,
        mint: impl FnOnce() -> F,
    ) -> Result<Minted, Failure>
    where
        F: Future<Output = Result<Token, Failure>> + Send + 'static,
    {
        let place = self.place(key);
        let token = match place.look(mint) {
            Found::Token(token) => token,
            Found::Mint(outcome) => outcome.await.map_err(|failure| copy_of(&failure))?,
        };
        Ok(Minted { token, place })
    }

    fn place(&self, key: TokenKey) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&key) {
            return Arc::clone(place);
        }
        places.retain(|_, place| place.is_alive());
        if places.len() >= MAX_KEYS {
            places.clear();
        }
        Arc::clone(places.entry(key).or_default())
    }
}

/// Whoever waits for a mint gets its outcome.
type Outcome = Result<Arc<Token>, Arc<Failure>>;

/// A mint on its way. Ends with the last one who holds it.
#[derive(Clone)]
struct Mint {
    outcome: Shared<BoxFuture<'static, Outcome>>,
    task: AbortHandle,
}

impl Mint {
    /// A task that panicked has ended without settling.
    fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}

/// Where one key's token is held.
#[derive(Default)]
struct Place(Mutex<State>);

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    mint: Option<Mint>,
    no_renewal_before: Option<Instant>,
}

enum Found {
    Token(Arc<Token>),
    Mint(Shared<BoxFuture<'static, Outcome>>),
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_alive(&self) -> bool {
        let state = self.lock();
        state.is_minting() || state.usable(Instant::now()).is_some()
    }

    fn look<F>(self: &Arc<Self>, mint: impl FnOnce() -> F) -> Found
    where
        F: Future<Output = Result<Token, Failure>> + Send + 'static,
    {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(token) = state.usable(now) {
            let is_due = now >= token.renewed_from && state.no_renewal_before <= Some(now);
            if is_due && !state.is_minting() {
                state.mint = Some(self.begin(mint()));
            }
            return Found::Token(token);
        }
        let running = state.mint.take().filter(Mint::is_running);
        let mint = running.unwrap_or_else(|| self.begin(mint()));
        state.mint = Some(mint.clone());
        Found::Mint(mint.outcome)
    }

    /// The lock is held meanwhile, so that the outcome cannot settle before the mint is noted.
    fn begin<F>(self: &Arc<Self>, mint: F) -> Mint
    where
        F: Future<Output = Result<Token, Failure>> + Send + 'static,
    {
        let place = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            let outcome = mint.await.map(Arc::new).map_err(Arc::new);
            Self::settle(&place, &outcome);
            outcome
        });
        let handle = task.abort_handle();
        let outcome = AbortOnDropHandle::new(task).map(|ended| match ended {
            Ok(outcome) => outcome,
            Err(error) => Err(Arc::new(
                Failure::new(FailureKind::Internal, "an access token could not be minted")
                    .with_cause(error),
            )),
        });
        Mint { outcome: outcome.boxed().shared(), task: handle }
    }

    fn settle(place: &Weak<Self>, outcome: &Outcome) {
        let Some(place) = place.upgrade() else { return };
        let mut state = place.lock();
        let ended = state.mint.take();
        match outcome {
            Ok(token) => {
                state.token = Some(Arc::clone(token));
                state.no_renewal_before = None;
            }
            Err(_) => state.no_renewal_before = Some(Instant::now() + RENEWAL_PAUSE),
        }
        drop(state);
        // Outside of the lock, because it may be the last one who holds this very task.
        drop(ended);
    }
}

impl State {
    fn usable(&self, now: Instant) -> Option<Arc<Token>> {
        self.token.clone().filter(|token| now < token.usable_until)
    }

    fn is_minting(&self) -> bool {
        self.mint.as_ref().is_some_and(Mint::is_running)
    }
}

/// A failure for each of those who waited.
fn copy_of(failure: &Failure) -> Failure {
    let copy = Failure::new(failure.kind(), failure.message());
    match failure.cause_chain() {
        Some(cause) => copy.with_cause(cause),
        None => copy,
    }
}

#[cfg(test)]
mod tests;
