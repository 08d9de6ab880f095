//! The first calls of a new generation.

use std::time::Duration;

use crate::stats::PluginStats;

/// When a new generation has passed its trial, and when it has failed.
///
/// A fault is a trap, a limit or an answer that breaks the contract; a timeout is an interrupted
/// call. A failure that the plugin itself reports is neither.
#[derive(Clone, Copy, Debug)]
pub struct TrialRule {
    /// The trial lasts until there were so many calls, and at least `at_least`.
    pub calls: u64,
    /// As long as this, however many calls there are.
    pub at_least: Duration,
    /// No longer than this, however few calls there are.
    pub at_most: Duration,
    /// A fault or timeout among so many first calls fails it at once.
    pub spotless_calls: u64,
    /// So many faults and timeouts fail it, ...
    pub failures: u64,
    /// ... if they are this share of the calls: of a thousand.
    pub failures_permille: u64,
}

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Passed,
    /// With the reason, for operators.
    Failed(String),
}

/// What a generation did since it was put on trial.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conduct {
    pub(super) calls: u64,
    pub(super) failures: u64,
    /// Number of the first call that failed, counted from one.
    pub(super) first_failure: Option<u64>,
}

impl Conduct {
    /// Between two looks at one generation.
    pub(super) fn between(before: &PluginStats, now: &PluginStats) -> Self {
        let failures = now.failures().saturating_sub(before.failures());
        let first = now.first_failure_call.filter(|_| before.first_failure_call.is_none());
        Self {
            calls: now.calls.saturating_sub(before.calls),
            failures,
            first_failure: first
                .filter(|_| failures > 0)
                .map(|call| call.saturating_sub(before.calls).max(1)),
        }
    }

    /// Failures of a thousand calls.
    pub(super) fn failures_permille(&self) -> u64 {
        self.failures.saturating_mul(1000) / self.calls.max(1)
    }
}

impl TrialRule {
    /// What the gateway runs with: a hundred calls and a minute, a day at most; a failure within
    /// the first ten calls, or a tenth of all calls and at least three, ends it.
    pub const STANDARD: Self = Self {
        calls: 100,
        at_least: Duration::from_mins(1),
        at_most: Duration::from_hours(24),
        spotless_calls: 10,
        failures: 3,
        failures_permille: 100,
    };

    pub(super) fn judge(&self, conduct: &Conduct, age: Duration) -> Standing {
        if let Some(call) = conduct.first_failure.filter(|call| *call <= self.spotless_calls) {
            return Standing::Failed(format!("call {call} of the new generation failed"));
        }
        let many = conduct.failures >= self.failures;
        if many && conduct.failures_permille() >= self.failures_permille {
            let Conduct { calls, failures, .. } = conduct;
            return Standing::Failed(format!("{failures} of the first {calls} calls failed"));
        }
        let enough = conduct.calls >= self.calls && age >= self.at_least;
        if enough || age >= self.at_most { Standing::Passed } else { Standing::Open }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_trial_ends_by_the_rule() {
        let rule = TrialRule::STANDARD;
        let conduct = |calls, failures, first: u64| Conduct {
            calls,
            failures,
            first_failure: (first > 0).then_some(first),
        };
        for (seen, age, passed) in [
            (conduct(0, 0, 0), MINUTE, None),
            (conduct(100, 0, 0), Duration::ZERO, None),
            (conduct(100, 0, 0), MINUTE, Some(true)),
            (conduct(3, 0, 0), Duration::from_hours(24), Some(true)),
            (conduct(10, 1, 10), Duration::ZERO, Some(false)),
            (conduct(5000, 1, 10), Duration::ZERO, Some(false)),
            (conduct(11, 1, 11), Duration::ZERO, None),
            (conduct(30, 2, 11), Duration::ZERO, None),
            (conduct(30, 3, 11), Duration::ZERO, Some(false)),
            (conduct(31, 3, 11), Duration::ZERO, None),
            (conduct(500, 3, 11), MINUTE, Some(true)),
        ] {
            let found = match rule.judge(&seen, age) {
                Standing::Open => None,
                Standing::Passed => Some(true),
                Standing::Failed(_) => Some(false),
            };
            assert_eq!(found, passed, "{seen:?} after {age:?}");
        }
    }

    #[test]
    fn calls_before_the_trial_do_not_count() {
        let proved = PluginStats { calls: 40, ..PluginStats::default() };
        let now = PluginStats {
            calls: 47,
            faults: 1,
            first_failure_call: Some(45),
            ..PluginStats::default()
        };
        let conduct = Conduct::between(&proved, &now);
        assert_eq!((conduct.calls, conduct.failures, conduct.first_failure), (7, 1, Some(5)));
    }
}
