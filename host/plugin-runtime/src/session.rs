//! One exchange's use of a plugin: the same instance from its first call to its last.

use std::sync::Arc;

use exchange::{Failure, FailureKind, RequestId};
use wasmtime::Store;

use crate::breach::Breach;
use crate::call_problem::CallProblem;
use crate::exchanges::OpenExchange;
use crate::generation::{Generation, Place};
use crate::grant::Isolation;
use crate::instance::Instance;
use crate::lazy::LazyGeneration;
use crate::state::GuestState;
use crate::world::World;

/// An exchange's instance, taken at its first call and given back when the session is dropped.
///
/// Dropping the future of a call gives up the instance: a call on the blocking pool runs to its
/// end or deadline, and what it answers is lost.
pub(crate) struct Session<W: World> {
    lazy: Arc<LazyGeneration<W>>,
    request: Option<RequestId>,
    seat: Seat<W>,
    in_order: bool,
    _open: OpenExchange,
}

enum Seat<W> {
    /// No call yet.
    Unused,
    /// Between two calls.
    Taken(Instance<W>),
    /// A call is running, or the instance was given up.
    Empty,
}

impl<W: World> Session<W> {
    pub(crate) fn new(lazy: Arc<LazyGeneration<W>>, request: Option<RequestId>) -> Self {
        let _open = lazy.exchanges().begin();
        Self { lazy, request, seat: Seat::Unused, in_order: true, _open }
    }

    pub(crate) fn isolation(&self) -> Isolation {
        self.lazy.isolation()
    }

    /// Calls into the plugin, on this task or on the blocking pool.
    ///
    /// # Errors
    /// `PluginFault`, `PluginTimeout`, or `QueueFull`; the instance is gone then. `PluginTimeout`
    /// too once the generation was replaced and its time is over.
    pub(crate) async fn call<R: Send + 'static>(
        &mut self,
        function: &'static str,
        body_bytes: usize,
        work: impl FnOnce(&W, &mut Store<GuestState>) -> wasmtime::Result<R> + Send + 'static,
    ) -> Result<R, Failure> {
        let generation = self.lazy.get().await?;
        let seat = std::mem::replace(&mut self.seat, Seat::Empty);
        if self.lazy.exchanges().are_ended() {
            if let Seat::Taken(instance) = seat {
                generation.discard(instance);
            }
            return Err(CallProblem::Replaced { plugin: generation.plugin(), function }.into());
        }
        let visit = Visit { seat, request: self.request.clone(), function };
        let answer = match generation.place(body_bytes) {
            Place::Inline => visit.run(&generation, work),
            Place::BlockingPool => {
                let plugin = generation.plugin();
                tokio::task::spawn_blocking(move || visit.run(&generation, work))
                    .await
                    .unwrap_or_else(|source| Err(CallProblem::Lost { plugin, function, source }))
            }
        };
        let (instance, result) = answer?;
        self.seat = Seat::Taken(instance);
        Ok(result)
    }

    /// Marks what the guest left behind as not fit for another exchange.
    pub(crate) fn set_in_order(&mut self, in_order: bool) {
        self.in_order = in_order;
    }

    /// Checks an answer. One that breaks the contract counts against the plugin, and its
    /// instance is not used again.
    ///
    /// # Errors
    /// `PluginFault`.
    pub(crate) fn accept<T>(
        &mut self,
        function: &'static str,
        answer: Result<T, Breach>,
    ) -> Result<T, Failure> {
        answer.map_err(|breach| {
            let Some(generation) = self.lazy.ready() else {
                return Failure::new(FailureKind::Internal, "an answer of a plugin never called");
            };
            if let Seat::Taken(instance) = std::mem::replace(&mut self.seat, Seat::Empty) {
                generation.discard(instance);
            }
            generation.breach(function, breach).into()
        })
    }
}

impl<W: World> Drop for Session<W> {
    fn drop(&mut self) {
        let seat = std::mem::replace(&mut self.seat, Seat::Empty);
        if let (Seat::Taken(instance), Some(generation)) = (seat, self.lazy.ready()) {
            generation.give_back(instance, self.in_order);
        }
    }
}

/// One call on its way in.
struct Visit<W> {
    seat: Seat<W>,
    request: Option<RequestId>,
    function: &'static str,
}

impl<W: World> Visit<W> {
    fn run<R>(
        self,
        generation: &Generation<W>,
        work: impl FnOnce(&W, &mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> Result<(Instance<W>, R), CallProblem> {
        let instance = match self.seat {
            Seat::Taken(instance) => instance,
            Seat::Unused => generation.take(self.request)?,
            Seat::Empty => {
                return Err(CallProblem::GivenUp {
                    plugin: generation.plugin(),
                    function: self.function,
                });
            }
        };
        generation.enter(instance, self.function, work)
    }
}
