//! Figures of one measurement, and the median of several.

use std::time::Duration;

use crate::load::Latency;
use crate::process::Memory;

/// What one case on one target showed in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseFigures {
    /// Until the whole reply was there, at the fixed rate.
    pub(crate) whole: Percentiles,
    /// Until the first event of a stream was there, at the fixed rate.
    pub(crate) first_event: Option<Percentiles>,
    /// What a load at saturation showed.
    pub(crate) saturation: Saturation,
}

/// What a load at saturation showed in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saturation {
    /// Processor time of the server for one request, at saturation; none for a direct call.
    pub(crate) processor: Option<Duration>,
    /// Share of its processor that the server used at saturation, 0 to 1.
    pub(crate) busy: Option<f64>,
    /// Requests a second at saturation.
    pub(crate) requests_per_second: f64,
}

/// Two percentiles of a latency.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Percentiles {
    /// Half of the requests were faster.
    pub p50: Duration,
    /// All but one in a hundred were faster.
    pub p99: Duration,
}

/// Memory of one server in one round.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemoryFigures {
    /// Resident before the first request.
    pub(crate) idle: u64,
    /// The most that was resident.
    pub(crate) peak: u64,
    /// Resident after the load, settled.
    pub(crate) after: u64,
}

impl MemoryFigures {
    /// Joins what was read before and after a load.
    pub(crate) fn new(before: Memory, after: Memory) -> Self {
        Self { idle: before.resident, peak: after.peak, after: after.resident }
    }

    /// Member by member, the median of the rounds.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |member: fn(&Self) -> u64| median(rounds.iter().map(member)).unwrap_or_default();
        Self {
            idle: of(|round| round.idle),
            peak: of(|round| round.peak),
            after: of(|round| round.after),
        }
    }
}

impl Percentiles {
    /// Percentiles by nearest rank of one part of the latencies.
    pub(crate) fn of_part(latencies: &[Latency], part: fn(&Latency) -> Duration) -> Self {
        Self::of(latencies.iter().map(part).collect())
    }

    /// Percentiles by nearest rank.
    pub(crate) fn of(mut values: Vec<Duration>) -> Self {
        values.sort_unstable();
        let rank = |percent: usize| {
            let position = (values.len() * percent).div_ceil(100).saturating_sub(1);
            values.get(position).copied().unwrap_or_default()
        };
        Self { p50: rank(50), p99: rank(99) }
    }

    /// What these are slower than others, in microseconds; negative if they are faster.
    pub(crate) fn added_us(self, direct: Self) -> (f64, f64) {
        let added = |ours: Duration, theirs| micros(ours) - micros(theirs);
        (added(self.p50, direct.p50), added(self.p99, direct.p99))
    }

    fn median(rounds: impl Iterator<Item = Self> + Clone) -> Option<Self> {
        Some(Self {
            p50: median(rounds.clone().map(|round| round.p50))?,
            p99: median(rounds.map(|round| round.p99))?,
        })
    }
}

impl CaseFigures {
    /// Member by member, the median of the rounds.
    pub(crate) fn median(rounds: &[Self]) -> Option<Self> {
        Some(Self {
            whole: Percentiles::median(rounds.iter().map(|round| round.whole))?,
            first_event: Percentiles::median(rounds.iter().filter_map(|round| round.first_event)),
            saturation: Saturation::median(rounds.iter().map(|round| round.saturation))?,
        })
    }
}

impl Saturation {
    /// Member by member, the median of the rounds.
    pub(crate) fn median(rounds: impl Iterator<Item = Self> + Clone) -> Option<Self> {
        let rates = rounds.clone().map(|round| Ordered(round.requests_per_second));
        let busy = rounds.clone().filter_map(|round| round.busy.map(Ordered));
        Some(Self {
            requests_per_second: median(rates)?.0,
            busy: median(busy).map(|share| share.0),
            processor: median(rounds.filter_map(|round| round.processor)),
        })
    }
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The middle value; of an even number the lower one of the two.
fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// A figure that is compared by `total_cmp`.
#[derive(Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values = (1..=200).rev().map(Duration::from_micros).collect();
        let percentiles = Percentiles::of(values);
        assert_eq!(percentiles.p50, Duration::from_micros(100));
        assert_eq!(percentiles.p99, Duration::from_micros(198));
        assert_eq!(Percentiles::of(Vec::new()).p99, Duration::ZERO);
    }

    #[test]
    fn the_median_is_a_value_that_was_measured() {
        assert_eq!(median([3, 1, 2].into_iter()), Some(2));
        assert_eq!(median([4, 1, 2, 3].into_iter()), Some(2));
        assert_eq!(median(std::iter::empty::<u64>()), None);
    }

    #[test]
    fn added_latency_may_be_negative() {
        let of = |p50, p99| Percentiles {
            p50: Duration::from_micros(p50),
            p99: Duration::from_micros(p99),
        };
        let (p50, p99) = of(150, 200).added_us(of(100, 300));
        assert!((p50 - 50.0).abs() < 1e-6);
        assert!((p99 + 100.0).abs() < 1e-6);
    }
}
