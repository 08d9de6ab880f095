//! A started program: its group, its end.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::descriptor::EndDescriptor;

/// Leader of a process group, not yet reaped.
///
/// Until it is reaped its id, and so the group's, belongs to nobody else: the group is therefore
/// killed before, and never after. Dropping it kills the group; only when the runtime ends under
/// a supervisor does it come to that.
pub(super) struct Program {
    child: Child,
    leader: Pid,
    reaped: bool,
}

/// The program's ends of its streams.
pub(super) struct Streams {
    /// Standard input, if it gets one.
    pub(super) stdin: Option<ChildStdin>,
    /// Standard output.
    pub(super) stdout: Option<ChildStdout>,
    /// Standard error.
    pub(super) stderr: Option<ChildStderr>,
}

impl Program {
    pub(super) fn new(child: Child) -> Self {
        Self { leader: Pid::from_child(&child), child, reaped: false }
    }

    /// Takes the streams.
    pub(super) fn streams(&mut self) -> Streams {
        Streams {
            stdin: self.child.stdin.take(),
            stdout: self.child.stdout.take(),
            stderr: self.child.stderr.take(),
        }
    }

    /// The leader, for [`ended`].
    pub(super) fn leader(&self) -> Pid {
        self.leader
    }

    /// Kills the whole group. A fork that happens meanwhile is killed too: the kernel adds a
    /// new process to the group and looks for signals under one lock.
    pub(super) fn kill(&self) {
        if !self.reaped {
            // Only fails if nothing is left to kill.
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
    }

    /// Kills what is left, and returns the leader's status once every process of the group is
    /// gone.
    pub(super) async fn finish(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        ended(self.leader).await?;
        self.reaped = true;
        let status = self.child.wait()?;
        reap_group(self.leader).await?;
        Ok(status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if !self.reaped {
            let _ = self.child.try_wait();
        }
    }
}

/// Waits until the leader has ended, and leaves it to be reaped.
pub(super) async fn ended(leader: Pid) -> io::Result<()> {
    if let Ok(descriptor) = EndDescriptor::open(leader) {
        return descriptor.readable().await;
    }
    // No descriptor is free, or the kernel is older than 5.10: a thread of the blocking pool
    // waits instead.
    let wait = move || waitid(WaitId::Pid(leader), exited());
    tokio::task::spawn_blocking(wait).await??;
    Ok(())
}

/// Reaps what is left of a group that was killed.
///
/// The gateway is the subreaper of its descendants, so that a process whose parent has ended is
/// its child: by the time a process can be waited for, its own children have been handed over.
/// When no child of the group is left, nothing of the group is.
async fn reap_group(leader: Pid) -> io::Result<()> {
    let group = move || WaitId::Pgid(Some(leader));
    loop {
        match waitid(group(), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let wait = move || waitid(group(), exited());
                match tokio::task::spawn_blocking(wait).await? {
                    Ok(_) | Err(Errno::CHILD) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(Errno::CHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn exited() -> WaitIdOptions {
    WaitIdOptions::EXITED | WaitIdOptions::NOWAIT
}
