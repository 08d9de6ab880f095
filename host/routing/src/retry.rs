//! Whether and when a failed try is repeated at the same candidate.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rand::Rng;

/// How often a candidate is tried again, and how long a wait is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    /// Most tries after the first one.
    pub max_retries: u32,
    /// Longest wait before the first retry; doubles with each.
    pub base: Duration,
    /// A longer wait, drawn or asked for by the upstream, is not worth it: the next candidate is
    /// tried instead, or the caller is told to wait.
    pub max_wait: Duration,
}

impl RetryPolicy {
    /// No retries.
    pub const NEVER: Self = Self { max_retries: 0, base: Duration::ZERO, max_wait: Duration::ZERO };

    /// The wait before the nth retry, counted from 1, or `None` if there is to be no such retry.
    ///
    /// Drawn evenly from zero to the backoff ("full jitter", M. Brooker, Exponential Backoff And
    /// Jitter, AWS Architecture Blog, 2015), so that callers that failed together do not come
    /// back together. What the upstream asked for is kept to, and jitter comes on top of it.
    #[must_use]
    pub fn wait(
        &self,
        retry: u32,
        asked: Option<Duration>,
        chance: &mut impl Rng,
    ) -> Option<Duration> {
        if retry > self.max_retries {
            return None;
        }
        let doublings = retry.saturating_sub(1).min(16);
        let backoff = self.base.saturating_mul(1 << doublings).min(self.max_wait);
        let drawn = backoff.mul_f64(chance.random_range(0.0..=1.0));
        let wait = asked.unwrap_or_default() + drawn;
        let within = asked.unwrap_or_default() <= self.max_wait;
        within.then_some(wait.min(self.max_wait.max(asked.unwrap_or_default())))
    }
}

/// Keeps retries a small share of the traffic, so that an upstream in trouble is not given more
/// of it: a fifth of the requests may be retried, and one more a second, at most ten at once.
#[derive(Debug)]
pub struct RetryBudget(Mutex<Balance>);

#[derive(Debug)]
struct Balance {
    /// In thousandths of a retry.
    milli_retries: u64,
    refilled: Instant,
}

impl RetryBudget {
    const FULL: u64 = 10_000;
    const PER_REQUEST: u64 = 200;
    const PER_RETRY: u64 = 1000;
    /// A retry a second.
    const PER_MILLISECOND: u128 = 1;

    /// A full budget.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self(Mutex::new(Balance { milli_retries: Self::FULL, refilled: now }))
    }

    /// A first try was made.
    pub fn deposit(&self) {
        let mut balance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        balance.milli_retries = (balance.milli_retries + Self::PER_REQUEST).min(Self::FULL);
    }

    /// Whether a retry may be made; it is counted then.
    #[must_use]
    pub fn withdraw(&self, now: Instant) -> bool {
        let mut balance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(balance.refilled).as_millis();
        let refill = u64::try_from(passed * Self::PER_MILLISECOND).unwrap_or(Self::FULL);
        balance.milli_retries = balance.milli_retries.saturating_add(refill).min(Self::FULL);
        balance.refilled = now;
        let enough = balance.milli_retries >= Self::PER_RETRY;
        if enough {
            balance.milli_retries -= Self::PER_RETRY;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::SmallRng;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn policy() -> RetryPolicy {
        RetryPolicy { max_retries: 3, base: MS * 100, max_wait: MS * 1000 }
    }

    #[test]
    fn waits_double_are_drawn_below_the_backoff_and_end() {
        let mut longest = [Duration::ZERO; 3];
        for seed in 0..200 {
            let mut chance = SmallRng::seed_from_u64(seed);
            for (retry, longest) in (1..).zip(&mut longest) {
                let wait = policy().wait(retry, None, &mut chance).unwrap();
                assert!(wait <= MS * 100 * (1 << (retry - 1)), "{retry}: {wait:?}");
                *longest = wait.max(*longest);
            }
            assert_eq!(policy().wait(4, None, &mut chance), None);
        }
        assert!(longest[0] > MS * 80 && longest[1] > MS * 150 && longest[2] > MS * 300);
    }

    #[test]
    fn the_upstreams_wait_is_kept_to_or_not_worth_it() {
        let mut chance = SmallRng::seed_from_u64(1);
        let wait = policy().wait(1, Some(MS * 500), &mut chance).unwrap();
        assert!((MS * 500..=MS * 600).contains(&wait), "{wait:?}");
        let wait = policy().wait(1, Some(MS * 1000), &mut chance).unwrap();
        assert_eq!(wait, MS * 1000);
        assert_eq!(policy().wait(1, Some(MS * 1001), &mut chance), None);
        assert_eq!(RetryPolicy::NEVER.wait(1, None, &mut chance), None);
    }

    #[test]
    fn a_budget_lets_a_fifth_of_the_requests_be_retried() {
        let now = Instant::now();
        let budget = RetryBudget::new(now);
        assert_eq!((0..100).filter(|_| budget.withdraw(now)).count(), 10, "what there is");
        for _ in 0..100 {
            budget.deposit();
        }
        assert_eq!((0..100).filter(|_| budget.withdraw(now)).count(), 10, "it does not overflow");
        for _ in 0..25 {
            budget.deposit();
        }
        assert_eq!((0..100).filter(|_| budget.withdraw(now)).count(), 5, "a fifth");
        let later = now + MS * 2000;
        assert_eq!((0..100).filter(|_| budget.withdraw(later)).count(), 2, "one a second");
    }
}
