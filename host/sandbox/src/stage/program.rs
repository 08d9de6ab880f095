//! The program's process: gives up what is left, and is replaced.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use rustix::fs::Mode;
use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit, umask,
};

use super::system::close_the_rest;
use super::{InLayer, StageProblem, calls, privileges};
use crate::layer::Layer;
use crate::order::{FILTER_DESCRIPTORS, Identity, Inside, NativeOrder, Order, ToolOrder};
use crate::outlet::NetworkAccess;
use crate::policy::SandboxLimits;

/// Returns only why it could not become the program.
pub(super) fn become_it(order: &Order) -> StageProblem {
    if let Err(problem) = prepare(order) {
        return problem;
    }
    let Some(path) = &order.program else {
        // A trial: every layer stands.
        std::process::exit(0);
    };
    let mut command = Command::new(path);
    command.args(&order.arguments).env_clear().envs(order.environment.iter().cloned());
    if let Inside::Tool(ToolOrder { filters: true, .. }) = &order.inside
        && let Err(problem) = hand_filters(&mut command, order.network)
    {
        return problem;
    }
    StageProblem::of_program("exec", &command.exec())
}

fn hand_filters(command: &mut Command, network: NetworkAccess) -> Result<(), StageProblem> {
    let failed = |error: &io::Error| {
        StageProblem::new(Layer::SystemCalls, "handing on the list of system calls", error)
    };
    let files = calls::filter_files(network).map_err(|error| failed(&error))?;
    let mappings = files.into_iter().zip(FILTER_DESCRIPTORS);
    let mappings =
        mappings.map(|(file, child_fd)| FdMapping { parent_fd: file.into(), child_fd }).collect();
    let mapped = command.fd_mappings(mappings).map(|_| ());
    mapped.map_err(|error| failed(&io::Error::other(error)))
}

fn prepare(order: &Order) -> Result<(), StageProblem> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .in_layer(Layer::ProcessTree, "dying with the first process")?;
    std::env::set_current_dir(&order.directory)
        .map_err(|error| StageProblem::of_program("the working directory", &error))?;
    close_the_rest().in_layer(Layer::ProcessTree, "closing what is open")?;
    match &order.inside {
        Inside::Native(native) => confine(native, order.network),
        Inside::Tool(tool) => {
            if matches!(order.identity, Identity::Root | Identity::OwnAsRoot) {
                // It makes directories as root that the program, as nobody, has to pass.
                umask(Mode::from_raw_mode(0o022));
            }
            let limits = tool.limits.as_ref().map_or(Ok(()), limit);
            limits.in_layer(Layer::ResourceLimits, "the resource limits")
        }
    }
}

/// The filter is last, as it refuses what the others need.
fn confine(native: &NativeOrder, network: NetworkAccess) -> Result<(), StageProblem> {
    limit(&native.limits).in_layer(Layer::ResourceLimits, "the resource limits")?;
    privileges::give_up()?;
    if native.landlock {
        privileges::restrict_access(network)?;
    }
    calls::restrict(network)
}

/// Soft and hard limits. Processor time ends with `SIGXCPU`, so that the log can say so, and a
/// second later with `SIGKILL`. Processes are counted in the user namespace, that is in the run:
/// the first process is one of them.
fn limit(limits: &SandboxLimits) -> io::Result<()> {
    let equal = |resource, limit| (resource, limit, limit);
    let all = [
        equal(Resource::As, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds.saturating_add(1)),
        equal(Resource::Nofile, limits.open_files),
        equal(Resource::Nproc, limits.processes.saturating_add(1)),
        equal(Resource::Fsize, limits.file_bytes),
        equal(Resource::Core, 0),
        equal(Resource::Memlock, 0),
        equal(Resource::Msgqueue, 0),
    ];
    all.into_iter().try_for_each(|(resource, soft, hard)| lower_limit(resource, soft, hard))
}

/// Never raises a limit that the gateway itself is under.
pub(super) fn lower_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let new = Rlimit { current: Some(soft.min(ceiling)), maximum: Some(hard.min(ceiling)) };
    Ok(setrlimit(resource, new)?)
}
