//! Attempts on the kernel: calls that a program has no use for.

use std::io;
use std::os::fd::AsRawFd;

/// Attempts that are one system call.
pub(super) fn call(name: &str) -> io::Result<()> {
    let none = std::ptr::null::<libc::c_char>();
    let answer = unsafe {
        match name {
            "ptrace" => libc::ptrace(libc::PTRACE_TRACEME, 0, none, none),
            "user-namespace" => libc::c_long::from(libc::unshare(libc::CLONE_NEWUSER)),
            "mount-namespace" => libc::c_long::from(libc::unshare(libc::CLONE_NEWNS)),
            "network-namespace" => libc::c_long::from(libc::unshare(libc::CLONE_NEWNET)),
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
                // The clock of this process (PERF_TYPE_SOFTWARE), which every kernel has.
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
            "host-name" => set_host_name(),
            "userfaultfd" => libc::syscall(libc::SYS_userfaultfd, 0),
            "join-namespace" => return join_namespace(),
            "open-by-handle" => return open_by_handle(),
            "become-root" => {
                libc::setuid(0);
                return be_root();
            }
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

/// Where it may, of a host that nobody else is on.
unsafe fn set_host_name() -> libc::c_long {
    unsafe {
        libc::unshare(libc::CLONE_NEWUTS);
        libc::c_long::from(libc::sethostname(c"x".as_ptr(), 1))
    }
}

/// The one that it is in, which takes the same right as any other.
fn join_namespace() -> io::Result<()> {
    let namespace = std::fs::File::open("/proc/self/ns/net")?;
    match unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A file by its number instead of its name: what once led out of containers.
fn open_by_handle() -> io::Result<()> {
    let mut handle = [0_u32; 34];
    handle[0] = 128;
    let mut mount = 0;
    let root = std::fs::File::open("/usr/bin")?;
    let descriptor = root.as_raw_fd();
    let empty = c"".as_ptr();
    let answer = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            descriptor,
            empty,
            handle.as_mut_ptr(),
            &raw mut mount,
            libc::AT_EMPTY_PATH,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    let call = libc::SYS_open_by_handle_at;
    match unsafe { libc::syscall(call, descriptor, handle.as_ptr(), libc::O_RDONLY) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether this process is root where it was started, not in a user namespace alone.
pub(super) fn be_root() -> io::Result<()> {
    let user = unsafe { libc::geteuid() };
    let map = std::fs::read_to_string("/proc/self/uid_map")?;
    let outside = map.split_whitespace().nth(1);
    if user == 0 && outside == Some("0") {
        return Ok(());
    }
    Err(io::Error::other(format!("user {user}, where 0 is {outside:?}")))
}
