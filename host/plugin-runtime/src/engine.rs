//! The runtime: one engine, its clock, its threads, and what all plugins share.

use std::io;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;
use tracing::warn;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::budget::Budget;
use crate::code::{CodeSource, Compilation};
use crate::limits::Limits;
use crate::ticker::Ticker;
use crate::workers::Workers;

/// Memory of a slot that is wiped in place between two instances instead of being unmapped.
/// More makes dropping an instance dearer than it makes the next one cheaper.
const KEEP_RESIDENT_BYTES: usize = 64 * 1024;
/// Slots that keep a plugin's image mapped while no instance uses them.
const WARM_SLOTS: u32 = 64;
/// Slots beyond the number of instances: a store gives back its share of the budget a moment
/// before its slots.
const SPARE_SLOTS: u32 = 32;
/// Core instances and tables that an ordinary component has, shims included.
const CORE_INSTANCES_PER_COMPONENT: u32 = 4;
const TABLES_PER_COMPONENT: u32 = 3;
/// Guard region of memories outside the pool, whose accesses are checked by code.
const ON_DEMAND_GUARD_BYTES: u64 = 64 * 1024;

/// Runs plugins. Cheap to clone; the threads end with the last clone and the last plugin.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    engine: Engine,
    limits: Limits,
    allocator: Allocator,
    budget: Arc<Budget>,
    workers: Workers,
    code: CodeSource,
    _ticker: Ticker,
}

/// Where the memories of instances come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// From slots that were reserved at start: the fast way.
    Pooling,
    /// Mapped for each instance, because the address space for the slots could not be had.
    /// Everything works, slower; the operator should know.
    OnDemand,
}

/// A text that names no allocator.
#[derive(Debug, Error)]
#[error("there is no such allocator; use pooling or on-demand")]
pub struct AllocatorProblem;

/// Why the runtime cannot start.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// The engine refuses the limits or the machine.
    #[error("the WebAssembly engine does not start: {0:#}")]
    Engine(wasmtime::Error),
    /// The system gives no thread.
    #[error("a thread of the plugin runtime does not start")]
    Thread(#[from] io::Error),
}

impl Allocator {
    /// How the compiling process is told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pooling => "pooling",
            Self::OnDemand => "on-demand",
        }
    }
}

impl FromStr for Allocator {
    type Err = AllocatorProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let both = [Self::Pooling, Self::OnDemand];
        both.into_iter().find(|it| it.name() == text).ok_or(AllocatorProblem)
    }
}

impl Runtime {
    /// Starts engine and threads; plugins are compiled in this process.
    ///
    /// # Errors
    /// If the machine has no room for a thread, or cannot run the engine at all. A lack of
    /// address space is not an error: see [`Allocator::OnDemand`].
    pub fn start(limits: Limits) -> Result<Self, RuntimeError> {
        Self::start_with(limits, Compilation::default())
    }

    /// As [`Runtime::start`], and says where plugins are compiled.
    ///
    /// # Errors
    /// As [`Runtime::start`].
    pub fn start_with(limits: Limits, compilation: Compilation) -> Result<Self, RuntimeError> {
        let (engine, allocator) = start_engine(&limits)?;
        Ok(Self(Arc::new(Inner {
            code: CodeSource::new(compilation, &engine, allocator),
            _ticker: Ticker::start(&engine)?,
            engine,
            limits,
            allocator,
            budget: Arc::new(Budget::new(&limits)),
            workers: Workers::start()?,
        })))
    }

    /// Where memories come from; for the readiness report.
    #[must_use]
    pub fn allocator(&self) -> Allocator {
        self.0.allocator
    }

    /// The limits the runtime was started with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Instances of all plugins that exist now.
    #[must_use]
    pub fn live_instances(&self) -> usize {
        self.0.budget.live_instances()
    }

    /// Linear memory of all instances that exist now.
    #[must_use]
    pub fn live_memory_bytes(&self) -> usize {
        self.0.budget.live_memory_bytes()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn code(&self) -> &CodeSource {
        &self.0.code
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.0.budget
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.0.workers
    }
}

fn start_engine(limits: &Limits) -> Result<(Engine, Allocator), RuntimeError> {
    let refusal = match engine_with(limits, Allocator::Pooling) {
        Ok(engine) => return Ok((engine, Allocator::Pooling)),
        Err(refusal) => refusal,
    };
    warn!(
        reason = format!("{refusal:#}"),
        live_instances = limits.live_instances,
        "no address space for the instance pool: plugins run on the slower on-demand allocator; \
         raise the limit of virtual memory (ulimit -v) or lower the number of live instances",
    );
    let engine = engine_with(limits, Allocator::OnDemand).map_err(RuntimeError::Engine)?;
    Ok((engine, Allocator::OnDemand))
}

/// An engine whose machine code runs on an engine with the same limits and allocator.
pub(crate) fn engine_with(limits: &Limits, allocator: Allocator) -> wasmtime::Result<Engine> {
    let mut config = base_config();
    match allocator {
        Allocator::Pooling => {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
        }
        Allocator::OnDemand => {
            config
                .allocation_strategy(InstanceAllocationStrategy::OnDemand)
                .memory_reservation(limits.instance.memory_bytes as u64)
                .memory_guard_size(ON_DEMAND_GUARD_BYTES);
        }
    }
    Engine::new(&config)
}

fn base_config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .generate_address_map(false)
        .wasm_memory64(false)
        .relaxed_simd_deterministic(true);
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let live = limits.live_instances.saturating_add(SPARE_SLOTS);
    let instance = &limits.instance;
    let mut pool = PoolingAllocationConfig::new();
    // With PAGEMAP_SCAN (Linux 6.7) only pages that were written are wiped, and they stay
    // mapped: the next instance in the slot takes hardly a page fault.
    pool.total_component_instances(live)
        .total_core_instances(live.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(live)
        .total_tables(live.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(0)
        .max_core_instances_per_component(instance.core_instances)
        .max_memories_per_component(instance.memories)
        .max_tables_per_component(instance.tables)
        .max_tables_per_module(instance.tables)
        .max_memories_per_module(instance.memories)
        .max_memory_size(instance.memory_bytes)
        .table_elements(instance.table_elements)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(WARM_SLOTS);
    pool
}
