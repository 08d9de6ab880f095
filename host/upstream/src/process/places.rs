//! How many programs of a provider run at once, and how many wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use exchange::{Failure, FailureKind, ProcessTarget};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout_at;

use super::Output;
use crate::deadline::Deadline;

/// The places of all providers.
#[derive(Default)]
pub(super) struct Places {
    providers: Mutex<HashMap<Arc<str>, Arc<ProviderPlaces>>>,
}

/// The places of one provider. A change of its limits makes new ones; runs keep the old.
struct ProviderPlaces {
    max_concurrent: usize,
    max_queued: usize,
    running: Arc<Semaphore>,
    /// One permit for each run that is admitted, running or waiting.
    admitted: Arc<Semaphore>,
}

impl Places {
    /// Takes a place in the provider's queue.
    ///
    /// # Errors
    /// `QueueFull` if it has none.
    pub(super) fn admit(&self, target: &ProcessTarget) -> Result<Ticket, Failure> {
        let places = self.of(target);
        let admitted = Arc::clone(&places.admitted).try_acquire_owned();
        let admitted = admitted.map_err(|_| full(target))?;
        Ok(Ticket { running: Arc::clone(&places.running), admitted })
    }

    fn of(&self, target: &ProcessTarget) -> Arc<ProviderPlaces> {
        let limits = &target.sandbox;
        let (max_concurrent, max_queued) = (limits.max_concurrent.max(1), limits.max_queued);
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = providers.get(&target.provider)
            && places.max_concurrent == max_concurrent
            && places.max_queued == max_queued
        {
            return Arc::clone(places);
        }
        // Providers that are gone leave nothing behind.
        providers.retain(|_, places| places.is_in_use());
        let admitted = max_concurrent.saturating_add(max_queued).min(Semaphore::MAX_PERMITS);
        let places = Arc::new(ProviderPlaces {
            max_concurrent,
            max_queued,
            running: Arc::new(Semaphore::new(max_concurrent.min(Semaphore::MAX_PERMITS))),
            admitted: Arc::new(Semaphore::new(admitted)),
        });
        providers.insert(Arc::clone(&target.provider), Arc::clone(&places));
        places
    }
}

impl ProviderPlaces {
    fn is_in_use(&self) -> bool {
        self.admitted.available_permits() < self.max_concurrent.saturating_add(self.max_queued)
    }
}

fn full(target: &ProcessTarget) -> Failure {
    let limits = &target.sandbox;
    Failure::new(
        FailureKind::QueueFull,
        format!(
            "the provider runs {} programs and {} more wait; try again later",
            limits.max_concurrent, limits.max_queued
        ),
    )
}

/// A place in a queue. Dropping it gives it up.
pub(super) struct Ticket {
    running: Arc<Semaphore>,
    admitted: OwnedSemaphorePermit,
}

/// A place to run in. Dropping it lets the next one in.
pub(super) struct Place {
    _admitted: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Ticket {
    /// Waits for a place, in the order of arrival. `None` if nobody waits for the output any
    /// more, or the deadline passed, which the output is told.
    pub(super) async fn redeem(
        self,
        total: Deadline,
        output: &mpsc::Sender<Output>,
    ) -> Option<Place> {
        let waited = tokio::select! {
            biased;
            () = output.closed() => return None,
            waited = timeout_at(total.at, self.running.acquire_owned()) => waited,
        };
        match waited {
            Ok(Ok(running)) => Some(Place { _admitted: self.admitted, _running: running }),
            // Nobody closes the semaphore.
            Ok(Err(_)) => None,
            Err(_) => {
                let _ = output.send(Output::Failed(total.failure())).await;
                None
            }
        }
    }
}
