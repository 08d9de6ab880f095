//! A started run: its streams, its group, its end.

use std::fs::File;
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tempfile::TempDir;

use crate::cgroup::RunGroups;
use crate::order::Report;

/// Leader of a process group, not yet reaped.
///
/// Until it is reaped its id, and so the group's, belongs to nobody else: the group is therefore
/// killed before, and never after. Dropping it kills the group.
pub struct Running {
    child: Child,
    leader: Pid,
    reaped: bool,
    report: Option<File>,
    outlet: Option<TcpListener>,
    traces: Option<Traces>,
}

/// The program's ends of its streams.
pub struct Streams {
    /// Standard input, if it gets one.
    pub stdin: Option<ChildStdin>,
    /// Standard output.
    pub stdout: Option<ChildStdout>,
    /// Standard error.
    pub stderr: Option<ChildStderr>,
}

impl Running {
    pub(crate) fn new(child: Child, report: Option<File>, traces: Traces) -> Self {
        let leader = Pid::from_child(&child);
        Self { leader, child, reaped: false, report, outlet: None, traces: Some(traces) }
    }

    /// Takes the streams.
    pub fn streams(&mut self) -> Streams {
        Streams {
            stdin: self.child.stdin.take(),
            stdout: self.child.stdout.take(),
            stderr: self.child.stderr.take(),
        }
    }

    /// The streams of a run whose program is not known yet.
    pub(crate) fn held_streams(&mut self) -> (&mut Option<ChildStdin>, &mut Option<ChildStdout>) {
        (&mut self.child.stdin, &mut self.child.stdout)
    }

    /// What was said on standard error, up to a kilobyte, of a run that has ended.
    pub(crate) fn complaint(&mut self) -> String {
        let mut text = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            // What was read before an error is as good.
            let _ = stderr.take(1024).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).trim_end().to_owned()
    }

    /// Whether the leader has ended. What it led may take a moment longer.
    pub(crate) fn has_ended(&self) -> bool {
        let looking = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.reaped || !matches!(waitid(WaitId::Pid(self.leader), looking), Ok(None))
    }

    pub(crate) fn set_outlet(&mut self, outlet: Option<TcpListener>) {
        self.outlet = outlet;
    }

    /// Takes the socket at which the program finds its outlet, if the policy grants one: in the
    /// run's network namespace, listening, blocking. To be closed when the run ends, with all that was
    /// accepted on it: each keeps the namespace.
    pub fn outlet(&mut self) -> Option<TcpListener> {
        self.outlet.take()
    }

    /// The leader's process id, which is the group's.
    pub fn leader(&self) -> Pid {
        self.leader
    }

    /// Kills the whole group. A fork that happens meanwhile is killed too: the kernel adds a
    /// new process to the group and looks for signals under one lock. Where the run has a PID
    /// namespace its first process is in the group, and with it everything in the namespace ends.
    pub fn kill(&self) {
        if !self.reaped {
            // Only fails if nothing is left to kill.
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
    }

    /// Reaps the leader, waiting for its end, and returns the program's status: the stage's word
    /// for it, or the leader's own where there is no stage or it was killed.
    ///
    /// # Errors
    /// The system's.
    pub fn reap(&mut self) -> io::Result<ExitStatus> {
        self.reaped = true;
        let own = self.child.wait()?;
        Ok(self.reported_status().unwrap_or(own))
    }

    fn reported_status(&mut self) -> Option<ExitStatus> {
        let mut text = String::new();
        // The pipe does not block: nothing more comes from a stage that is gone.
        let _ = self.report.take()?.read_to_string(&mut text);
        text.lines().find_map(|line| match serde_json::from_str(line) {
            Ok(Report::Ended { status }) => Some(ExitStatus::from_raw(status)),
            _ => None,
        })
    }

    /// Takes what is to be removed when every process of the run has been reaped.
    pub fn traces(&mut self) -> Traces {
        self.traces.take().unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        if !self.reaped {
            let _ = self.child.try_wait();
        }
    }
}

/// What a run leaves outside of its namespaces: control groups, and with the driver `basic` a
/// directory. Dropping it removes them as far as they can be removed at once.
#[derive(Default)]
pub struct Traces {
    pub(crate) directory: Option<TempDir>,
    pub(crate) groups: Option<RunGroups>,
}

impl Traces {
    /// Removes them. May block for as long as the kernel takes to let go of a control group.
    ///
    /// # Errors
    /// What is left behind, and why.
    pub fn remove(self) -> io::Result<()> {
        let groups = self.groups.map_or(Ok(()), RunGroups::remove);
        let directory = self.directory.map_or(Ok(()), TempDir::close);
        groups.and(directory)
    }
}
