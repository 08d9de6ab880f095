//! Which layers of the sandbox a WebAssembly program has, for readiness and for policies that
//! demand some.

use exchange::ProgramSandbox;
use sandbox::{Layer, LayerState};

use super::problem::StartProblem;

/// What the sandbox `wasi` guarantees, on every system alike: nothing of it is the kernel's.
pub fn wasi_layers() -> Vec<(Layer, LayerState)> {
    Layer::ALL.into_iter().map(|layer| (layer, state(layer))).collect()
}

fn state(layer: Layer) -> LayerState {
    let missing = |reason: &str| LayerState::Missing(reason.to_owned());
    match layer {
        Layer::User => missing("files in the named directories are opened as the gateway's user"),
        Layer::Landlock => missing("there is no process whose system calls could be checked"),
        Layer::OwnKernel => missing("what it reads and writes in its directories is the host's"),
        // There is no call for what these keep from a process.
        Layer::UserNamespace
        | Layer::ProcessTree
        | Layer::Network
        | Layer::InterProcess
        | Layer::HostName
        | Layer::SystemCalls
        | Layer::NoNewPrivileges
        | Layer::NoCapabilities
        | Layer::ProcessGroup
        // The host gives named directories alone, and counts.
        | Layer::MountView
        | Layer::ResourceLimits
        | Layer::MemoryGroup => LayerState::Works,
    }
}

/// Compares what the policy demands with what there is.
///
/// # Errors
/// The layer that is missing, or `Policy` for a name that is none.
pub(super) fn check_demands(sandbox: &ProgramSandbox) -> Result<(), StartProblem> {
    for name in &sandbox.demanded_layers {
        let layer: Layer = name.parse().map_err(StartProblem::Policy)?;
        if let LayerState::Missing(reason) = state(layer) {
            return Err(StartProblem::Layer { layer, reason });
        }
    }
    if !sandbox.network.is_empty() {
        let reason = "it has no way to reach the hosts that the provider grants".to_owned();
        return Err(StartProblem::Layer { layer: Layer::Network, reason });
    }
    Ok(())
}
