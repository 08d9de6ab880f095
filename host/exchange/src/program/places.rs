//! How many programs of a provider run at once, and how many wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::target::ProcessTarget;

/// The places of all providers. Each transport that runs programs has its own.
#[derive(Debug, Default)]
pub struct Places {
    providers: Mutex<HashMap<Arc<str>, Arc<ProviderPlaces>>>,
}

/// How many places a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PlaceLimits {
    /// Runs at once; 0 counts as 1.
    max_concurrent: usize,
    /// Runs that wait for a place.
    max_queued: usize,
}

/// The places of one provider. A change of its limits makes new ones; runs keep the old.
#[derive(Debug)]
struct ProviderPlaces {
    limits: PlaceLimits,
    running: Arc<Semaphore>,
    /// One permit for each run that is admitted, running or waiting.
    admitted: Arc<Semaphore>,
}

impl Places {
    /// Takes a place in the provider's queue. Never waits.
    ///
    /// # Errors
    /// `QueueFull` if it has none.
    pub fn admit(&self, target: &ProcessTarget) -> Result<Ticket, Failure> {
        let sandbox = &target.sandbox;
        let limits =
            PlaceLimits { max_concurrent: sandbox.max_concurrent, max_queued: sandbox.max_queued };
        self.enter(&target.provider, limits)
    }

    fn enter(&self, provider: &Arc<str>, limits: PlaceLimits) -> Result<Ticket, Failure> {
        let limits = PlaceLimits { max_concurrent: limits.max_concurrent.max(1), ..limits };
        let places = self.of(provider, limits);
        let admitted = Arc::clone(&places.admitted).try_acquire_owned();
        let admitted = admitted.map_err(|_| limits.failure())?;
        Ok(Ticket { running: Arc::clone(&places.running), admitted })
    }

    fn of(&self, provider: &Arc<str>, limits: PlaceLimits) -> Arc<ProviderPlaces> {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = providers.get(provider)
            && places.limits == limits
        {
            return Arc::clone(places);
        }
        // Providers that are gone leave nothing behind.
        providers.retain(|_, places| places.is_in_use());
        let places = Arc::new(ProviderPlaces {
            limits,
            running: Arc::new(Semaphore::new(limits.max_concurrent.min(Semaphore::MAX_PERMITS))),
            admitted: Arc::new(Semaphore::new(limits.admitted())),
        });
        providers.insert(Arc::clone(provider), Arc::clone(&places));
        places
    }
}

impl PlaceLimits {
    fn failure(self) -> Failure {
        let Self { max_concurrent, max_queued } = self;
        Failure::new(
            FailureKind::QueueFull,
            format!(
                "the provider runs {max_concurrent} programs and {max_queued} more wait; try \
                 again later"
            ),
        )
    }

    fn admitted(self) -> usize {
        self.max_concurrent.saturating_add(self.max_queued).min(Semaphore::MAX_PERMITS)
    }
}

impl ProviderPlaces {
    fn is_in_use(&self) -> bool {
        self.admitted.available_permits() < self.limits.admitted()
    }
}

/// A place in a queue. Dropping it gives it up.
#[derive(Debug)]
pub struct Ticket {
    running: Arc<Semaphore>,
    admitted: OwnedSemaphorePermit,
}

/// A place to run in. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Place {
    _admitted: OwnedSemaphorePermit,
    _running: Option<OwnedSemaphorePermit>,
}

impl Ticket {
    /// Waits for a place, in the order of arrival. Dropping the future leaves the queue.
    pub async fn redeem(self) -> Place {
        // Nobody closes the semaphore.
        let running = self.running.acquire_owned().await.ok();
        Place { _admitted: self.admitted, _running: running }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LIMITS: PlaceLimits = PlaceLimits { max_concurrent: 1, max_queued: 1 };

    #[test]
    fn one_runs_one_waits_and_the_next_is_refused() {
        let (places, provider) = (Places::default(), Arc::from("a"));
        let running = places.enter(&provider, LIMITS).unwrap().redeem().now_or_never().unwrap();
        let mut waiting = Box::pin(places.enter(&provider, LIMITS).unwrap().redeem());
        assert!((&mut waiting).now_or_never().is_none(), "only one runs");
        let refused = places.enter(&provider, LIMITS).unwrap_err();
        assert_eq!(refused.kind(), FailureKind::QueueFull);
        assert_eq!(
            refused.message(),
            "the provider runs 1 programs and 1 more wait; try again later"
        );
        assert!(places.enter(&Arc::from("b"), LIMITS).is_ok(), "each provider has its own");
        drop(running);
        assert!(waiting.now_or_never().is_some(), "a place that is given up is taken");
    }

    #[test]
    fn who_leaves_the_queue_lets_another_in() {
        let (places, provider) = (Places::default(), Arc::from("a"));
        let _running = places.enter(&provider, LIMITS).unwrap().redeem().now_or_never().unwrap();
        drop(places.enter(&provider, LIMITS).unwrap().redeem());
        assert!(places.enter(&provider, LIMITS).is_ok());
    }

    #[test]
    fn other_limits_are_other_places() {
        let (places, provider) = (Places::default(), Arc::from("a"));
        let _running = places.enter(&provider, LIMITS).unwrap();
        let more = PlaceLimits { max_concurrent: 2, ..LIMITS };
        let tickets: Vec<_> = (0..3).map(|_| places.enter(&provider, more)).collect();
        assert!(tickets.iter().all(Result::is_ok));
        assert!(places.enter(&provider, more).is_err());
    }
}
