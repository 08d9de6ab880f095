//! Waits for the end of a process by descriptor (`pidfd_open(2)`), without reaping it.
//!
//! `unsafe` is allowed here for one call: the runtime's registration asks for the promise that the
//! descriptor stays open and the same for as long as it is registered.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor that is readable as soon as the process has ended.
pub(super) struct EndDescriptor(AsyncFd<OwnedFd>);

impl EndDescriptor {
    /// # Errors
    /// The system's: no descriptor is free, or the kernel is older than 5.10.
    pub(super) fn open(process: Pid) -> io::Result<Self> {
        let descriptor = pidfd_open(process, PidfdFlags::NONBLOCK)?;
        // SAFETY: an `OwnedFd` is open and names the same file until it is dropped, and the
        // registration owns it.
        let registered = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) };
        Ok(Self(registered?))
    }

    /// Waits for the end of the process.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.0.readable().await?.retain_ready();
        Ok(())
    }
}
