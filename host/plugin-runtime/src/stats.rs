//! Counters of one generation.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::call_problem::CallProblem;
use crate::latencies::{Latencies, LatencyCounters};

/// What a generation has done since it was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// Calls into the plugin.
    pub calls: u64,
    /// Calls, or starts of an instance, that failed: traps, limits, broken contract.
    pub faults: u64,
    /// Calls, or starts of an instance, that were interrupted.
    pub timeouts: u64,
    /// Ready instances now.
    pub stock_depth: usize,
    /// Exchanges that found a ready instance.
    pub stock_hits: u64,
    /// Exchanges that had to wait for an instance to be made.
    pub stock_misses: u64,
    /// Number of the call that was the first to fail; a start that fails counts as the next call.
    pub first_failure_call: Option<u64>,
    /// Most linear memory that an instance had after a call.
    pub peak_memory_bytes: usize,
    /// How long calls took.
    pub latencies: Latencies,
}

impl PluginStats {
    /// The sum of two sides of a plugin.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            faults: self.faults + other.faults,
            timeouts: self.timeouts + other.timeouts,
            stock_depth: self.stock_depth + other.stock_depth,
            stock_hits: self.stock_hits + other.stock_hits,
            stock_misses: self.stock_misses + other.stock_misses,
            first_failure_call: match (self.first_failure_call, other.first_failure_call) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            peak_memory_bytes: self.peak_memory_bytes.max(other.peak_memory_bytes),
            latencies: self.latencies.plus(&other.latencies),
        }
    }

    /// Faults and timeouts.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.faults + self.timeouts
    }
}

#[derive(Debug)]
pub(crate) struct Counters {
    since: Instant,
    calls: AtomicU64,
    faults: AtomicU64,
    timeouts: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    /// Milliseconds from `since` to the last fault or timeout, plus one; zero for none.
    last_failure_ms: AtomicU64,
    /// Zero for none.
    first_failure_call: AtomicU64,
    peak_memory_bytes: AtomicUsize,
    latencies: LatencyCounters,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            since: Instant::now(),
            calls: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            last_failure_ms: AtomicU64::new(0),
            first_failure_call: AtomicU64::new(0),
            peak_memory_bytes: AtomicUsize::new(0),
            latencies: LatencyCounters::new(),
        }
    }

    pub(crate) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the end of a call: how long it took, and the memory the instance had then.
    pub(crate) fn count_end(&self, took: Duration, memory_bytes: usize) {
        self.latencies.count(took);
        self.peak_memory_bytes.fetch_max(memory_bytes, Ordering::Relaxed);
    }

    pub(crate) fn count_take(&self, ready: bool) {
        let counter = if ready { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what is the plugin's own doing.
    pub(crate) fn count_problem(&self, problem: &CallProblem) {
        let counter = match problem {
            CallProblem::Deadline { .. } => &self.timeouts,
            CallProblem::Fault { .. } | CallProblem::Breach { .. } => &self.faults,
            CallProblem::Crowded
            | CallProblem::GivenUp { .. }
            | CallProblem::Lost { .. }
            | CallProblem::Replaced { .. } => return,
        };
        let call = self.calls.load(Ordering::Relaxed).max(1);
        // Only the first is kept, so it does no harm that the exchange fails.
        let _ =
            self.first_failure_call.compare_exchange(0, call, Ordering::Relaxed, Ordering::Relaxed);
        counter.fetch_add(1, Ordering::Relaxed);
        self.last_failure_ms.store(self.elapsed_ms() + 1, Ordering::Relaxed);
    }

    /// Whether the plugin failed lately.
    pub(crate) fn failed_within(&self, window: Duration) -> bool {
        match self.last_failure_ms.load(Ordering::Relaxed) {
            0 => false,
            last => u128::from(self.elapsed_ms().saturating_sub(last)) < window.as_millis(),
        }
    }

    pub(crate) fn read(&self, stock_depth: usize) -> PluginStats {
        PluginStats {
            calls: self.calls.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            stock_depth,
            stock_hits: self.hits.load(Ordering::Relaxed),
            stock_misses: self.misses.load(Ordering::Relaxed),
            first_failure_call: match self.first_failure_call.load(Ordering::Relaxed) {
                0 => None,
                call => Some(call),
            },
            peak_memory_bytes: self.peak_memory_bytes.load(Ordering::Relaxed),
            latencies: self.latencies.read(),
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
