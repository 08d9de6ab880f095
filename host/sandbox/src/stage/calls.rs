//! The list of system calls that a program may make.
//!
//! Files, memory, threads, time, signals, pipes and sockets. Not in it, and so refused with
//! `EPERM`: tracing and reading other processes, new namespaces and mounts, keyrings, `bpf`,
//! `perf_event_open`, `io_uring`, `userfaultfd`, modules, clocks, swap, quotas, handles of files,
//! and whatever a newer kernel adds. `clone3` is answered as if the kernel did not have it, so that
//! C libraries fall back to `clone`, whose flags a filter can see.
//! Sockets are local ones; with an outlet to connect to, TCP over IPv4 too.

use std::fs::File;
use std::io::{self, Seek, Write};

use libc::c_long;
use rustix::fs::{MemfdFlags, memfd_create};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use serde_json::json;

use super::StageProblem;
use crate::layer::Layer;
use crate::outlet::NetworkAccess;

/// A system call's name and number here.
type Call = (&'static str, c_long);

macro_rules! calls {
    ($($call:ident),* $(,)?) => { &[$((stringify!($call), libc::$call)),*] };
}

/// Flags of `clone` that make namespaces.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// Bits of a socket's type that are not flags (`SOCK_TYPE_MASK` of the kernel).
const TYPE_BITS: u64 = 0xf;

/// Protocols of an IPv4 stream that are TCP: as the default, and by number. Others, such as MPTCP,
/// Landlock does not look at.
const TCP: [i32; 2] = [0, libc::IPPROTO_TCP];

/// Requests of `ioctl` that type into a terminal as if somebody sat there.
const TYPING: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];

/// Files and directories.
const FILES: &[Call] = calls![
    SYS_chdir,
    SYS_close,
    SYS_close_range,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_fcntl,
    SYS_fdatasync,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_flock,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_getcwd,
    SYS_getdents64,
    SYS_getxattr,
    SYS_inotify_add_watch,
    SYS_inotify_init1,
    SYS_inotify_rm_watch,
    SYS_lgetxattr,
    SYS_linkat,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_lseek,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_openat,
    SYS_openat2,
    SYS_pipe2,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_read,
    SYS_readahead,
    SYS_readlinkat,
    SYS_readv,
    SYS_renameat,
    SYS_renameat2,
    SYS_sendfile,
    SYS_splice,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_sync_file_range,
    SYS_tee,
    SYS_truncate,
    SYS_umask,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_write,
    SYS_writev,
];

/// Memory.
const MEMORY: &[Call] = calls![
    SYS_brk,
    SYS_get_mempolicy,
    SYS_madvise,
    SYS_membarrier,
    SYS_memfd_create,
    SYS_mincore,
    SYS_mlock,
    SYS_mlock2,
    SYS_mmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_msync,
    SYS_munlock,
    SYS_munmap,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
];

/// Processes, threads, signals, users as they are.
const PROCESSES: &[Call] = calls![
    SYS_capget,
    SYS_execve,
    SYS_execveat,
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_get_robust_list,
    SYS_getcpu,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getpgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getpriority,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrusage,
    SYS_getsid,
    SYS_gettid,
    SYS_getuid,
    SYS_kill,
    SYS_landlock_add_rule,
    SYS_landlock_create_ruleset,
    SYS_landlock_restrict_self,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_prctl,
    SYS_prlimit64,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigqueueinfo,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_rt_tgsigqueueinfo,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_getaffinity,
    SYS_sched_getattr,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_rr_get_interval,
    SYS_sched_setaffinity,
    SYS_sched_yield,
    SYS_seccomp,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_setpgid,
    SYS_setpriority,
    SYS_setsid,
    SYS_sigaltstack,
    SYS_tgkill,
    SYS_tkill,
    SYS_wait4,
    SYS_waitid,
];

