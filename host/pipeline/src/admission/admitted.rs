//! The permit of one request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use exchange::Failure;

use super::meter::Meter;

/// The place of one request at its key's limits, from its start to the end of its answer.
///
/// It is settled once. Dropping it unsettled frees the place among the concurrent requests and
/// leaves the rest as it is.
pub struct Admission {
    meter: Arc<Meter>,
    reserved: AtomicU64,
    settled: AtomicBool,
}

/// What a request has cost in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// So many, as the provider counted.
    Counted(u64),
    /// None: it failed before there was an answer.
    Nothing,
    /// Nobody counted: what was reserved stays spent.
    Unknown,
}

impl Admission {
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self { meter, reserved: AtomicU64::new(0), settled: AtomicBool::new(false) }
    }

    /// Whether the key has a limit of tokens, so that those of a request have to be known.
    #[must_use]
    pub fn counts_tokens(&self) -> bool {
        self.meter.limits.tokens_per_minute.is_some()
    }

    /// Reserves the tokens that the request may need, at most as many as the limit has: so that a
    /// request over the limit is possible at all, once everything is left.
    ///
    /// # Errors
    /// `RateLimited`, naming the limit and how long to wait; the request gives back what it had
    /// taken.
    pub fn reserve(&self, needed: u64, now: Instant) -> Result<(), Failure> {
        let mut ledger = self.meter.lock(now);
        match ledger.reserve(needed, now) {
            Ok(reserved) => {
                self.reserved.fetch_add(reserved, Ordering::Relaxed);
                Ok(())
            }
            Err(met) => {
                if !self.settled.swap(true, Ordering::Relaxed) {
                    ledger.leave();
                    if let Some(requests) = &mut ledger.requests {
                        requests.give_back(1);
                    }
                }
                Err(met.into())
            }
        }
    }

    /// Puts what the request has cost in place of what was reserved, and gives its place among
    /// the concurrent ones back. Only the first call counts.
    pub fn settle(&self, spent: Spent, now: Instant) {
        if self.settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut ledger = self.meter.lock(now);
        ledger.leave();
        let reserved = self.reserved.load(Ordering::Relaxed);
        let Some(tokens) = &mut ledger.tokens else {
            return;
        };
        match spent {
            Spent::Counted(counted) if counted > reserved => tokens.charge(counted - reserved, now),
            Spent::Counted(counted) => tokens.give_back(reserved - counted),
            Spent::Nothing => tokens.give_back(reserved),
            Spent::Unknown => {}
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if !*self.settled.get_mut() {
            self.meter.lock_as_is().leave();
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("meter", &self.meter).finish_non_exhaustive()
    }
}
