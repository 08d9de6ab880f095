//! The program that tries something it must not do.
//!
//! It prints `escaped` and exits with 0 if it could, and prints why not and exits with 1 if it
//! was refused. Each attempt is harmless where nothing refuses it.
#![allow(unsafe_code)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// The first argument of an attempt; the second is its name.
pub(crate) const ATTEMPT_ARGUMENT: &str = "__attempt";

/// Serves as the program if this process was started for it.
pub(crate) fn serve_attempt_if_asked() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name, rest @ ..] = arguments.as_slice()
        && first == ATTEMPT_ARGUMENT
    {
        let code = match make(name, rest) {
            Ok(()) => {
                println!("escaped");
                0
            }
            Err(error) => {
                println!("refused: {error}");
                1
            }
        };
        std::process::exit(code);
    }
}

fn make(name: &str, arguments: &[String]) -> io::Result<()> {
    let first = || arguments.first().cloned().unwrap_or_default();
    match name {
        "print-arguments" => {
            arguments.iter().for_each(|argument| println!("{argument:?}"));
            std::process::exit(0)
        }
        "read" => fs::read(first()).map(|_| ()),
        "read-through-link" => {
            let link = format!("/tmp/link-{}", std::process::id());
            std::os::unix::fs::symlink(first(), &link)?;
            let read = fs::read(&link);
            fs::remove_file(&link)?;
            read.map(|_| ())
        }
        "find-environment" => find_environment(&first()),
        "see-process" => fs::read(format!("/proc/{}/cmdline", first())).and_then(|text| {
            let seen = String::from_utf8_lossy(&text).contains("drivers-");
            if seen { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
        }),
        "write-in" => write_in(&first()),
        "open-to-write" => OpenOptions::new().write(true).open(first()).map(|_| ()),
        "connect" => connect(&first()),
        "route" => route(&first()),
        "abstract-socket" => {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(first())?;
            UnixStream::connect_addr(&address).map(|_| ())
        }
        "fork" => fork_many(first().parse().unwrap_or(0)),
        "memory" => take_memory(first().parse().unwrap_or(0)),
        "memory-of-many" => take_memory_in_children(first().parse().unwrap_or(0)),
        "fill-disk" => fill(first().parse().unwrap_or(0)),
        "euid" => {
            let user = unsafe { libc::geteuid() };
            if user == 0 { Ok(()) } else { Err(io::Error::other(format!("user {user}"))) }
        }
        "exec" => Err(Command::new(first()).args(["__attempt", "euid"]).exec()),
        "leave-behind" => leave_behind(&first()),
        "wait-for-ever" => wait_for_ever(),
        _ => call(name),
    }
}

/// Attempts that are one system call.
fn call(name: &str) -> io::Result<()> {
    let none = std::ptr::null::<libc::c_char>();
    let answer = unsafe {
        match name {
            "ptrace" => libc::ptrace(libc::PTRACE_TRACEME, 0, none, none),
            "user-namespace" => libc::c_long::from(libc::unshare(libc::CLONE_NEWUSER)),
            "mount-namespace" => libc::c_long::from(libc::unshare(libc::CLONE_NEWNS)),
            "clone-namespace" => clone_into_namespace(),
            "mount" => mount_in_namespace(),
            "keyring" => libc::syscall(
                libc::SYS_add_key,
                c"user".as_ptr(),
                c"x".as_ptr(),
                c"y".as_ptr(),
                1,
                -3,
            ),
            "bpf" => {
                // BPF_MAP_CREATE of an array of four bytes.
                let attributes = [2_u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                libc::syscall(libc::SYS_bpf, 0, attributes.as_ptr(), 64)
            }
            "perf" => {
                let mut attributes = [0_u32; 32];
                attributes[0] = 1;
                attributes[1] = 128;
                libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, 0)
            }
            "io-uring" => {
                let mut parameters = [0_u32; 64];
                libc::syscall(libc::SYS_io_uring_setup, 4, parameters.as_mut_ptr())
            }
            "chroot" => libc::c_long::from(libc::chroot(c"/tmp".as_ptr())),
            "host-name" => libc::c_long::from(libc::sethostname(c"x".as_ptr(), 1)),
            "become-root" => libc::c_long::from(libc::setuid(0)),
            _ => return Err(io::Error::other(format!("there is no attempt {name}"))),
        }
    };
    if answer >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

unsafe fn clone_into_namespace() -> libc::c_long {
    let flags = libc::CLONE_NEWUSER | libc::SIGCHLD;
    match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
        0 => unsafe { libc::_exit(0) },
        id => id,
    }
}

unsafe fn mount_in_namespace() -> libc::c_long {
    let none = std::ptr::null();
    unsafe {
        // Where it may, it mounts where nobody else sees it.
        if libc::unshare(libc::CLONE_NEWNS) == 0 {
            libc::mount(
                none,
                c"/".as_ptr(),
                none.cast(),
                libc::MS_REC | libc::MS_PRIVATE,
                none.cast(),
            );
        }
        let tmpfs = c"tmpfs".as_ptr();
        libc::c_long::from(libc::mount(tmpfs, c"/tmp".as_ptr(), tmpfs, 0, none.cast()))
    }
}

fn find_environment(marker: &str) -> io::Result<()> {
    for entry in fs::read_dir("/proc")?.flatten() {
        let text = fs::read(entry.path().join("environ")).unwrap_or_default();
        if text.windows(marker.len()).any(|window| window == marker.as_bytes()) {
            return Ok(());
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn write_in(directory: &str) -> io::Result<()> {
    let path = format!("{directory}/written-{}", std::process::id());
    File::create_new(&path)?;
    fs::remove_file(path)
}

fn connect(address: &str) -> io::Result<()> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).map(|_| ())
}

/// Whether the system knows a way to the address. Nothing is sent.
fn route(address: &str) -> io::Result<()> {
    UdpSocket::bind("0.0.0.0:0")?.connect(address)
}

/// All at once; each waits to be ended.
fn fork_many(count: usize) -> io::Result<()> {
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

fn take_memory(megabytes: usize) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(megabytes << 20).map_err(io::Error::other)?;
    memory.resize(megabytes << 20, 1);
    std::hint::black_box(&memory);
    Ok(())
}

/// Each child takes no more than one process may; all keep theirs until each has it.
fn take_memory_in_children(count: usize) -> io::Result<()> {
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

fn fill(megabytes: usize) -> io::Result<()> {
    let directory = format!("/tmp/fill-{}", std::process::id());
    fs::create_dir(&directory)?;
    let result = (0..megabytes).try_for_each(|number| {
        File::create(format!("{directory}/{number}"))?.write_all(&[1; 1 << 20])
    });
    fs::remove_dir_all(&directory)?;
    result
}

/// A process with another parent, another session and no ear for signals.
fn leave_behind(marker: &str) -> io::Result<()> {
    match unsafe { libc::fork() } {
        0 => {
            unsafe { libc::setsid() };
            if unsafe { libc::fork() } != 0 {
                unsafe { libc::_exit(0) };
            }
            for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
            Err(Command::new("/bin/sleep").arg(marker).exec())
        }
        child => {
            unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            Ok(())
        }
    }
}

fn wait_for_ever() -> io::Result<()> {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    println!("waiting");
    io::stdout().flush()?;
    loop {
        unsafe { libc::pause() };
    }
}
