//! A new generation beside the old one: its share, and the rule that decides between the two.

use serde::{Deserialize, Serialize};

use super::problem::LifeProblem;
use super::trial::Conduct;

/// How a new version of a plugin starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// It takes over with the next attempt.
    #[default]
    AtOnce,
    /// It takes a share first.
    Canary(CanaryPlan),
}

/// The share of a canary and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryPlan {
    /// How many of a thousand exchanges it takes: 1 to 1000. Which ones, the request's id decides.
    pub share_permille: u16,
    /// Decides by itself; without it, an operator promotes or rolls back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto: Option<AutoRule>,
}

/// Promotes a canary, or rolls it back, after enough calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoRule {
    /// Calls of the canary after which it is decided. At least 1.
    pub calls: u64,
    /// How much its share of failed calls may be above the old one's: of a thousand.
    pub worse_permille: u64,
}

/// What a rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Wait,
    Promote,
    RollBack(String),
}

impl Rollout {
    /// # Errors
    /// If a number is outside its bounds.
    pub(super) fn check(&self) -> Result<(), LifeProblem> {
        match self {
            Self::AtOnce => Ok(()),
            Self::Canary(plan) => plan.check(),
        }
    }
}

impl CanaryPlan {
    /// # Errors
    /// If a number is outside its bounds.
    pub(super) fn check(&self) -> Result<(), LifeProblem> {
        check_bounds("share_permille", self.share_permille.into(), (1, 1000))?;
        let Some(auto) = &self.auto else { return Ok(()) };
        check_bounds("auto.calls", auto.calls, (1, 1_000_000_000))?;
        check_bounds("auto.worse_permille", auto.worse_permille, (0, 1000))
    }
}

fn check_bounds(
    what: &'static str,
    value: u64,
    (least, most): (u64, u64),
) -> Result<(), LifeProblem> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(LifeProblem::OutOfBounds { what, least, most })
}

impl AutoRule {
    pub(super) fn decide(&self, canary: &Conduct, old: &Conduct) -> Decision {
        if canary.calls < self.calls {
            return Decision::Wait;
        }
        let (new_rate, old_rate) = (canary.failures_permille(), old.failures_permille());
        if new_rate > old_rate.saturating_add(self.worse_permille) {
            return Decision::RollBack(format!(
                "{new_rate} of a thousand calls failed, and {old_rate} of the version before"
            ));
        }
        Decision::Promote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_promoted_unless_it_fails_more_than_allowed() {
        let rule = AutoRule { calls: 100, worse_permille: 10 };
        let conduct = |calls, failures| Conduct { calls, failures, first_failure: None };
        for (canary, old, decision) in [
            (conduct(99, 50), conduct(1000, 0), "wait"),
            (conduct(100, 0), conduct(0, 0), "promote"),
            (conduct(100, 1), conduct(1000, 0), "promote"),
            (conduct(100, 2), conduct(1000, 0), "back"),
            (conduct(100, 2), conduct(1000, 10), "promote"),
        ] {
            let found = match rule.decide(&canary, &old) {
                Decision::Wait => "wait",
                Decision::Promote => "promote",
                Decision::RollBack(_) => "back",
            };
            assert_eq!(found, decision, "{canary:?} beside {old:?}");
        }
    }

    #[test]
    fn a_plan_has_bounds() {
        let auto = AutoRule { calls: 1, worse_permille: 0 };
        for (share_permille, auto, good) in [
            (1, None, true),
            (1000, Some(auto), true),
            (0, None, false),
            (1001, None, false),
            (10, Some(AutoRule { calls: 0, ..auto }), false),
            (10, Some(AutoRule { worse_permille: 1001, ..auto }), false),
        ] {
            let rollout = Rollout::Canary(CanaryPlan { share_permille, auto });
            assert_eq!(rollout.check().is_ok(), good, "{rollout:?}");
        }
    }
}
