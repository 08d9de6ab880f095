//! Starts a stage and hears whether it became the program.

use std::fs::File;
use std::io::{self, IoSliceMut, Seek};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, fcntl_setfl, memfd_create};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType,
    recvmsg, socketpair,
};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use rustix::thread::{CapabilitySet, capabilities};

use super::SpawnProblem;
use crate::layer::LayerState;
use crate::order::{Identity, ORDER_DESCRIPTOR, Order, REPORT_DESCRIPTOR, Report};
use crate::outlet::NetworkAccess;
use crate::running::{Running, Traces};
use crate::stage::STAGE_ARGUMENT;

/// User and group `nobody`, by convention of Linux and of user namespaces.
pub(crate) const NOBODY: u32 = 65534;

/// This program, also after its file was replaced.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// How long a stage may take. It takes milliseconds; a binary that does not know the stage, or a
/// file system that hangs, would take for ever.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Longest line of a report.
const MAX_REPORT_BYTES: usize = 16 * 1024;

/// Starts the order's stage.
///
/// # Errors
/// Why the program does not run; the stage and `traces` are gone then.
pub(crate) fn spawn(
    order: &Order,
    feeds_stdin: bool,
    traces: Traces,
) -> Result<Running, SpawnProblem> {
    let (report, mut running) = start(order, feeds_stdin, traces).map_err(SpawnProblem::Driver)?;
    match hear(&report) {
        Ok(Heard { report: Report::Running, outlet })
            if outlet.is_some() == (order.network == NetworkAccess::Outlet) =>
        {
            running.set_outlet(outlet);
            Ok(running)
        }
        Ok(heard) => {
            end(running);
            Err(problem(heard.report))
        }
        Err(error) => {
            running.kill();
            let status = running.reap().map(|status| status.to_string()).unwrap_or_default();
            end(running);
            let text = format!("the stage said nothing of use ({error}) and ended with {status}");
            Err(SpawnProblem::Driver(io::Error::other(text)))
        }
    }
}

fn start(order: &Order, feeds_stdin: bool, traces: Traces) -> io::Result<(File, Running)> {
    let mut file = File::from(memfd_create("sandbox-order", MemfdFlags::CLOEXEC)?);
    order.write_to(&mut file)?;
    file.rewind()?;
    let (report, stage_report) =
        socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    let mut command = Command::new(OWN_PROGRAM);
    command
        .arg(STAGE_ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(if feeds_stdin { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .fd_mappings(vec![
            FdMapping { parent_fd: file.into(), child_fd: ORDER_DESCRIPTOR },
            FdMapping { parent_fd: stage_report, child_fd: REPORT_DESCRIPTOR },
        ])
        .map_err(io::Error::other)?;
    let child = command.spawn()?;
    // Closes the stage's end of the report.
    drop(command);
    fcntl_setfl(&report, OFlags::NONBLOCK)?;
    let report = File::from(report);
    let later = report.try_clone()?;
    Ok((report, Running::new(child, Some(later), traces)))
}

/// What a stage says of its start.
struct Heard {
    report: Report,
    outlet: Option<TcpListener>,
}

/// The stage's first word, beside that there is an outlet. Nothing behind it is read.
fn hear(report: &File) -> io::Result<Heard> {
    let deadline = Instant::now() + START_TIMEOUT;
    let mut line = Vec::new();
    let mut outlet = None;
    while line.len() < MAX_REPORT_BYTES {
        let (byte, descriptor) = match read_byte(report) {
            Err(Errno::AGAIN) => {
                wait(report, deadline)?;
                continue;
            }
            other => other?,
        };
        outlet = outlet.or(descriptor.map(TcpListener::from));
        match byte {
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(b'\n') => match serde_json::from_slice(&line)? {
                Report::Outlet => line.clear(),
                report => return Ok(Heard { report, outlet }),
            },
            Some(byte) => line.push(byte),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// The next byte, and the descriptor that came with it. `None` at the end.
fn read_byte(report: &File) -> rustix::io::Result<(Option<u8>, Option<OwnedFd>)> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut extra = RecvAncillaryBuffer::new(&mut space);
    let read =
        recvmsg(report, &mut [IoSliceMut::new(&mut byte)], &mut extra, RecvFlags::CMSG_CLOEXEC)?;
    let descriptor = extra.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
        _ => None,
    });
    Ok(((read.bytes > 0).then_some(byte[0]), descriptor))
}

fn wait(report: &File, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    let mut ready = [PollFd::new(report, PollFlags::IN)];
    match poll(&mut ready, Some(&left))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// Ends a stage that did not become a program, with everything of it.
pub(crate) fn end(mut running: Running) {
    let group = WaitId::Pgid(Some(running.leader()));
    running.kill();
    let _ = running.reap();
    // Its children are the gateway's now, if that adopts what its programs leave behind.
    while waitid(group.clone(), WaitIdOptions::EXITED).is_ok() {}
    let _ = running.traces().remove();
}

fn problem(report: Report) -> SpawnProblem {
    match report {
        Report::Failed { layer: None, errno, what } => {
            SpawnProblem::Program(errno.map_or_else(|| io::Error::other(what), system_error))
        }
        Report::Failed { layer: Some(layer), errno, what } => {
            SpawnProblem::Setup { layer, what, error: errno.map(system_error) }
        }
        Report::Running | Report::Outlet | Report::Ended { .. } => {
            SpawnProblem::Driver(io::Error::other("the stage did not do what it was told"))
        }
    }
}

fn system_error(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

/// Whose rights a run has outside of its user namespace: `nobody`'s if this process may give up
/// its user, else this process's own.
pub(crate) fn identity() -> Identity {
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID;
    let may = capabilities(None).is_ok_and(|own| own.effective.contains(needed))
        && maps_nobody("/proc/self/uid_map")
        && maps_nobody("/proc/self/gid_map")
        && std::fs::read_to_string("/proc/self/setgroups").is_ok_and(|text| text.trim() == "allow");
    if may { Identity::Nobody } else { Identity::Own }
}

/// The layer `user` of a program of this identity.
pub(crate) fn user_state(identity: Identity) -> LayerState {
    match identity {
        Identity::Nobody | Identity::Root => LayerState::Works,
        Identity::Own | Identity::OwnAsRoot => LayerState::Missing(
            "the gateway may not change its user, so programs have its own; what they see is \
             decided by the view alone"
                .to_owned(),
        ),
    }
}

/// The user that a program of this identity finds itself as.
pub(crate) fn user_of(identity: Identity) -> u32 {
    match identity {
        Identity::Nobody | Identity::Root => NOBODY,
        Identity::Own => rustix::process::geteuid().as_raw(),
        Identity::OwnAsRoot => 0,
    }
}

/// Whether a map of a user namespace (`user_namespaces(7)`) has an entry for `nobody`.
pub(crate) fn maps_nobody(path: &str) -> bool {
    let Ok(map) = std::fs::read_to_string(path) else {
        return false;
    };
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_whitespace().flat_map(str::parse).collect();
        matches!(numbers[..], [first, _, count]
            if (first..first.saturating_add(count)).contains(&u64::from(NOBODY)))
    })
}

/// The part of an order that every driver with a stage has in common.
pub(crate) fn gateway() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// Where a run starts in.
pub(crate) fn directory(asked: Option<&PathBuf>) -> PathBuf {
    asked.cloned().unwrap_or_else(|| PathBuf::from(crate::view::SCRATCH))
}
