//! The limits of one key, and the account of what was used of them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exchange::{Failure, FailureKind};

use super::admitted::Admission;
use super::bucket::Bucket;
use super::level::{Levels, Wait};

/// Limits of a key, each at least 1; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeterLimits {
    /// Requests per minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute, prompts and completions together.
    pub tokens_per_minute: Option<u64>,
    /// Requests at the same time, each until the end of its answer.
    pub max_concurrent_requests: Option<u64>,
}

/// What one snapshot says about a key's use. Those of later snapshots share the account.
pub struct Meter {
    pub(super) limits: MeterLimits,
    /// Counts up with each meter of the same account: the account goes by the latest.
    edition: u64,
    account: Arc<Account>,
}

/// What was used of a key.
pub(super) struct Account(Mutex<Ledger>);

/// The balances. Held for a few dozen instructions, never while anything is waited for.
#[derive(Default)]
pub(super) struct Ledger {
    edition: u64,
    limits: MeterLimits,
    pub(super) requests: Option<Bucket>,
    pub(super) tokens: Option<Bucket>,
    pub(super) in_flight: u64,
}

/// Which limit a request met.
pub(super) enum Met {
    Requests { limit: u64, wait: Duration },
    Tokens { limit: u64, needed: u64, wait: Duration },
    Concurrency { limit: u64 },
}

impl MeterLimits {
    /// Whether there is no limit at all.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

impl Meter {
    /// A meter that admits everything.
    #[must_use]
    pub fn unlimited() -> Arc<Self> {
        Arc::new(Self::new(MeterLimits::default(), 0, Account::open()))
    }

    pub(super) fn new(limits: MeterLimits, edition: u64, account: Arc<Account>) -> Self {
        Self { limits, edition, account }
    }

    /// Whether the key has any limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.limits.is_unlimited()
    }

    /// Takes the place of one request: one of this minute's, and one of those at the same time.
    /// `None`: the key has no limits.
    ///
    /// # Errors
    /// `RateLimited`, naming the limit and how long to wait; nothing was taken then.
    pub fn enter(self: &Arc<Self>, now: Instant) -> Result<Option<Arc<Admission>>, Failure> {
        if !self.is_limited() {
            return Ok(None);
        }
        self.lock(now).enter(now).map_err(Failure::from)?;
        Ok(Some(Arc::new(Admission::new(Arc::clone(self)))))
    }

    /// What is left of the key's limits.
    #[must_use]
    pub fn levels(&self, now: Instant) -> Levels {
        if !self.is_limited() {
            return Levels::default();
        }
        let mut ledger = self.lock(now);
        let level = |bucket: &mut Option<Bucket>| bucket.as_mut().map(|it| it.level(now));
        Levels { requests: level(&mut ledger.requests), tokens: level(&mut ledger.tokens) }
    }

    /// The account, which goes by these limits from now on unless it knows later ones.
    pub(super) fn lock(&self, now: Instant) -> MutexGuard<'_, Ledger> {
        let mut ledger = self.lock_as_is();
        ledger.adopt((self.edition, self.limits), now);
        ledger
    }

    /// The account as it is, for what needs no time.
    pub(super) fn lock_as_is(&self) -> MutexGuard<'_, Ledger> {
        self.account.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Account {
    pub(super) fn open() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }
}

impl Ledger {
    fn adopt(&mut self, (edition, limits): (u64, MeterLimits), now: Instant) {
        if edition <= self.edition {
            return;
        }
        self.edition = edition;
        if self.limits != limits {
            self.limits = limits;
            resize(&mut self.requests, limits.requests_per_minute, now);
            resize(&mut self.tokens, limits.tokens_per_minute, now);
        }
    }

    fn enter(&mut self, now: Instant) -> Result<(), Met> {
        let most = self.limits.max_concurrent_requests;
        if let Some(limit) = most.filter(|limit| self.in_flight >= *limit) {
            return Err(Met::Concurrency { limit });
        }
        if let Some(bucket) = &mut self.requests {
            let limit = bucket.limit();
            bucket.take(1, now).map_err(|wait| Met::Requests { limit, wait })?;
        }
        self.in_flight += 1;
        Ok(())
    }

    /// Reserves tokens, at most as many as the limit has, and says how many.
    pub(super) fn reserve(&mut self, needed: u64, now: Instant) -> Result<u64, Met> {
        let Some(bucket) = &mut self.tokens else {
            return Ok(0);
        };
        let limit = bucket.limit();
        let needed = needed.min(limit);
        bucket.take(needed, now).map_err(|wait| Met::Tokens { limit, needed, wait })?;
        Ok(needed)
    }

    /// Gives the place of a request back that has come to its end.
    pub(super) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }
}

fn resize(bucket: &mut Option<Bucket>, limit: Option<u64>, now: Instant) {
    match (bucket.as_mut(), limit) {
        (Some(bucket), Some(limit)) => bucket.resize(limit, now),
        (None, Some(limit)) => *bucket = Some(Bucket::full(limit, now)),
        (_, None) => *bucket = None,
    }
}

impl From<Met> for Failure {
    fn from(met: Met) -> Self {
        let (message, wait) = match met {
            Met::Requests { limit, wait } => {
                let what =
                    format!("this API key's limit of {limit} requests per minute is reached");
                (format!("{what}: try again in {}", Wait(wait)), Some(wait))
            }
            Met::Tokens { limit, needed, wait } => {
                let what = format!("this API key's limit of {limit} tokens per minute is reached");
                let why = format!("{what}, this request may need {needed}");
                (format!("{why}: try again in {}", Wait(wait)), Some(wait))
            }
            Met::Concurrency { limit } => {
                let what =
                    format!("this API key's limit of {limit} concurrent requests is reached");
                (format!("{what}: wait until one of them has ended, a second at least"), None)
            }
        };
        let failure = Self::new(FailureKind::RateLimited, message);
        // In whole milliseconds, as headers tell it, the wait must still suffice.
        let milliseconds = wait.map(|wait| wait.as_nanos().div_ceil(1_000_000));
        let milliseconds = milliseconds.map(|it| u64::try_from(it).unwrap_or(u64::MAX));
        match milliseconds.map(Duration::from_millis) {
            Some(wait) => failure.with_retry_after(wait),
            None => failure.with_retry_after(Duration::from_secs(1)),
        }
    }
}
