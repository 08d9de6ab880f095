//! The demo's gateway as a child process, ended with the demo.
//!
//! It has a process group of its own, so that Ctrl-C in a terminal reaches only xtask, which then
//! asks the gateway once. Dropping [`Gateway`] ends the process: no error path leaves it behind.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::readiness;

/// How often the child and the signals are looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// A gateway that is not ready by then never will be.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Requests in flight may end; then patience does.
const END_WITHIN: Duration = Duration::from_secs(30);

/// A running gateway.
pub(super) struct Gateway {
    child: Child,
    told_to_end: Arc<AtomicBool>,
}

impl Gateway {
    /// Starts the program; `told_to_end` is set when the user has had enough.
    pub(super) fn start(mut command: Command, told_to_end: Arc<AtomicBool>) -> Result<Self> {
        command.stdin(Stdio::null()).process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child, told_to_end })
    }

    /// True once `/health/ready` says so; false when the user ended the demo before.
    pub(super) fn wait_until_ready(&mut self, listen: SocketAddr) -> Result<bool> {
        let end = Instant::now() + READY_WITHIN;
        let mut last = String::new();
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended by itself before it was ready: {status}");
            }
            if self.told_to_end.load(Ordering::Relaxed) {
                self.end()?;
                return Ok(false);
            }
            match readiness::ask(listen) {
                Ok(200) => return Ok(true),
                Ok(status) => last = format!("/health/ready answers {status}"),
                Err(error) => last = format!("/health/ready: {error}"),
            }
            std::thread::sleep(GLANCE);
        }
        bail!("the gateway is not ready after {} s: {last}", READY_WITHIN.as_secs())
    }

    /// Returns when the user or the gateway itself has had enough.
    pub(super) fn serve_until_ended(&mut self) -> Result<()> {
        while !self.told_to_end.load(Ordering::Relaxed) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended by itself: {status}");
            }
            std::thread::sleep(GLANCE);
        }
        let status = self.end()?;
        println!("\n   the gateway has ended: {status}");
        Ok(())
    }

    /// Asks it to end, waits, and insists.
    fn end(&mut self) -> Result<ExitStatus> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It fails only if the process has just ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let end = Instant::now() + END_WITHIN;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(GLANCE);
        }
        self.child.kill()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both do nothing where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with 200.
    fn ready_once() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        });
        address
    }

    fn endless() -> Command {
        let mut command = Command::new("sleep");
        command.arg("1000");
        command
    }

    fn is_running(pid: u32) -> bool {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::test_kill_process(pid).is_ok()
    }

    #[test]
    fn the_gateway_serves_until_the_user_ends_it() {
        let told_to_end = Arc::new(AtomicBool::new(false));
        let mut gateway = Gateway::start(endless(), Arc::clone(&told_to_end)).unwrap();
        let pid = gateway.child.id();
        assert!(gateway.wait_until_ready(ready_once()).unwrap());
        assert!(is_running(pid));
        told_to_end.store(true, Ordering::Relaxed);
        gateway.serve_until_ended().unwrap();
        assert!(!is_running(pid));
    }

    #[test]
    fn a_user_who_does_not_wait_ends_it_too() {
        let mut gateway = Gateway::start(endless(), Arc::new(AtomicBool::new(true))).unwrap();
        assert!(!gateway.wait_until_ready("127.0.0.1:9".parse().unwrap()).unwrap());
        assert!(!is_running(gateway.child.id()));
    }

    #[test]
    fn a_gateway_that_ends_by_itself_is_an_error() {
        let told_to_end = Arc::new(AtomicBool::new(false));
        let mut gateway = Gateway::start(Command::new("false"), told_to_end).unwrap();
        let error = gateway.serve_until_ended().unwrap_err().to_string();
        assert!(error.contains("ended by itself: exit status: 1"), "{error}");
    }

    #[test]
    fn an_error_path_leaves_no_process_behind() {
        let gateway = Gateway::start(endless(), Arc::new(AtomicBool::new(false))).unwrap();
        let pid = gateway.child.id();
        drop(gateway);
        assert!(!is_running(pid));
    }
}
