//! The stage's way to tell the gateway.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::AsFd;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::StageProblem;
use crate::order::Report;

/// The socket to the gateway. Each report is one write, so that lines of processes do not mix.
pub(super) struct Reporter(File);

impl Reporter {
    pub(super) fn new(socket: File) -> Self {
        Self(socket)
    }

    /// Says something. A gateway that does not listen has its reasons.
    pub(super) fn say(&self, report: &Report) {
        if let Ok(mut line) = serde_json::to_vec(report) {
            line.push(b'\n');
            let _ = (&self.0).write_all(&line);
        }
    }

    /// Gives the gateway a listening socket.
    pub(super) fn hand_over(&self, outlet: TcpListener) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Report::Outlet)?;
        line.push(b'\n');
        let descriptors = [outlet.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut extra = SendAncillaryBuffer::new(&mut space);
        extra.push(SendAncillaryMessage::ScmRights(&descriptors));
        let sent = sendmsg(&self.0, &[IoSlice::new(&line)], &mut extra, SendFlags::NOSIGNAL)?;
        if sent == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Says what failed, and returns the exit code for it.
    pub(super) fn fail(&self, problem: StageProblem) -> i32 {
        self.say(&problem.into());
        2
    }
}
