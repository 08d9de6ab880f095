//! The first process of the PID namespace: maker of the view, reaper, last to go.
//!
//! It keeps its capabilities in the user namespace: a program that has none may then neither
//! trace it nor read its memory. Signals from within the namespace do not reach it.

use std::fs::File;
use std::io::Read;

use rustix::fs::Mode;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, set_parent_process_death_signal, umask, wait,
};

use super::report::Reporter;
use super::system::{Fork, fork};
use super::{InLayer, StageProblem, mounts, privileges, program};
use crate::layer::Layer;
use crate::order::{Order, Report};

/// The host name in every run.
const HOST_NAME: &[u8] = b"sandbox";

/// Returns the exit code of the first process; the program's copy returns only if it fails.
pub(super) fn run(order: Order, reporter: Reporter) -> i32 {
    match start(&order, &reporter) {
        Ok(Some((program, started))) => attend(program, started, &reporter),
        Ok(None) => 2,
        Err(problem) => reporter.fail(problem),
    }
}

/// `None` in the program's copy of this process, if it failed, after it said so.
fn start(order: &Order, reporter: &Reporter) -> Result<Option<(Pid, File)>, StageProblem> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .in_layer(Layer::ProcessTree, "dying with the stage")?;
    // Directories of the view are for everybody in it.
    umask(Mode::from_raw_mode(0o022));
    mounts::build(&order.inside)?;
    rustix::system::sethostname(HOST_NAME).in_layer(Layer::HostName, "the host name")?;
    umask(Mode::from_raw_mode(0o077));
    let (started, starting) =
        pipe_with(PipeFlags::CLOEXEC).in_layer(Layer::ProcessTree, "a pipe")?;
    match fork().in_layer(Layer::ProcessTree, "the program's process")? {
        Fork::Child => {
            drop(started);
            reporter.fail(program::become_it(order));
            Ok(None)
        }
        Fork::Parent(program) => {
            drop(starting);
            privileges::close_streams();
            Ok(Some((program, File::from(started))))
        }
    }
}

/// Waits for exec, which closes the program's end of the pipe, and then for the program's end.
fn attend(program: Pid, mut started: File, reporter: &Reporter) -> i32 {
    let _ = started.read(&mut [0]);
    // A program that failed has said so before: the gateway heeds the first word only.
    reporter.say(&Report::Running);
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((id, status))) if id == program && has_ended(status) => {
                reporter.say(&Report::Ended { status: status.as_raw() });
                return 0;
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 2,
        }
    }
}

fn has_ended(status: WaitStatus) -> bool {
    status.exited() || status.signaled()
}
