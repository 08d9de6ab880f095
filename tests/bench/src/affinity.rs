//! Which processor a process runs on.
//!
//! A child inherits the affinity of the thread that spawns it, so the benchmark moves itself to
//! the server's processor, spawns, and moves back: no code runs between fork and exec.

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where processes run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placement {
    /// Servers under test on one processor, load generator and mock on another.
    Pinned {
        /// Processor of the server under test.
        server: usize,
        /// Processor of load generator and mock.
        load: usize,
    },
    /// The machine has one processor only: everything shares it.
    Shared,
}

impl Placement {
    /// Chooses the first two processors that this process may use.
    ///
    /// # Errors
    /// The kernel does not tell the affinity.
    pub(crate) fn choose() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot read the processor affinity")?;
        let mut processors = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
        Ok(match (processors.next(), processors.next()) {
            (Some(server), Some(load)) => Self::Pinned { server, load },
            _ => Self::Shared,
        })
    }

    /// Moves the calling thread to the processor of the load generator.
    ///
    /// # Errors
    /// The kernel refuses the affinity.
    pub(crate) fn enter_load(self) -> Result<()> {
        match self {
            Self::Pinned { load, .. } => pin(load),
            Self::Shared => Ok(()),
        }
    }

    /// Runs `spawn` on the processor of the servers, so that a child inherits it.
    ///
    /// # Errors
    /// The kernel refuses the affinity, or `spawn` fails.
    pub(crate) fn on_server<T>(self, spawn: impl FnOnce() -> Result<T>) -> Result<T> {
        let Self::Pinned { server, load } = self else {
            return spawn();
        };
        pin(server)?;
        let spawned = spawn();
        pin(load)?;
        spawned
    }
}

fn pin(processor: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    sched_setaffinity(None, &set).with_context(|| format!("cannot pin to processor {processor}"))
}