/// Time, waiting, queues, randomness, what the system is.
const WAITING: &[Call] = calls![
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_getitimer,
    SYS_getrandom,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_ppoll,
    SYS_pselect6,
    SYS_setitimer,
    SYS_signalfd4,
    SYS_sysinfo,
    SYS_timer_create,
    SYS_timer_delete,
    SYS_timer_getoverrun,
    SYS_timer_gettime,
    SYS_timer_settime,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    SYS_times,
    SYS_uname,
];

/// Sockets, but for making them.
const SOCKETS: &[Call] = calls![
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_connect,
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_listen,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_setsockopt,
    SYS_shutdown,
];

/// Calls that newer architectures do without.
#[cfg(target_arch = "x86_64")]
const OLD: &[Call] = calls![
    SYS_access,
    SYS_alarm,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_chown,
    SYS_creat,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_eventfd,
    SYS_fork,
    SYS_getdents,
    SYS_getpgrp,
    SYS_getrlimit,
    SYS_inotify_init,
    SYS_lchown,
    SYS_link,
    SYS_lstat,
    SYS_mkdir,
    SYS_open,
    SYS_pause,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_setrlimit,
    SYS_signalfd,
    SYS_stat,
    SYS_symlink,
    SYS_time,
    SYS_unlink,
    SYS_utime,
    SYS_utimes,
    SYS_vfork,
];

#[cfg(not(target_arch = "x86_64"))]
const OLD: &[Call] = &[];

const LISTS: [&[Call]; 6] = [FILES, MEMORY, PROCESSES, WAITING, SOCKETS, OLD];

/// The same list as a document for container runtimes (OCI runtime specification, "Seccomp"). A
/// container has no terminal, so `ioctl` is not looked into.
pub(crate) fn profile(network: NetworkAccess) -> serde_json::Value {
    let names: Vec<&str> = LISTS.into_iter().flatten().map(|(name, _)| plain_name(name)).collect();
    let equal =
        |index: u8, value: i32| json!({"index": index, "value": value, "op": "SCMP_CMP_EQ"});
    let mut rules = vec![
        json!({"names": names, "action": "SCMP_ACT_ALLOW"}),
        json!({"names": ["ioctl"], "action": "SCMP_ACT_ALLOW"}),
        json!({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::ENOSYS}),
        json!({
            "names": ["clone"], "action": "SCMP_ACT_ALLOW",
            "args": [{
                "index": 0, "value": NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ",
            }],
        }),
    ];
    rules.push(json!({
        "names": ["socket", "socketpair"], "action": "SCMP_ACT_ALLOW",
        "args": [equal(0, libc::AF_UNIX)],
    }));
    rules.extend(protocols(network).iter().map(|&protocol| {
        let stream = json!({
            "index": 1, "value": TYPE_BITS, "valueTwo": libc::SOCK_STREAM,
            "op": "SCMP_CMP_MASKED_EQ",
        });
        let arguments = [equal(0, libc::AF_INET), stream, equal(2, protocol)];
        json!({"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": arguments})
    }));
    json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": libc::EPERM,
        "syscalls": rules,
    })
}

fn plain_name(constant: &str) -> &str {
    constant.strip_prefix("SYS_").unwrap_or(constant)
}

/// Allows the calls of the list, for this process and all that come of it.
pub(super) fn restrict(network: NetworkAccess) -> Result<(), StageProblem> {
    let failed = |what: String| StageProblem { layer: Some(Layer::SystemCalls), errno: None, what };
    let filters = filters(network).map_err(|error| failed(error.to_string()))?;
    filters.iter().try_for_each(|filter| {
        seccompiler::apply_filter(filter).map_err(|error| failed(error.to_string()))
    })
}

/// The filters as files, in the form in which the kernel takes them (`struct sock_filter`), for a
/// tool that sets them itself.
pub(super) fn filter_files(network: NetworkAccess) -> io::Result<Vec<File>> {
    let filters = filters(network).map_err(io::Error::other)?;
    let file = |filter: &BpfProgram| {
        let mut file = File::from(memfd_create("sandbox-filter", MemfdFlags::CLOEXEC)?);
        for step in filter {
            file.write_all(&step.code.to_ne_bytes())?;
            file.write_all(&[step.jt, step.jf])?;
            file.write_all(&step.k.to_ne_bytes())?;
        }
        file.rewind()?;
        Ok(file)
    };
    filters.iter().map(file).collect()
}

