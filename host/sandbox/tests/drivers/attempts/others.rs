//! Attempts on other processes.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

pub(super) fn find_environment(marker: &str) -> io::Result<()> {
    let found = processes()?.any(|id| {
        let text = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        text.windows(marker.len()).any(|window| window == marker.as_bytes())
    });
    if found { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Sees that a process was started by this command.
pub(super) fn see(process: &str, command: &str) -> io::Result<()> {
    let text = fs::read(format!("/proc/{process}/cmdline"))?;
    let seen = text.starts_with(command.as_bytes());
    if seen { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Opens the memory of any process but this one.
pub(super) fn open_memory() -> io::Result<()> {
    let own = std::process::id().to_string();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for id in processes()?.filter(|id| *id != own) {
        match OpenOptions::new().write(true).open(format!("/proc/{id}/mem")) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn processes() -> io::Result<impl Iterator<Item = String>> {
    let names = fs::read_dir("/proc")?.flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Stops it and lets it go on.
pub(super) fn trace(process: &str) -> io::Result<()> {
    let process = id(process)?;
    let none = std::ptr::null::<libc::c_char>();
    unsafe {
        if libc::ptrace(libc::PTRACE_ATTACH, process, none, none) < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::waitpid(process, std::ptr::null_mut(), libc::__WALL);
        libc::ptrace(libc::PTRACE_DETACH, process, none, none);
    }
    Ok(())
}

/// Whether a signal would reach it. None is sent.
pub(super) fn signal(process: &str) -> io::Result<()> {
    if unsafe { libc::kill(id(process)?, 0) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

fn id(process: &str) -> io::Result<libc::pid_t> {
    process.parse().map_err(io::Error::other)
}

/// A process with another parent, another session and no ear for signals.
pub(super) fn leave_behind(marker: &str) -> io::Result<()> {
    match unsafe { libc::fork() } {
        0 => {
            unsafe { libc::setsid() };
            if unsafe { libc::fork() } != 0 {
                unsafe { libc::_exit(0) };
            }
            ignore_signals();
            Err(Command::new("/bin/sleep").arg(marker).exec())
        }
        child => {
            unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            Ok(())
        }
    }
}

pub(super) fn ignore_signals() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}
