//! The other side of [`ChildCompiler`](super::ChildCompiler): the process that compiles.

use std::io::{self, Read, Write};

use rustix::process::{Resource, Rlimit, setrlimit};
use thiserror::Error;

use crate::engine::{Allocator, engine_with};
use crate::limits::Limits;

/// Memory that compiling may write to. The largest bundled plugin takes a tenth of it.
const MAX_DATA_BYTES: u64 = 3 << 30;
/// Processor time, all threads together. A Python guest of 20 MB takes 40 s on a slow machine.
const MAX_CPU_SECONDS: u64 = 300;

/// Why a component was not compiled. Goes to standard error as one line.
#[derive(Debug, Error)]
pub enum WorkerProblem {
    /// No limits, no compiling.
    #[error("the limits of the compiling process cannot be set: {0}")]
    Limits(#[source] io::Error),
    /// Standard input or output.
    #[error("the gateway went away: {0}")]
    Pipe(#[source] io::Error),
    /// No engine with these settings.
    #[error("the engine does not start: {0:#}")]
    Engine(wasmtime::Error),
    /// Not a valid component.
    #[error("{0:#}")]
    Component(wasmtime::Error),
}

/// Compiles the component, or the core module of a program, on `input` and writes its machine code
/// to `output`. For the child process alone: it limits what the whole process may use from then on.
///
/// # Errors
/// Why there is no code; nothing was written then.
pub fn compile_for_parent(
    limits: &Limits,
    allocator: Allocator,
    (input, mut output): (impl Read, impl Write),
) -> Result<(), WorkerProblem> {
    confine().map_err(WorkerProblem::Limits)?;
    let mut component = Vec::new();
    let most = limits.component_bytes as u64 + 1;
    input.take(most).read_to_end(&mut component).map_err(WorkerProblem::Pipe)?;
    let engine = engine_with(limits, allocator).map_err(WorkerProblem::Engine)?;
    let code = if wasmparser::Parser::is_core_wasm(&component) {
        engine.precompile_module(&component)
    } else {
        engine.precompile_component(&component)
    };
    let code = code.map_err(WorkerProblem::Component)?;
    output.write_all(&code).and_then(|()| output.flush()).map_err(WorkerProblem::Pipe)
}

/// Addresses are not limited but data is: the engine reserves far more addresses than it uses.
fn confine() -> io::Result<()> {
    let limits = [
        (Resource::Data, MAX_DATA_BYTES),
        (Resource::Cpu, MAX_CPU_SECONDS),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
    ];
    for (resource, most) in limits {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}
