//! A balance that refills with time.

use std::time::{Duration, Instant};

use super::level::Level;

/// In a minute, which refills a whole bucket.
const NANOSECONDS: i128 = 60_000_000_000;

/// Most minutes in which a balance below zero comes back, so that a provider that counts
/// nonsense does not lock a key for good.
const MAX_DEBT_MINUTES: i128 = 60;

/// As many units as its limit, refilled evenly within a minute.
///
/// The balance is kept in units times nanoseconds of a minute: what refills in a nanosecond is
/// then a whole number, and nothing is lost by rounding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    limit: u64,
    grains: i128,
    refilled: Instant,
}

impl Bucket {
    /// A full one. A limit of none is one of one.
    pub(super) fn full(limit: u64, now: Instant) -> Self {
        let limit = limit.max(1);
        Self { limit, grains: i128::from(limit) * NANOSECONDS, refilled: now }
    }

    /// The units in a full one.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Takes units, at most the limit, or says how long until there are as many.
    ///
    /// # Errors
    /// The wait; nothing was taken.
    pub(super) fn take(&mut self, units: u64, now: Instant) -> Result<(), Duration> {
        self.refill(now);
        let left = self.grains - grains(units.min(self.limit));
        if left < 0 {
            return Err(self.time_for(-left));
        }
        self.grains = left;
        Ok(())
    }

    /// Gives units back.
    pub(super) fn give_back(&mut self, units: u64) {
        self.grains = (self.grains + grains(units)).min(grains(self.limit));
    }

    /// Takes units whether they are there or not.
    pub(super) fn charge(&mut self, units: u64, now: Instant) {
        self.refill(now);
        let floor = -grains(self.limit) * MAX_DEBT_MINUTES;
        self.grains = (self.grains - grains(units)).max(floor);
    }

    /// Has another limit from now on, and the same share of it.
    pub(super) fn resize(&mut self, limit: u64, now: Instant) {
        self.refill(now);
        let limit = limit.max(1);
        // Below 10^10 units in practice, so the product is far from the largest number.
        let scaled = self.grains.saturating_mul(i128::from(limit)) / i128::from(self.limit);
        self.limit = limit;
        self.grains = scaled.min(grains(limit));
    }

    /// How full it is.
    pub(super) fn level(&mut self, now: Instant) -> Level {
        self.refill(now);
        let remaining = u64::try_from(self.grains / NANOSECONDS).unwrap_or(0);
        let reset = self.time_for(grains(self.limit) - self.grains);
        Level { limit: self.limit, remaining, reset }
    }

    /// Threads may come with their times in another order than they took them.
    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled).as_nanos();
        if passed == 0 {
            return;
        }
        let passed = i128::try_from(passed).unwrap_or(i128::MAX);
        let refill = passed.saturating_mul(i128::from(self.limit));
        self.grains = self.grains.saturating_add(refill).min(grains(self.limit));
        self.refilled = now;
    }

    /// The time in which so much is refilled, rounded up.
    fn time_for(&self, grains: i128) -> Duration {
        let limit = i128::from(self.limit);
        let nanoseconds = (grains + limit - 1) / limit;
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

fn grains(units: u64) -> i128 {
    i128::from(units) * NANOSECONDS
}
