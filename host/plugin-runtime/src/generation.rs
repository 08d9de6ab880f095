//! One loaded version of a plugin: its ready instances, and entering them.
//!
//! A trap kills the whole store, so the store is the unit of isolation: one for each exchange.
//! Making one costs ten times what a call costs, so ready ones are kept in stock and restocked in
//! the background; an empty stock makes one on the spot and counts it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use exchange::RequestId;
use wasmtime::Store;

use crate::breach::Breach;
use crate::call_problem::CallProblem;
use crate::grant::Isolation;
use crate::instance::{Instance, InstanceSource};
use crate::limits::Limits;
use crate::state::GuestState;
use crate::stats::{Counters, PluginStats};
use crate::stock::Stock;
use crate::workers::Stocked;
use crate::world::World;

/// One generation of a plugin that exports world `W`.
pub(crate) struct Generation<W: World> {
    isolation: Isolation,
    source: InstanceSource<W>,
    stock: Stock<Instance<W>>,
    instance_bytes: AtomicUsize,
    restock_asked: AtomicBool,
    warms_up: AtomicBool,
    counters: Counters,
    this: Weak<Self>,
}

/// Where a call runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the task that wants the answer.
    Inline,
    /// On the blocking pool.
    BlockingPool,
}

impl<W: World> Generation<W> {
    pub(crate) fn new(isolation: Isolation, source: InstanceSource<W>) -> Arc<Self> {
        let limits = *source.runtime().limits();
        Arc::new_cyclic(|this| Self {
            isolation,
            source,
            stock: Stock::new(limits.stock),
            instance_bytes: AtomicUsize::new(0),
            restock_asked: AtomicBool::new(false),
            warms_up: AtomicBool::new(true),
            counters: Counters::new(),
            this: Weak::clone(this),
        })
    }

    pub(crate) fn plugin(&self) -> Arc<str> {
        Arc::clone(self.source.plugin())
    }

    pub(crate) fn stats(&self) -> PluginStats {
        self.counters.read(self.stock.depth())
    }

    /// Makes one instance and puts it in stock: proof that the plugin starts within its limits.
    ///
    /// # Errors
    /// What happened instead.
    pub(crate) fn prove(&self) -> Result<(), CallProblem> {
        let instance = self.make_warm()?;
        self.shelve(instance);
        self.source.runtime().workers().watch(self.as_stock());
        Ok(())
    }

    /// Where a call with a body of this size runs: guests that may take long, or have lately
    /// shown that they do, keep off the tasks.
    pub(crate) fn place(&self, body_bytes: usize) -> Place {
        let limits = self.limits();
        let inline = body_bytes <= limits.inline_body_bytes
            && !self.source.may_block()
            && !self.counters.failed_within(limits.suspect);
        if inline { Place::Inline } else { Place::BlockingPool }
    }

    /// Takes a ready instance, or makes one.
    ///
    /// # Errors
    /// If there may be no more instances, or the guest's start function fails.
    pub(crate) fn take(&self, request: Option<RequestId>) -> Result<Instance<W>, CallProblem> {
        let ready = self.stock.take();
        self.counters.count_take(ready.is_some());
        if self.isolation == Isolation::Fresh && self.stock.is_low() {
            self.ask_for_restock();
        }
        let instance = match ready {
            Some(instance) => instance,
            None => self.make()?,
        };
        instance.begin(request);
        Ok(instance)
    }

    /// Calls into an instance, with a fresh deadline. The instance is dropped if that fails.
    ///
    /// # Errors
    /// Trap, deadline, limit, or a result that cannot be read.
    pub(crate) fn enter<R>(
        &self,
        mut instance: Instance<W>,
        function: &'static str,
        work: impl FnOnce(&W, &mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> Result<(Instance<W>, R), CallProblem> {
        self.counters.count_call();
        let began = Instant::now();
        let outcome = instance.enter(self.source.limits().call, work);
        self.counters.count_end(began.elapsed(), instance.memory_bytes());
        match outcome {
            Ok(result) => Ok((instance, result)),
            Err(error) => {
                let problem = self.source.explain(function, &error, instance.meter());
                self.counters.count_problem(&problem);
                self.discard(instance);
                Err(problem)
            }
        }
    }

    /// Counts an answer that breaks the contract.
    pub(crate) fn breach(&self, function: &'static str, breach: Breach) -> CallProblem {
        let problem = CallProblem::Breach { plugin: self.plugin(), function, breach };
        self.counters.count_problem(&problem);
        problem
    }

    /// Ends an exchange: the instance goes back to stock if the operator lets it be reused and
    /// it is in good order, else it is dropped.
    pub(crate) fn give_back(&self, mut instance: Instance<W>, in_order: bool) {
        let reuse = &self.limits().reuse;
        let stays = self.isolation == Isolation::Reuse
            && in_order
            && instance.memory_bytes() <= reuse.memory_bytes
            && instance.use_up_one();
        if stays {
            instance.begin(None);
            self.shelve(instance);
        } else {
            self.discard(instance);
        }
    }

    /// Has an instance dropped off the request path; here and now if instances are getting
    /// scarce, as those that wait to be dropped count.
    pub(crate) fn discard(&self, instance: Instance<W>) {
        let runtime = self.source.runtime();
        if runtime.budget().has_spare() {
            runtime.workers().discard(instance);
        } else {
            drop(instance);
        }
    }

    fn make(&self) -> Result<Instance<W>, CallProblem> {
        let made = self.source.make();
        match &made {
            Ok(instance) => self.instance_bytes.store(instance.memory_bytes(), Ordering::Relaxed),
            Err(problem) => self.counters.count_problem(problem),
        }
        made
    }

    /// Makes an instance for the stock. A guest that does not stand being called without an
    /// exchange is not warmed up again; that is not counted against it.
    fn make_warm(&self) -> Result<Instance<W>, CallProblem> {
        let mut instance = self.make()?;
        if !self.warms_up.load(Ordering::Relaxed) {
            return Ok(instance);
        }
        if instance.warm_up(self.source.limits().call).is_ok() {
            return Ok(instance);
        }
        self.warms_up.store(false, Ordering::Relaxed);
        drop(instance);
        self.make()
    }

    fn shelve(&self, instance: Instance<W>) {
        let bytes = instance.memory_bytes();
        if let Err(surplus) = self.stock.put(instance, bytes) {
            self.discard(surplus);
        }
    }

    fn ask_for_restock(&self) {
        if self.restock_asked.swap(true, Ordering::Relaxed) {
            return;
        }
        if !self.source.runtime().workers().restock(self.as_stock()) {
            self.restock_asked.store(false, Ordering::Relaxed);
        }
    }

    fn as_stock(&self) -> Weak<dyn Stocked> {
        Weak::<Self>::clone(&self.this)
    }

    fn limits(&self) -> &Limits {
        self.source.runtime().limits()
    }
}

impl<W: World> Stocked for Generation<W> {
    fn restock(&self) {
        self.restock_asked.store(false, Ordering::Relaxed);
        let bytes = self.instance_bytes.load(Ordering::Relaxed);
        let budget = self.source.runtime().budget();
        while self.stock.has_room(bytes) && budget.has_spare() {
            // A guest that does not start is counted; the next exchange learns why.
            let Ok(instance) = self.make_warm() else {
                return;
            };
            self.shelve(instance);
        }
    }

    fn retire_idle(&self, now: Instant) {
        let idle = match self.isolation {
            Isolation::Fresh => self.stock.shrink_if_idle(now),
            Isolation::Reuse => self.stock.remove_older(now, self.limits().reuse.idle),
        };
        drop(idle);
    }
}
