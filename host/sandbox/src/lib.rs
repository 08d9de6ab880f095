//! Runs other people's programs behind as many layers as the system offers.
//!
//! Owns what a program may see and use ([`SandboxPolicy`]) and the drivers that enforce it
//! ([`SandboxDriver`]). Each driver says what it guarantees here, layer by layer, because it tried
//! it at its start ([`DriverReport`]); one whose required layer is missing is not offered, and the
//! problem names the layer and the reason ([`Drivers`]).
//!
//! Promises, for every driver but `basic`:
//! - A run is one process tree in a PID namespace of its own. Killing its group ([`Running::kill`])
//!   ends the first process of that namespace, and with it the kernel ends all others.
//! - Mounts and temporary files of a run are in its mount namespace, so they vanish with it, also
//!   if the gateway is killed itself.
//!
//! The gateway has many threads, in which nothing but plain system calls is sound between fork
//! and exec. So the layers are set up by a *stage*: this program, started once more with
//! [`STAGE_ARGUMENT`], single-threaded, which reads its order from an inherited descriptor and
//! then becomes the program. A binary that runs programs calls [`serve_stage_if_asked`] first in
//! its `main`.
//!
//! A program reaches no network, or through one socket that whoever started it serves
//! ([`NetworkAccess`], [`Running::outlet`]).
//!
//! Not here: wall time, output limits, queues and streams, and which hosts are reached through the
//! socket. They are the transport's.

mod cgroup;
mod choice;
mod driver;
mod handover;
mod layer;
mod order;
mod outlet;
mod package;
mod policy;
mod pool;
mod program;
mod running;
mod stage;
mod view;

pub use choice::{DriverMissing, Drivers};
pub use driver::{SandboxDriver, SpawnProblem};
pub use layer::{DriverName, DriverReport, Layer, LayerState};
pub use outlet::{NetworkAccess, OUTLET_ADDRESS};
pub use package::{PackageDemand, PackageProblem};
pub use policy::{
    Credential, CredentialSlot, ProgramCall, ProgramDigest, SandboxLimits, SandboxPolicy,
};
pub use pool::PoolLimits;
pub use running::{Running, Streams, Traces};
pub use stage::{STAGE_ARGUMENT, serve_stage_if_asked};
