//! Published keys, kept: fetched when they are needed, by one for all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::DecodingKey;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::JwksSource;
use super::key_set::KeySet;
use super::refusal::Refusal;
use super::token::WantedKey;

/// How long keys are used before they are fetched again.
const FRESH_FOR: Duration = Duration::from_secs(10 * 60);

/// How long a known key is used while the set is fetched beside the request. Beyond it nobody used
/// the keys for long, and one of them may have been taken back meanwhile: that is waited for.
const UNATTENDED_FOR: Duration = Duration::from_secs(60 * 60);

/// How long keys are used that cannot be fetched again.
const USABLE_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Least time between fetches for keys that were not in the set: anybody can name such a key.
const PAUSE: Duration = Duration::from_secs(30);

/// Least time after a failed fetch.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Longest fetch.
const MAX_FETCH_TIME: Duration = Duration::from_secs(10);

/// The keys at an address.
pub(super) struct JwksCache {
    shared: Arc<Shared>,
    /// The fetch that goes on, or the last one. It is stopped when the cache is dropped.
    fetch: Mutex<Option<Fetch>>,
}

struct Shared {
    url: Url,
    source: Arc<dyn JwksSource>,
    kept: ArcSwapOption<Kept>,
    last_attempt: Mutex<Option<Attempt>>,
}

struct Kept {
    keys: KeySet,
    fetched_at: Instant,
}

#[derive(Clone, Copy)]
struct Attempt {
    ended_at: Instant,
    succeeded: bool,
}

struct Fetch {
    done: watch::Receiver<bool>,
    _task: AbortOnDropHandle<()>,
}

impl JwksCache {
    pub(super) fn new(url: Url, source: Arc<dyn JwksSource>) -> Self {
        let (kept, last_attempt) = (ArcSwapOption::empty(), Mutex::new(None));
        let shared = Arc::new(Shared { url, source, kept, last_attempt });
        Self { shared, fetch: Mutex::new(None) }
    }

    /// The key that a token means. A known one is there at once, and fetched anew beside the
    /// request where it is not fresh; an unknown one waits for a fetch, where it is time for one.
    /// So does a known one after an idle hour, unless a fetch failed lately: a server of keys that
    /// is slow or gone slows no operator down. Dropping the future leaves the fetch to the others.
    pub(super) async fn key(&self, wanted: WantedKey<'_>) -> Result<DecodingKey, Refusal> {
        if let Some(key) = self.known_key(wanted) {
            return Ok(key);
        }
        if let Some(mut done) = self.join_fetch() {
            // An error is a fetch that broke off; what is kept decides then too.
            let _ = done.wait_for(|done| *done).await;
        }
        let kept = self.shared.kept_for(USABLE_FOR).ok_or(Refusal::NoKeys)?;
        kept.keys.pick(wanted).cloned()
    }

    /// The key, if it need not be waited for.
    fn known_key(&self, wanted: WantedKey<'_>) -> Option<DecodingKey> {
        let kept = self.shared.kept_for(USABLE_FOR)?;
        let key = kept.keys.pick(wanted).ok()?;
        let age = kept.fetched_at.elapsed();
        if age >= FRESH_FOR {
            // Nobody waits for this one.
            drop(self.join_fetch());
        }
        (age < UNATTENDED_FOR || self.shared.failed_lately()).then(|| key.clone())
    }

    /// The fetch that goes on, else a new one, else `None` if it is too early for another.
    fn join_fetch(&self) -> Option<watch::Receiver<bool>> {
        let mut fetch = self.fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let running = fetch.as_ref().filter(|fetch| fetch.is_running());
        if let Some(running) = running {
            return Some(running.done.clone());
        }
        if !self.shared.may_fetch() {
            return None;
        }
        let (end, done) = watch::channel(false);
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            shared.fetch().await;
            end.send_replace(true);
        });
        *fetch = Some(Fetch { done: done.clone(), _task: AbortOnDropHandle::new(task) });
        Some(done)
    }
}

impl Fetch {
    /// Not if its task is gone, however it ended.
    fn is_running(&self) -> bool {
        !*self.done.borrow() && self.done.has_changed().is_ok()
    }
}

impl Shared {
    /// The keys, unless they are older.
    fn kept_for(&self, age: Duration) -> Option<Arc<Kept>> {
        self.kept.load_full().filter(|kept| kept.fetched_at.elapsed() < age)
    }

    fn failed_lately(&self) -> bool {
        self.last_attempt()
            .is_some_and(|attempt| !attempt.succeeded && attempt.ended_at.elapsed() < FRESH_FOR)
    }

    fn last_attempt(&self) -> Option<Attempt> {
        *self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_fetch(&self) -> bool {
        self.last_attempt().is_none_or(|attempt| {
            let pause = if attempt.succeeded { PAUSE } else { PAUSE_AFTER_FAILURE };
            attempt.ended_at.elapsed() >= pause
        })
    }

    async fn fetch(&self) {
        let fetched = match timeout(MAX_FETCH_TIME, self.source.fetch(&self.url)).await {
            Ok(fetched) => fetched.and_then(|body| KeySet::parse(&body)),
            Err(_) => Err(format!("no answer within {} s", MAX_FETCH_TIME.as_secs())),
        };
        let attempt = Attempt { ended_at: Instant::now(), succeeded: fetched.is_ok() };
        match fetched {
            Ok(keys) => {
                if keys.len() == 0 {
                    tracing::warn!(url = %self.url, "the key set has no key for RS256 or ES256");
                }
                self.kept.store(Some(Arc::new(Kept { keys, fetched_at: attempt.ended_at })));
            }
            Err(problem) => {
                tracing::warn!(url = %self.url, %problem, "the key set cannot be fetched");
            }
        }
        *self.last_attempt.lock().unwrap_or_else(PoisonError::into_inner) = Some(attempt);
    }
}
