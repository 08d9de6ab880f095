//! A public model name and the candidates behind it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use crate::health::Health;
use crate::retry::RetryPolicy;

/// One provider and model to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Id of the provider.
    pub provider: Arc<str>,
    /// The model as the provider knows it.
    pub model: Arc<str>,
    /// Share of the traffic among candidates of the same order.
    pub weight: NonZeroU32,
    /// Lower is tried first.
    pub order: u32,
}

/// For which failures of the request itself a route goes on to its next candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FallbackOn {
    /// The prompt did not fit: the next model may have a larger window.
    pub context_too_long: bool,
    /// The provider refused the content.
    pub content_filtered: bool,
}

/// Deadlines of a route; `None` leaves it to the providers. They make a provider's shorter, never
/// longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteTimeouts {
    /// All attempts together, with the waits between them.
    pub total: Option<Duration>,
    /// From sending to the reply's head, in each attempt.
    pub first_byte: Option<Duration>,
}

/// A public model name and its candidates, which are never empty.
#[derive(Clone, Debug)]
pub struct Route {
    model: Arc<str>,
    candidates: Vec<Candidate>,
    fallback_on: FallbackOn,
    timeouts: RouteTimeouts,
    retry: Option<RetryPolicy>,
}

impl Route {
    /// A route, or `None` without candidates.
    #[must_use]
    pub fn try_new(
        model: Arc<str>,
        mut candidates: Vec<Candidate>,
        fallback_on: FallbackOn,
    ) -> Option<Self> {
        candidates.sort_by_key(|candidate| candidate.order);
        let (timeouts, retry) = Default::default();
        (!candidates.is_empty()).then_some(Self { model, candidates, fallback_on, timeouts, retry })
    }

    /// With deadlines of its own.
    #[must_use]
    pub fn with_timeouts(self, timeouts: RouteTimeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// With retries of its own, in place of those of each provider.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry: Some(retry), ..self }
    }

    /// The name callers use.
    #[must_use]
    pub fn model(&self) -> &Arc<str> {
        &self.model
    }

    /// For which failures the next candidate is tried although the request itself failed.
    #[must_use]
    pub fn fallback_on(&self) -> FallbackOn {
        self.fallback_on
    }

    /// Deadlines beside those of the providers.
    #[must_use]
    pub fn timeouts(&self) -> RouteTimeouts {
        self.timeouts
    }

    /// When a failed try is repeated; `None` is what the provider says.
    #[must_use]
    pub fn retry(&self) -> Option<RetryPolicy> {
        self.retry
    }

    /// All candidates, lowest order first.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The candidates in the order in which to try them: by `order`, within one order by chance
    /// in proportion to the weights, and those that health does not admit at the end.
    pub fn in_order(&self, health: &impl Health, chance: &mut impl Rng) -> Vec<&Candidate> {
        let mut ordered = Vec::with_capacity(self.candidates.len());
        for tier in self.candidates.chunk_by(|a, b| a.order == b.order) {
            shuffle_by_weight(tier, chance, &mut ordered);
        }
        ordered.sort_by_key(|candidate| !health.admits(candidate));
        ordered
    }
}

fn shuffle_by_weight<'a>(
    tier: &'a [Candidate],
    chance: &mut impl Rng,
    ordered: &mut Vec<&'a Candidate>,
) {
    let mut left: Vec<&Candidate> = tier.iter().collect();
    while left.len() > 1 {
        let total: u64 = left.iter().map(|c| u64::from(c.weight.get())).sum();
        let mut ticket = chance.random_range(0..total);
        let drawn = left.iter().position(|candidate| {
            let weight = u64::from(candidate.weight.get());
            let drawn = ticket < weight;
            ticket = ticket.saturating_sub(weight);
            drawn
        });
        ordered.push(left.remove(drawn.unwrap_or_default()));
    }
    ordered.append(&mut left);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::SmallRng;

    use super::*;
    use crate::health::AlwaysHealthy;

    fn candidate(provider: &str, weight: u32, order: u32) -> Candidate {
        Candidate {
            provider: provider.into(),
            model: "m".into(),
            weight: NonZeroU32::new(weight).unwrap(),
            order,
        }
    }

    fn route(candidates: Vec<Candidate>) -> Route {
        Route::try_new("smart".into(), candidates, FallbackOn::default()).unwrap()
    }

    fn names(candidates: &[&Candidate]) -> String {
        candidates.iter().map(|c| &*c.provider).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let route = route(vec![candidate("a", 1, 0), candidate("b", 1, 0), candidate("c", 1, 0)]);
        let draw =
            |seed| names(&route.in_order(&AlwaysHealthy, &mut SmallRng::seed_from_u64(seed)));
        for seed in 0..50 {
            assert_eq!(draw(seed), draw(seed));
        }
    }

    #[test]
    fn a_lower_order_is_always_tried_first() {
        let route = route(vec![candidate("late", 1000, 1), candidate("early", 1, 0)]);
        for seed in 0..50 {
            let mut chance = SmallRng::seed_from_u64(seed);
            assert_eq!(names(&route.in_order(&AlwaysHealthy, &mut chance)), "early late");
        }
    }

    #[test]
    fn weights_split_the_traffic() {
        let route = route(vec![candidate("a", 3, 0), candidate("b", 1, 0)]);
        let mut chance = SmallRng::seed_from_u64(1);
        let first =
            |chance: &mut SmallRng| &*route.in_order(&AlwaysHealthy, chance)[0].provider == "a";
        let share = (0..10_000).filter(|_| first(&mut chance)).count();
        assert!((7_200..7_800).contains(&share), "{share} of 10000");
    }

    #[test]
    fn what_health_does_not_admit_is_tried_last_but_tried() {
        struct Without(&'static str);
        impl Health for Without {
            fn admits(&self, candidate: &Candidate) -> bool {
                &*candidate.provider != self.0
            }
        }
        let route = route(vec![candidate("a", 1, 0), candidate("b", 1, 1), candidate("c", 1, 2)]);
        let mut chance = SmallRng::seed_from_u64(1);
        assert_eq!(names(&route.in_order(&Without("a"), &mut chance)), "b c a");
    }

    #[test]
    fn a_route_without_candidates_cannot_be_made() {
        assert!(Route::try_new("x".into(), vec![], FallbackOn::default()).is_none());
    }
}
