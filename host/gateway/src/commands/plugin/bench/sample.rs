//! Times of one call, again and again.

use std::time::Duration;

/// Sorted times.
pub(super) struct Sample(Vec<Duration>);

impl Sample {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Zero of none.
    pub(super) fn mean_us(&self) -> f64 {
        let count = u32::try_from(self.0.len()).unwrap_or(u32::MAX).max(1);
        microseconds(self.0.iter().sum::<Duration>() / count)
    }

    /// The time that so many of a hundred calls took at most; zero of none.
    pub(super) fn percentile_us(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(rank).copied().map_or(0.0, microseconds)
    }
}

fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=200).rev().map(Duration::from_micros).collect();
        let sample = Sample::of(times);
        assert_eq!(sample.count(), 200);
        let figures = [50, 99, 100].map(|percent| sample.percentile_us(percent).to_string());
        assert_eq!(figures, ["100", "198", "200"]);
        assert_eq!(sample.mean_us().to_string(), "100.5");
    }

    #[test]
    fn nothing_measured_is_zero() {
        let sample = Sample::of(Vec::new());
        assert_eq!(
            (sample.mean_us().to_string(), sample.percentile_us(99).to_string()),
            ("0".into(), "0".into())
        );
    }
}
