//! A sandbox that waits for its program: whether it does, and how it gets it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::{SpawnProblem, cage};
use crate::handover::{Handover, READY, TAKEN};
use crate::running::Running;

/// How long a sandbox may take to be ready, which takes a fraction of a second, and to take its
/// program, which takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Waits until the sandbox's first process waits.
///
/// # Errors
/// What the tool said that did not come so far; the sandbox is gone then.
pub(crate) fn until_ready(mut running: Running) -> Result<Running, SpawnProblem> {
    match hear(&mut running, READY) {
        Ok(()) => Ok(running),
        Err(error) => {
            running.kill();
            let status = running.reap().map(|status| status.to_string()).unwrap_or_default();
            let complaint = running.complaint();
            cage::end(running);
            let text = format!(
                "it was not ready for a program ({error}), ended with {status}: {complaint}"
            );
            Err(SpawnProblem::Driver(io::Error::other(text)))
        }
    }
}

fn hear(running: &mut Running, word: u8) -> io::Result<()> {
    let (_, stdout) = running.held_streams();
    let stdout = stdout.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
    wait(stdout.as_fd(), PollFlags::IN, Instant::now() + TIMEOUT)?;
    let mut byte = [0];
    stdout.read_exact(&mut byte)?;
    if byte == [word] { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Tells a sandbox that waits what it is to run.
///
/// # Errors
/// The system's: it no longer waits, or does not listen. Nothing was run; the caller ends it.
pub(crate) fn hand_over(running: &mut Running, handover: &Handover) -> io::Result<()> {
    let frame = handover.frame()?;
    // Its waiting process may still listen for a moment, and be killed with the program in it.
    if running.has_ended() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let (stdin, _) = running.held_streams();
    let pipe = stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let flags = fcntl_getfl(&pipe)?;
    fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
    write(&File::from(pipe.as_fd().try_clone_to_owned()?), &frame)?;
    fcntl_setfl(&pipe, flags)?;
    *stdin = handover.feeds_stdin.then_some(pipe);
    hear(running, TAKEN)
}

fn write(mut pipe: &File, mut frame: &[u8]) -> io::Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    while !frame.is_empty() {
        match pipe.write(frame) {
            Ok(count) => frame = frame.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(pipe.as_fd(), PollFlags::OUT, deadline)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait(file: BorrowedFd<'_>, flags: PollFlags, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    match poll(&mut [PollFd::from_borrowed_fd(file, flags)], Some(&left))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}