/// The filters in the order in which they are set: of two errors the kernel gives the later's.
pub(crate) fn filters(
    network: NetworkAccess,
) -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let mut rules: Vec<(c_long, Vec<SeccompRule>)> =
        LISTS.into_iter().flatten().map(|&(_, call)| (call, Vec::new())).collect();
    rules.push((libc::SYS_clone3, Vec::new()));
    let without = argument(0, Length::Qword, Is::MaskedEq(NAMESPACES), 0)?;
    rules.push((libc::SYS_clone, vec![SeccompRule::new(vec![without])?]));
    rules.push((libc::SYS_socketpair, vec![local_sockets()?]));
    let streams = protocols(network).iter().map(|&protocol| streams(protocol));
    let sockets = std::iter::once(local_sockets()).chain(streams);
    rules.push((libc::SYS_socket, sockets.collect::<Result<_, _>>()?));
    let others = TYPING.into_iter().map(|request| argument(1, Length::Dword, Is::Ne, request));
    let others = others.collect::<Result<Vec<_>, _>>()?;
    rules.push((libc::SYS_ioctl, vec![SeccompRule::new(others)?]));
    let list = SeccompFilter::new(
        rules.into_iter().collect(),
        error(libc::EPERM),
        SeccompAction::Allow,
        architecture,
    )?;
    let unknown = SeccompFilter::new(
        [(libc::SYS_clone3, Vec::new())].into_iter().collect(),
        SeccompAction::Allow,
        error(libc::ENOSYS),
        architecture,
    )?;
    Ok([list.try_into()?, unknown.try_into()?])
}

fn protocols(network: NetworkAccess) -> &'static [i32] {
    match network {
        NetworkAccess::None => &[],
        NetworkAccess::Outlet => &TCP,
    }
}

fn local_sockets() -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![number(0, libc::AF_UNIX)?])
}

fn streams(protocol: i32) -> Result<SeccompRule, seccompiler::BackendError> {
    let stream = u64::from(libc::SOCK_STREAM.unsigned_abs());
    SeccompRule::new(vec![
        number(0, libc::AF_INET)?,
        argument(1, Length::Dword, Is::MaskedEq(TYPE_BITS), stream)?,
        number(2, protocol)?,
    ])
}

fn number(index: u8, value: i32) -> Result<SeccompCondition, seccompiler::BackendError> {
    argument(index, Length::Dword, Is::Eq, u64::from(value.unsigned_abs()))
}

fn argument(
    number: u8,
    length: Length,
    is: Is,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(number, length, is, value)
}

fn error(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_can_be_made_and_fit_what_the_kernel_takes() {
        for network in [NetworkAccess::None, NetworkAccess::Outlet] {
            for filter in filters(network).unwrap() {
                assert!(filter.len() <= 4096, "{} instructions", filter.len());
            }
        }
    }

    #[test]
    fn dangerous_calls_are_not_in_the_list() {
        let refused = [
            libc::SYS_add_key,
            libc::SYS_bpf,
            libc::SYS_clone3,
            libc::SYS_fsopen,
            libc::SYS_init_module,
            libc::SYS_io_uring_setup,
            libc::SYS_kexec_load,
            libc::SYS_keyctl,
            libc::SYS_mount,
            libc::SYS_mount_setattr,
            libc::SYS_name_to_handle_at,
            libc::SYS_open_by_handle_at,
            libc::SYS_perf_event_open,
            libc::SYS_personality,
            libc::SYS_pidfd_getfd,
            libc::SYS_pivot_root,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_ptrace,
            libc::SYS_setns,
            libc::SYS_settimeofday,
            libc::SYS_swapon,
            libc::SYS_umount2,
            libc::SYS_unshare,
            libc::SYS_userfaultfd,
        ];
        for call in refused {
            assert!(
                !LISTS.iter().any(|list| list.iter().any(|(_, one)| *one == call)),
                "call {call}"
            );
        }
    }
}
