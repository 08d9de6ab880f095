//! The end of a started program and of its group.

use std::io;
use std::process::ExitStatus;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use sandbox::Running;

use super::descriptor::EndDescriptor;

/// Kills what is left, and returns the program's status once every process of the group is gone.
pub(super) async fn finish(running: &mut Running) -> io::Result<ExitStatus> {
    running.kill();
    ended(running.leader()).await?;
    let status = running.reap()?;
    reap_group(running.leader()).await?;
    Ok(status)
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
