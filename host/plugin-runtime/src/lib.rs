//! Runs plugins: sandboxed WebAssembly components that speak a provider's dialect or know how to
//! reach it. Fences wasmtime: no other crate names it.
//!
//! Owns the engine and its limits ([`Runtime`], [`Limits`]), loading with errors that say how to
//! mend a plugin ([`LoadError`]), the table of those that serve ([`Registry`], which implements
//! [`exchange::PluginCatalog`]), and the life of installed plugins from a file in a watched
//! directory to a generation that serves, and back ([`PluginLife`]).
//!
//! Promises:
//! * A plugin reaches nothing but a logger: its file is refused by name of the import otherwise.
//! * Every call, the start function included, has a deadline, a memory limit, a table limit and
//!   an output limit. There is no code path without them.
//! * What goes wrong in one exchange ends in that exchange: one store each, never used again
//!   after an error. The operator may grant a plugin that instances be reused.
//! * What a plugin answers is checked before it leaves this crate: heads, documents, credential
//!   slots, processes. An answer that breaks the contract is a `PluginFault`.
//! * What an operator installs goes through every step of its life ([`PluginLife`]), and what
//!   fails one changes nothing.
//!
//! Deliberately not here: any I/O on behalf of a plugin, and who may install one.

mod bindings;
mod breach;
mod budget;
mod call_problem;
mod code;
mod convert;
mod digest;
mod egress;
mod engine;
mod exchanges;
mod fit;
mod generation;
mod grant;
mod http_adapter;
mod ingress;
mod inspect;
mod inspection;
mod instance;
mod latencies;
mod lazy;
mod life;
mod limits;
mod load;
mod load_error;
mod log;
mod manifest;
mod process_adapter;
mod programs;
mod registry;
mod session;
mod state;
mod stats;
mod stock;
mod ticker;
mod wasi;
mod workers;
mod world;

#[cfg(test)]
mod tests;

pub use code::{CacheProblem, ChildCompiler, Compilation, WorkerProblem, compile_for_parent};
pub use digest::{Digest, DigestProblem};
pub use engine::{Allocator, AllocatorProblem, Runtime, RuntimeError};
pub use grant::{Grant, Isolation, SocketImports};
pub use inspect::MANIFEST_SECTION;
pub use inspection::Inspection;
pub use latencies::Latencies;
pub use life::{
    Asks, AutoRule, CanaryPlan, CanaryView, Divergence, Event, EventKind, Examined, Figures,
    GenerationView, LifeLimits, LifeProblem, LifeSettings, LifeView, Notices, Pending, Phase,
    PluginLife, PluginView, QuarantineView, Rollout, Signer, SignerProblem, TrialRule, TrustPolicy,
    Upload, Uploaded, VectorProblem, VersionView, Widening, examine, replay,
};
pub use limits::{InstanceLimits, Limits, ReuseLimits, StockLimits};
pub use load_error::LoadError;
pub use manifest::{
    AdapterFacts, CONTRACT, CredentialSlot, DialectFacts, LimitsAsked, Manifest, ManifestProblem,
    PluginKind, Preset, SdkFacts,
};
pub use programs::{ProgramSettings, WasiPrograms, wasi_layers};
pub use registry::{Origin, PluginStatus, Registry};
pub use stats::PluginStats;
