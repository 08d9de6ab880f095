//! System calls that have no safe wrapper.
//!
//! `unsafe` is allowed here for these: a fork, which is sound because a stage has one thread;
//! descriptors that were inherited by number; and calls that take plain data.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::Pid;
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::report::Reporter;
use crate::order::{ORDER_DESCRIPTOR, REPORT_DESCRIPTOR};

/// Flag of an interface that is switched on, in the width that `ifreq` has.
const IFF_UP: libc::c_short = libc::IFF_UP as libc::c_short;

/// Leaves namespaces for new ones.
pub(super) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: no flag of the stage unshares the table of descriptors, on which the safety of
    // owned descriptors rests.
    unsafe { unshare_unsafe(flags) }
}

/// Which side of a fork this is.
pub(super) enum Fork {
    Child,
    Parent(Pid),
}

/// Copies this process.
pub(super) fn fork() -> io::Result<Fork> {
    // SAFETY: a stage has one thread, so the copy holds no lock of another.
    match unsafe { libc::fork() } {
        0 => Ok(Fork::Child),
        id => Pid::from_raw(id)
            .filter(|_| id > 0)
            .map(Fork::Parent)
            .ok_or_else(io::Error::last_os_error),
    }
}

/// Takes the descriptors that the gateway gave, and lets no program inherit them.
pub(super) fn adopt() -> io::Result<(File, Reporter)> {
    let order = take(ORDER_DESCRIPTOR)?;
    let report = take(REPORT_DESCRIPTOR)?;
    close_strangers();
    Ok((File::from(order), Reporter::new(File::from(report))))
}

/// What the gateway's own parent left open, say.
fn close_strangers() {
    let first = REPORT_DESCRIPTOR.unsigned_abs() + 1;
    // SAFETY: plain numbers; the stage has opened nothing yet. A failure leaves them to
    // [`close_the_rest`].
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
}

fn take(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: `fcntl` is asked first whether the number is an open descriptor; the stage calls
    // this once for each number, before it opens anything, so nobody else owns it.
    let descriptor = unsafe {
        let known = std::os::fd::BorrowedFd::borrow_raw(number);
        fcntl_getfd(known)?;
        OwnedFd::from_raw_fd(number)
    };
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
    Ok(descriptor)
}

/// Switches on the loopback interface of this network namespace (`netdevice(7)`).
pub(super) fn raise_loopback() -> io::Result<()> {
    let any = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    // SAFETY: all zeros is a name of no interface and a union of numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    // SAFETY: the kernel reads and writes one `ifreq`, which is valid for the call.
    if unsafe { libc::ioctl(any.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just written this member of the union.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    request.ifr_ifru.ifru_flags = flags | IFF_UP;
    // SAFETY: the kernel reads one `ifreq`, which is valid for the call.
    match unsafe { libc::ioctl(any.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether mounts below are sealed too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    One,
    Tree,
}

/// Forbids writing, setuid and devices in a mount (`mount_setattr(2)`, Linux 5.12).
pub(super) fn seal(path: &Path, reach: Reach) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = if reach == Reach::Tree { libc::AT_RECURSIVE } else { 0 };
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: path and attributes are valid for the call, and the size is that of the attributes.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets no program inherit what is open beside its three streams.
pub(super) fn close_the_rest() -> io::Result<()> {
    // SAFETY: plain numbers; nothing is closed before exec.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3 as libc::c_uint,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
