//! One instance of a plugin in its own store, and how it is made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::RequestId;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use crate::budget::Meter;
use crate::call_problem::CallProblem;
use crate::engine::Runtime;
use crate::limits::InstanceLimits;
use crate::log::PluginLog;
use crate::state::{GuestState, WasiWorld};
use crate::ticker::ticks;
use crate::wasi::EmptyWorld;
use crate::world::World;

/// Longest reason that is taken over from the engine.
const MAX_REASON_BYTES: usize = 1024;

/// An instance. Whoever holds it holds the only way into its store.
pub(crate) struct Instance<W> {
    store: Store<GuestState>,
    exports: W,
    exchanges_left: u32,
}

/// What instances of one generation are made of.
pub(crate) struct InstanceSource<W: World> {
    runtime: Runtime,
    plugin: Arc<str>,
    linked: W::Linked,
    limits: InstanceLimits,
    wasi: WasiWorld,
}

impl<W> Instance<W> {
    /// Starts an exchange's lines in the log.
    pub(crate) fn begin(&self, request: Option<RequestId>) {
        self.store.data().log.begin(request);
    }

    /// Runs guest code with a fresh deadline.
    ///
    /// # Errors
    /// The engine's; the instance must not be used again.
    pub(crate) fn enter<R>(
        &mut self,
        deadline: Duration,
        work: impl FnOnce(&W, &mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        arm(&mut self.store, deadline);
        work(&self.exports, &mut self.store)
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.store.data().meter
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.meter().memory_bytes()
    }

    /// Counts an exchange of a reused instance. False if it was the last.
    pub(crate) fn use_up_one(&mut self) -> bool {
        self.exchanges_left = self.exchanges_left.saturating_sub(1);
        self.exchanges_left > 0
    }
}

impl<W: World> Instance<W> {
    /// Lets the guest run once without an exchange.
    ///
    /// # Errors
    /// The engine's; the instance must not be used again.
    pub(crate) fn warm_up(&mut self, deadline: Duration) -> wasmtime::Result<()> {
        self.store.data().log.set_muted(true);
        let warmed = self.enter(deadline, W::warm_up);
        self.store.data().log.set_muted(false);
        warmed
    }
}

impl<W: World> InstanceSource<W> {
    pub(crate) fn new(
        runtime: Runtime,
        plugin: Arc<str>,
        linked: W::Linked,
        (limits, wasi): (InstanceLimits, WasiWorld),
    ) -> Self {
        Self { runtime, plugin, linked, limits, wasi }
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn plugin(&self) -> &Arc<str> {
        &self.plugin
    }

    pub(crate) fn limits(&self) -> &InstanceLimits {
        &self.limits
    }

    /// Whether guest code may wait for something.
    pub(crate) fn may_block(&self) -> bool {
        self.wasi == WasiWorld::Empty
    }

    /// Makes an instance within all limits, the deadline included.
    ///
    /// # Errors
    /// If there may be no more instances, or the guest's start function fails.
    pub(crate) fn make(&self) -> Result<Instance<W>, CallProblem> {
        let meter = self.runtime.budget().meter(self.limits).ok_or(CallProblem::Crowded)?;
        let mut store = self.store(meter);
        arm(&mut store, self.limits.call);
        match W::instantiate(&self.linked, &mut store) {
            Ok(exports) => Ok(Instance { store, exports, exchanges_left: self.draw_exchanges() }),
            Err(error) => Err(self.explain("start", &error, &store.data().meter)),
        }
    }

    /// Says what an error of the engine means.
    pub(crate) fn explain(
        &self,
        function: &'static str,
        error: &wasmtime::Error,
        meter: &Meter,
    ) -> CallProblem {
        if error.is::<PoolConcurrencyLimitError>() {
            return CallProblem::Crowded;
        }
        let plugin = Arc::clone(&self.plugin);
        if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
            return CallProblem::Deadline { plugin, function, limit: self.limits.call };
        }
        let mut reason = format!("{error:#}");
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        if let Some(refusal) = meter.refusal() {
            reason = format!("{refusal}; then: {reason}");
        }
        CallProblem::Fault { plugin, function, reason }
    }

    fn store(&self, meter: Meter) -> Store<GuestState> {
        let log = Arc::new(PluginLog::new(Arc::clone(&self.plugin)));
        let wasi = self.may_block().then(|| Box::new(EmptyWorld::new(&log)));
        let state = GuestState { meter, log, wasi };
        let mut store = Store::new(self.runtime.engine(), state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.output_bytes);
        store.set_max_component_handles(self.limits.handles);
        store
    }

    fn draw_exchanges(&self) -> u32 {
        let most = self.runtime.limits().reuse.exchanges.max(1);
        rand::random_range(most.div_ceil(2)..=most)
    }
}

fn arm(store: &mut Store<GuestState>, deadline: Duration) {
    store.set_epoch_deadline(ticks(deadline));
    if let Some(wasi) = &mut store.data_mut().wasi {
        wasi.set_deadline(Instant::now() + deadline);
    }
}
