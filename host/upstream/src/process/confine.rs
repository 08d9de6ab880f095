//! Confinement with what every Linux has: user, capabilities, limits, session, call filter.
//!
//! This module is where `unsafe` is allowed, for two reasons: code that runs between fork and exec
//! is unsafe to set up, because another thread may have held a lock when the process was copied;
//! and two system calls have no safe wrapper. So everything in [`Steps::apply`] is a plain
//! system call on data made before the fork: it neither allocates nor locks.
//!
//! A program that left its process group would outlive the kill of that group. The filter
//! therefore refuses `setsid` and `setpgid` with `EPERM` after the program was made a leader
//! itself, and ends a program that calls through another architecture's table.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use exchange::ProcessTarget;
use rustix::fs::Mode;
use rustix::process::{
    Gid, Pid, Resource, Rlimit, Signal, Uid, getpid, getppid, getrlimit,
    set_parent_process_death_signal, setrlimit, setsid, umask,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
    set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use tracing::warn;

use super::ProcessSetupProblem;
use super::sandbox::Sandbox;

/// User and group `nobody`, by convention of Linux and of user namespaces.
const NOBODY: u32 = 65534;

/// Capability numbers are asked for up to here; the kernel says where its own end.
const MAX_CAPABILITIES: libc::c_ulong = 64;

/// System calls of the x32 table carry this bit under the ordinary architecture's name.
const X32_BIT: i64 = 0x4000_0000;

/// The default driver.
pub(super) struct Confinement {
    becomes_nobody: bool,
    filter: Option<Arc<BpfProgram>>,
}

impl Confinement {
    /// Finds out what this process may do, and warns of what it may not.
    pub(super) fn detect() -> Result<Self, ProcessSetupProblem> {
        let filter = group_filter().map_err(ProcessSetupProblem::Filter)?;
        if filter.is_none() {
            warn!("no system call filter here: programs could outlive their requests");
        }
        Ok(Self { becomes_nobody: may_become_nobody(), filter: filter.map(Arc::new) })
    }
}

impl Sandbox for Confinement {
    fn confine(
        &self,
        command: &mut Command,
        directory: &Path,
        target: &ProcessTarget,
    ) -> io::Result<()> {
        if self.becomes_nobody {
            chown(directory, Some(NOBODY), Some(NOBODY))?;
        }
        command.current_dir(directory);
        let steps = Steps {
            gateway: getpid(),
            becomes_nobody: self.becomes_nobody,
            limits: limits_of(target),
            filter: self.filter.clone(),
        };
        // SAFETY: `apply` makes system calls only; see the module's doc.
        unsafe { command.pre_exec(move || steps.apply()) };
        Ok(())
    }
}

/// Whether this process can give up its user: root, with the capabilities for it, in a user
/// namespace that knows `nobody`.
fn may_become_nobody() -> bool {
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::CHOWN;
    capabilities(None).is_ok_and(|own| own.effective.contains(needed))
        && maps_nobody("/proc/self/uid_map")
        && maps_nobody("/proc/self/gid_map")
        && std::fs::read_to_string("/proc/self/setgroups").is_ok_and(|text| text.trim() == "allow")
}

/// Whether a map of a user namespace (`user_namespaces(7)`) has an entry for `nobody`.
fn maps_nobody(path: &str) -> bool {
    let Ok(map) = std::fs::read_to_string(path) else {
        return false;
    };
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_whitespace().flat_map(str::parse).collect();
        matches!(numbers[..], [first, _, count]
            if (first..first.saturating_add(count)).contains(&u64::from(NOBODY)))
    })
}

/// The filter that keeps a program in its group; `None` where there is none.
fn group_filter() -> Result<Option<BpfProgram>, seccompiler::BackendError> {
    let Ok(architecture) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(None);
    };
    if !filters_work() {
        return Ok(None);
    }
    let calls = [libc::SYS_setsid, libc::SYS_setpgid];
    let both_tables = calls.into_iter().flat_map(|call| [call, call | X32_BIT]);
    let filter = SeccompFilter::new(
        both_tables.map(|call| (call, Vec::new())).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        architecture,
    )?;
    filter.try_into().map(Some)
}

/// Whether the kernel takes filters that answer with an error.
fn filters_work() -> bool {
    let action = libc::SECCOMP_RET_ERRNO;
    // SAFETY: the kernel reads four bytes at the pointer, which is valid for the call.
    let answer = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action)
    };
    answer == 0
}

/// Soft and hard limits. Processor time ends with `SIGXCPU`, so that the log can say so, and a
/// second later with `SIGKILL`.
fn limits_of(target: &ProcessTarget) -> [(Resource, u64, u64); 6] {
    let cpu_seconds = whole_seconds(target.max_cpu);
    let equal = |resource, limit| (resource, limit, limit);
    [
        equal(Resource::As, target.max_memory_bytes),
        (Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(1)),
        equal(Resource::Nofile, target.max_open_files),
        equal(Resource::Nproc, target.max_processes),
        equal(Resource::Fsize, target.max_file_bytes),
        equal(Resource::Core, 0),
    ]
}

/// Rounded up: a limit of 0 seconds would be none in time to start.
fn whole_seconds(time: Duration) -> u64 {
    let part = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(part).max(1)
}

/// What happens between fork and exec.
struct Steps {
    gateway: Pid,
    becomes_nobody: bool,
    limits: [(Resource, u64, u64); 6],
    filter: Option<Arc<BpfProgram>>,
}

impl Steps {
    fn apply(&self) -> io::Result<()> {
        setsid()?;
        umask(Mode::from_raw_mode(0o077));
        self.drop_privileges()?;
        self.die_with_gateway()?;
        for (resource, soft, hard) in self.limits {
            lower_limit(resource, soft, hard)?;
        }
        close_inherited_files();
        self.filter.as_deref().map_or(Ok(()), |filter| {
            seccompiler::apply_filter(filter).map_err(|_| io::Error::last_os_error())
        })
    }

    /// The bounding set goes first, as it takes a capability to change it.
    fn drop_privileges(&self) -> io::Result<()> {
        empty_bounding_set();
        if self.becomes_nobody {
            let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
            set_thread_groups(&[])?;
            set_thread_res_gid(group, group, group)?;
            set_thread_res_uid(user, user, user)?;
        }
        // Kernels before 4.3 have no ambient set.
        let _ = clear_ambient_capability_set();
        let none = CapabilitySet::empty();
        set_capabilities(
            None,
            CapabilitySets { effective: none, permitted: none, inheritable: none },
        )?;
        Ok(set_no_new_privs(true)?)
    }

    /// After the change of user, which would undo it. If the gateway is gone already, nobody
    /// would send the signal.
    fn die_with_gateway(&self) -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid() == Some(self.gateway) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    }
}

/// Without the capability for it the set stays; with `no_new_privs` it then grants nothing.
fn empty_bounding_set() {
    for capability in 0..MAX_CAPABILITIES {
        // SAFETY: plain numbers.
        let answer = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if answer != 0 {
            break;
        }
    }
}

/// Never raises a limit that the gateway itself is under.
fn lower_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let new = Rlimit { current: Some(soft.min(ceiling)), maximum: Some(hard.min(ceiling)) };
    Ok(setrlimit(resource, new)?)
}

/// A second net: the gateway opens everything close-on-exec. Kernels before 5.11 refuse the flag.
fn close_inherited_files() {
    // SAFETY: plain numbers; nothing is closed before exec.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3 as libc::c_uint,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
    }
}
