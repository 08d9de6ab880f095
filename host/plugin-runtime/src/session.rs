//! One exchange's use of a plugin: the same instance from its first call to its last.

use std::sync::Arc;

use exchange::{Failure, RequestId};
use wasmtime::Store;

use crate::breach::Breach;
use crate::call_problem::CallProblem;
use crate::generation::{Generation, Place};
use crate::instance::Instance;
use crate::state::GuestState;
use crate::world::World;

/// An exchange's instance, taken at its first call and given back when the session is dropped.
///
/// Dropping the future of a call gives up the instance: a call on the blocking pool runs to its
/// end or deadline, and what it answers is lost.
pub(crate) struct Session<W: World> {
    generation: Arc<Generation<W>>,
    request: Option<RequestId>,
    seat: Seat<W>,
    in_order: bool,
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
    pub(crate) fn new(generation: Arc<Generation<W>>, request: Option<RequestId>) -> Self {
        Self { generation, request, seat: Seat::Unused, in_order: true }
    }

    pub(crate) fn generation(&self) -> &Generation<W> {
        &self.generation
    }

    /// Calls into the plugin, on this task or on the blocking pool.
    ///
    /// # Errors
    /// `PluginFault`, `PluginTimeout`, or `QueueFull`; the instance is gone then.
    pub(crate) async fn call<R: Send + 'static>(
        &mut self,
        function: &'static str,
        body_bytes: usize,
        work: impl FnOnce(&W, &mut Store<GuestState>) -> wasmtime::Result<R> + Send + 'static,
    ) -> Result<R, Failure> {
        let seat = std::mem::replace(&mut self.seat, Seat::Empty);
        let visit = Visit { seat, request: self.request.clone(), function };
        let answer = match self.generation.place(body_bytes) {
            Place::Inline => visit.run(&self.generation, work),
            Place::BlockingPool => {
                let generation = Arc::clone(&self.generation);
                tokio::task::spawn_blocking(move || visit.run(&generation, work))
                    .await
                    .unwrap_or_else(|source| Err(self.lost(function, source)))
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
            if let Seat::Taken(instance) = std::mem::replace(&mut self.seat, Seat::Empty) {
                self.generation.discard(instance);
            }
            self.generation.breach(function, breach).into()
        })
    }

    fn lost(&self, function: &'static str, source: tokio::task::JoinError) -> CallProblem {
        CallProblem::Lost { plugin: self.generation.plugin(), function, source }
    }
}

impl<W: World> Drop for Session<W> {
    fn drop(&mut self) {
        if let Seat::Taken(instance) = std::mem::replace(&mut self.seat, Seat::Empty) {
            self.generation.give_back(instance, self.in_order);
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
