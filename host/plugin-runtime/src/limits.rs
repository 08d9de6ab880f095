//! What plugins may use: one required value, read by engine, stores and loading alike.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Every limit of the runtime. There is no default: whoever starts a runtime decides.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of a plugin's file.
    pub component_bytes: usize,
    /// Most bytes of its manifest.
    pub manifest_bytes: usize,
    /// Most instances that exist at once, of all plugins, ready ones included.
    pub live_instances: u32,
    /// Most linear memory of all instances together.
    pub total_memory_bytes: usize,
    /// Calls with larger bodies run on the blocking pool.
    pub inline_body_bytes: usize,
    /// How long the calls of a plugin run on the blocking pool after it failed.
    pub suspect: Duration,
    /// Limits of one instance.
    pub instance: InstanceLimits,
    /// Limits of the ready instances of one generation.
    pub stock: StockLimits,
    /// When instances that the operator lets a plugin reuse are retired.
    pub reuse: ReuseLimits,
}

/// Limits of one instance of a plugin.
#[derive(Clone, Copy, Debug)]
pub struct InstanceLimits {
    /// Wall time of one call, and of making the instance.
    pub call: Duration,
    /// Linear memory, all memories together.
    pub memory_bytes: usize,
    /// What one call may hand to the host: results, and messages for the log.
    pub output_bytes: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Linear memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
    /// Core instances within the component.
    pub core_instances: u32,
    /// Handles of resources that are alive at once.
    pub handles: usize,
}

/// Limits of the ready instances of one generation.
#[derive(Clone, Copy, Debug)]
pub struct StockLimits {
    /// Most ready instances.
    pub instances: usize,
    /// Most linear memory of ready instances; wins over `instances`.
    pub bytes: usize,
    /// A stock that nothing was taken from for so long shrinks to one instance.
    pub idle: Duration,
}

/// When a reused instance is retired, whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct ReuseLimits {
    /// Most exchanges. Each instance draws its own number from the upper half, so that a
    /// generation's instances do not retire together.
    pub exchanges: u32,
    /// Linear memory at the end of an exchange.
    pub memory_bytes: usize,
    /// Time without an exchange.
    pub idle: Duration,
}

impl Limits {
    /// What the gateway runs with.
    pub const STANDARD: Self = Self {
        component_bytes: 64 * MIB,
        manifest_bytes: 256 * KIB,
        live_instances: 1000,
        total_memory_bytes: 4096 * MIB,
        inline_body_bytes: 256 * KIB,
        suspect: Duration::from_mins(1),
        instance: InstanceLimits {
            call: Duration::from_secs(1),
            memory_bytes: 128 * MIB,
            output_bytes: 32 * MIB,
            table_elements: 20_000,
            memories: 2,
            tables: 16,
            core_instances: 128,
            handles: 1024,
        },
        stock: StockLimits { instances: 16, bytes: 64 * MIB, idle: Duration::from_secs(10) },
        reuse: ReuseLimits {
            exchanges: 1000,
            memory_bytes: 64 * MIB,
            idle: Duration::from_mins(1),
        },
    };
}
