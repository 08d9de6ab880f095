//! What all actions share.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use store::{Batch, Revision, StoreProblem};
use time::OffsetDateTime;
use tokio::sync::{Mutex as TurnMutex, Notify};
use tokio_util::task::TaskTracker;

use crate::administration::AdministrationParts;
use crate::inventory::Inventory;
use crate::moment;
use crate::problem::AdminProblem;

/// The state behind the actions.
pub(crate) struct Workings {
    pub(crate) parts: AdministrationParts,
    /// What the store holds; replaced right after the tables.
    pub(crate) inventory: ArcSwap<Inventory>,
    /// Whoever holds it may change something.
    pub(crate) turn: TurnMutex<()>,
    /// Whoever holds it may do something to a plugin. Apart from `turn`, as that may take as long
    /// as a plugin takes to compile.
    pub(crate) plugin_turn: TurnMutex<()>,
    /// Changes that have begun.
    pub(crate) tasks: TaskTracker,
    /// Tells the background that there is something to do.
    pub(crate) wake: Notify,
    /// The master key by which everything is wrapped that can be.
    pub(crate) wrapped_by: Mutex<Option<String>>,
    /// When the gateway was started.
    pub(crate) started_at: OffsetDateTime,
    /// Why the latest commit failed, if it did.
    store_problem: Mutex<Option<String>>,
}

impl Workings {
    pub(crate) fn new(parts: AdministrationParts, inventory: Inventory) -> Self {
        Self {
            parts,
            inventory: ArcSwap::from_pointee(inventory),
            turn: TurnMutex::new(()),
            plugin_turn: TurnMutex::new(()),
            tasks: TaskTracker::new(),
            wake: Notify::new(),
            wrapped_by: Mutex::new(None),
            started_at: moment::now(),
            store_problem: Mutex::new(None),
        }
    }

    /// Runs a change to its end, even if the caller goes away: between the commit and the switch
    /// nothing may be left out. Shutdown waits for it.
    pub(crate) async fn uninterrupted<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, AdminProblem>> + Send + 'static,
    ) -> Result<T, AdminProblem> {
        match self.tasks.spawn(change).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only a runtime that ends cancels it.
                Err(_) => {
                    let text = "the gateway is shutting down; try again when it is back";
                    Err(AdminProblem::Conflict(text.to_owned()))
                }
            },
        }
    }

    /// Commits, and remembers how that went for `GET /admin/status`.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Revision, StoreProblem> {
        let done = self.parts.store.commit(batch).await;
        let problem = match &done {
            // The store is as it should be.
            Ok(_) | Err(StoreProblem::Conflict { .. } | StoreProblem::Malformed { .. }) => None,
            Err(problem) => {
                tracing::error!("a change was not stored: {problem}");
                Some(problem.to_string())
            }
        };
        *self.store_problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
        done
    }

    /// Why the latest commit failed, if it did.
    pub(crate) fn store_problem(&self) -> Option<String> {
        self.store_problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the store holds.
    pub(crate) fn now_held(&self) -> Arc<Inventory> {
        self.inventory.load_full()
    }
}
