//! Attempts to take more than a program may have.

use std::fs::{self, File};
use std::io::{self, Read, Write};

/// All at once; each waits to be ended.
pub(super) fn fork_many(count: usize) -> io::Result<()> {
    let mut children = Vec::new();
    let mut result = Ok(());
    while children.len() < count && result.is_ok() {
        match unsafe { libc::fork() } {
            -1 => result = Err(io::Error::last_os_error()),
            0 => loop {
                unsafe { libc::pause() };
            },
            child => children.push(child),
        }
    }
    end_all(&children);
    result
}

pub(super) fn take_memory(megabytes: usize) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(megabytes << 20).map_err(io::Error::other)?;
    memory.resize(megabytes << 20, 1);
    std::hint::black_box(&memory);
    Ok(())
}

/// Each child takes no more than one process may; all keep theirs until each has it.
pub(super) fn take_memory_in_children(count: usize) -> io::Result<()> {
    let (mut results, child_results) = io::pipe()?;
    let mut children = Vec::new();
    for _ in 0..count {
        match unsafe { libc::fork() } {
            0 => {
                if take_memory_for_good(100).is_ok() {
                    (&child_results).write_all(b"x")?;
                }
                drop(child_results);
                loop {
                    unsafe { libc::pause() };
                }
            }
            child => children.push(child),
        }
    }
    drop(child_results);
    let mut done = Vec::new();
    results.read_to_end(&mut done)?;
    end_all(&children);
    let done = done.len();
    if done == count {
        return Ok(());
    }
    Err(io::Error::other(format!("{done} of {count} got their memory")))
}

fn end_all(children: &[libc::pid_t]) {
    for &child in children {
        unsafe {
            libc::kill(child, libc::SIGKILL);
            libc::waitpid(child, std::ptr::null_mut(), 0);
        }
    }
}

fn take_memory_for_good(megabytes: usize) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(megabytes << 20).map_err(io::Error::other)?;
    memory.resize(megabytes << 20, 1);
    std::mem::forget(memory);
    Ok(())
}

pub(super) fn fill(megabytes: usize) -> io::Result<()> {
    let directory = format!("/tmp/fill-{}", std::process::id());
    fs::create_dir(&directory)?;
    let result = (0..megabytes).try_for_each(|number| {
        File::create(format!("{directory}/{number}"))?.write_all(&[1; 1 << 20])
    });
    fs::remove_dir_all(&directory)?;
    result
}

/// Every copy makes copies until no more can be made. Not harmless.
pub(super) fn fork_for_ever() -> io::Result<()> {
    let own = std::process::id();
    loop {
        if unsafe { libc::fork() } == -1 {
            let error = io::Error::last_os_error();
            if std::process::id() == own {
                return Err(error);
            }
            loop {
                unsafe { libc::pause() };
            }
        }
    }
}

/// All open at once.
pub(super) fn open_many(count: usize) -> io::Result<()> {
    let files = (0..count).map(|_| File::open("/dev/null"));
    files.collect::<io::Result<Vec<_>>>().map(|_| ())
}

/// Writes for as long as somebody reads.
pub(super) fn flood() -> io::Result<()> {
    let block = [b'x'; 64 * 1024];
    loop {
        io::stdout().write_all(&block)?;
    }
}
