//! A server process: started, watched through `/proc`, ended.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::affinity::Placement;

/// How long memory may go on changing after a load, and how often it is looked at.
const SETTLING_LOOKS: usize = 60;
const SETTLING_PAUSE: Duration = Duration::from_millis(250);

/// Memory counts as settled when it has not changed by more than 1 % for this many looks.
const SETTLED_LOOKS: usize = 8;

/// A running server.
pub(crate) struct ServerProcess {
    child: Child,
    address: SocketAddr,
    /// Removed with its content after the process has ended.
    workspace: Option<TempDir>,
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// The most so far.
    pub(crate) peak: u64,
}

impl ServerProcess {
    /// Takes over a server that is known to listen.
    pub(crate) fn new(child: Child, address: SocketAddr, workspace: Option<TempDir>) -> Self {
        Self { child, address, workspace }
    }

    /// Runs this program again in a hidden role and waits until it listens.
    ///
    /// # Errors
    /// The child cannot be started, or ends at once.
    pub(crate) fn start_role(arguments: &[String], placement: Option<Placement>) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let spawn = || spawn_role(&program, arguments);
        let mut child = match placement {
            Some(placement) => placement.on_server(spawn)?,
            None => spawn()?,
        };
        let output = child.stdout.take().context("the child has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening ")
            .and_then(|address| address.parse().ok())
            .with_context(|| format!("{arguments:?} did not start: {line:?}"))?;
        Ok(Self::new(child, address, None))
    }

    /// The log, from its start. Only the gateway has one.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn log(&self) -> Result<File> {
        let workspace = self.workspace.as_ref().context("the server has no log")?;
        File::open(workspace.path().join("log")).context("the log cannot be read")
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Processor time of all its threads so far, in steps of one clock tick (10 ms).
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let ticks = ticks_used(&text).with_context(|| format!("cannot read {path}: {text:?}"))?;
        let tick = 1.0 / rustix::param::clock_ticks_per_second() as f64;
        Ok(Duration::from_secs_f64(ticks as f64 * tick))
    }

    /// Resident memory.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let bytes = |name| kilobytes(&text, name).map(|kilobytes| kilobytes * 1024);
        Ok(Memory {
            resident: bytes("VmRSS:").context("the process has ended")?,
            peak: bytes("VmHWM:").context("the process has ended")?,
        })
    }

    /// Waits until resident memory has settled, 15 seconds at most, and reads it.
    ///
    /// # Errors
    /// The process has ended.
    pub(crate) async fn settled_memory(&self) -> Result<Memory> {
        let mut memory = self.memory()?;
        let mut unchanged = 0;
        for _ in 0..SETTLING_LOOKS {
            tokio::time::sleep(SETTLING_PAUSE).await;
            let now = self.memory()?;
            let changed = now.resident.abs_diff(memory.resident) * 100 > memory.resident;
            unchanged = if changed { 0 } else { unchanged + 1 };
            memory = now;
            if unchanged >= SETTLED_LOOKS {
                break;
            }
        }
        Ok(memory)
    }
}

/// The last resort: a benchmark that fails halfway leaves no server behind.
impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn_role(program: &Path, arguments: &[String]) -> Result<Child> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {arguments:?}"))
}

/// `utime` and `stime`, members 14 and 15 of proc(5) `stat`, counted after the name, which may
/// itself hold spaces and brackets.
fn ticks_used(stat: &str) -> Option<u64> {
    let (_, members) = stat.rsplit_once(')')?;
    let mut members = members.split_whitespace().skip(11);
    let user: u64 = members.next()?.parse().ok()?;
    let system: u64 = members.next()?.parse().ok()?;
    Some(user + system)
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(ticks_used(stat), Some(300));
        assert_eq!(ticks_used("7 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_by_name() {
        let status = "VmPeak:\t  9 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(1024));
        assert_eq!(kilobytes(status, "VmHWM:"), Some(2048));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }
}
