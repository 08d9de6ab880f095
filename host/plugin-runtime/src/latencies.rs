//! How long calls take: a small histogram.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Two buckets for each doubling, from one microsecond to one second; the last takes the rest.
const BUCKETS: usize = 40;

/// Durations of calls: their number, their sum, and quantiles that are right within a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latencies {
    counts: [u64; BUCKETS],
    total: Duration,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: Duration::ZERO }
    }
}

impl Latencies {
    /// Time of all calls together. Guests wait for nothing, so it is about the processor time.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The mean; zero without a call.
    #[must_use]
    pub fn mean(&self) -> Duration {
        match u32::try_from(self.calls()) {
            Ok(0) => Duration::ZERO,
            Ok(calls) => self.total / calls,
            Err(_) => Duration::from_secs_f64(self.total.as_secs_f64() / self.calls() as f64),
        }
    }

    /// What so many of a thousand calls do not exceed: the upper end of their bucket.
    #[must_use]
    pub fn quantile(&self, permille: u16) -> Duration {
        let calls = self.calls();
        let wanted = calls.saturating_mul(permille.into()).div_ceil(1000);
        let mut seen = 0;
        for (bucket, count) in (0..).zip(&self.counts) {
            seen += count;
            if seen >= wanted && calls > 0 {
                return upper_end(bucket);
            }
        }
        Duration::ZERO
    }

    /// What came since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut later = *self;
        for (count, before) in later.counts.iter_mut().zip(&earlier.counts) {
            *count = count.saturating_sub(*before);
        }
        later.total = self.total.saturating_sub(earlier.total);
        later
    }

    pub(crate) fn plus(mut self, other: &Self) -> Self {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self
    }

    fn calls(&self) -> u64 {
        self.counts.iter().sum()
    }
}

fn bucket_of(duration: Duration) -> usize {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1);
    let doublings = micros.ilog2() as usize;
    let upper_half = usize::from(doublings > 0 && micros >> (doublings - 1) & 1 == 1);
    (doublings * 2 + upper_half).min(BUCKETS - 1)
}

fn upper_end(bucket: u32) -> Duration {
    let low = 1_u64 << (bucket / 2);
    Duration::from_micros(if bucket.is_multiple_of(2) { low + low / 2 } else { low * 2 })
}

/// The histogram that calls are counted in.
#[derive(Debug)]
pub(crate) struct LatencyCounters {
    counts: [AtomicU64; BUCKETS],
    total_ns: AtomicU64,
}

impl LatencyCounters {
    pub(crate) fn new() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BUCKETS], total_ns: AtomicU64::new(0) }
    }

    pub(crate) fn count(&self, duration: Duration) {
        if let Some(count) = self.counts.get(bucket_of(duration)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.total_ns.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Latencies {
        let mut counts = [0; BUCKETS];
        for (count, counter) in counts.iter_mut().zip(&self.counts) {
            *count = counter.load(Ordering::Relaxed);
        }
        Latencies { counts, total: Duration::from_nanos(self.total_ns.load(Ordering::Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_never_below_the_value_and_at_most_half_above() {
        for micros in [1, 2, 3, 4, 5, 7, 100, 1000, 1023, 999_999] {
            let counters = LatencyCounters::new();
            counters.count(Duration::from_micros(micros));
            let found = counters.read().quantile(950).as_micros() as u64;
            assert!(found >= micros && found <= micros * 3 / 2 + 1, "{micros}: {found}");
        }
    }

    #[test]
    fn mean_and_quantiles_are_of_all_calls() {
        let counters = LatencyCounters::new();
        for _ in 0..94 {
            counters.count(Duration::from_micros(10));
        }
        for _ in 0..6 {
            counters.count(Duration::from_micros(1000));
        }
        let seen = counters.read();
        assert_eq!(seen.mean(), Duration::from_nanos(69_400));
        assert!(seen.quantile(500) < Duration::from_micros(20));
        assert!(seen.quantile(950) >= Duration::from_micros(1000));
        assert_eq!(seen.since(&seen), Latencies::default());
        assert_eq!(Latencies::default().quantile(950), Duration::ZERO);
    }
}
