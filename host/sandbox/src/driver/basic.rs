//! The driver of last resort, with what every Linux has: user, capabilities, limits, session,
//! call filter. A program can read what its user can read, and use the network.
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
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::process::{
    Gid, Pid, Resource, Rlimit, Signal, Uid, getpid, getppid, getrlimit,
    set_parent_process_death_signal, setrlimit, setsid, umask,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities,
    set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use tempfile::TempDir;

use super::cage::{NOBODY, identity};
use super::{SandboxDriver, SpawnProblem, check_layers};
use crate::choice::DriverMissing;
use crate::layer::{DriverName, DriverReport, Layer, LayerState};
use crate::order::Identity;
use crate::policy::{CredentialSlot, ProgramCall, SandboxLimits, SandboxPolicy};
use crate::program::check_program;
use crate::running::{Running, Traces};

/// Capability numbers are asked for up to here; the kernel says where its own end.
const MAX_CAPABILITIES: libc::c_ulong = 64;

/// System calls of the x32 table carry this bit under the ordinary architecture's name.
const X32_BIT: i64 = 0x4000_0000;

/// A grant that does not keep a program from other hosts would only look like one.
const NO_GRANTS: &str = "without a network namespace a program reaches every host, whatever is \
                         granted";

/// See the module.
pub(crate) struct Basic {
    becomes_nobody: bool,
    filter: Option<Arc<BpfProgram>>,
    report: DriverReport,
}

impl Basic {
    /// Finds out what this process may do.
    pub(crate) fn try_new() -> Result<Self, DriverMissing> {
        let filter = group_filter().map_err(|error| DriverMissing {
            driver: DriverName::Basic,
            layer: Some(Layer::SystemCalls),
            reason: error.to_string(),
        })?;
        let becomes_nobody = identity() == Identity::Nobody;
        let state = |works, reason: &str| match works {
            true => LayerState::Works,
            false => LayerState::Missing(reason.to_owned()),
        };
        let layers = vec![
            (Layer::User, state(becomes_nobody, "the gateway may not change its user")),
            (Layer::NoNewPrivileges, LayerState::Works),
            (Layer::NoCapabilities, LayerState::Works),
            (Layer::ResourceLimits, LayerState::Works),
            (
                Layer::ProcessTree,
                LayerState::Missing(
                    match &filter {
                        Some(_) => "a call filter keeps programs in their process group instead",
                        None => "no call filter either: programs could outlive their requests",
                    }
                    .to_owned(),
                ),
            ),
        ];
        let network_grants = LayerState::Missing(NO_GRANTS.to_owned());
        let report = DriverReport { driver: DriverName::Basic, layers, network_grants };
        Ok(Self { becomes_nobody, filter: filter.map(Arc::new), report })
    }

    fn private_directory(&self) -> io::Result<TempDir> {
        let directory = tempfile::Builder::new()
            .prefix("patchbay-run-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        self.give(directory.path())?;
        Ok(directory)
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match self.becomes_nobody {
            true => chown(path, Some(NOBODY), Some(NOBODY)),
            false => Ok(()),
        }
    }

    /// Sets the variable of the credential, and writes its file if it has one.
    fn hand_over(
        &self,
        command: &mut Command,
        call: &ProgramCall,
        directory: &Path,
    ) -> io::Result<()> {
        let Some(credential) = &call.credential else {
            return Ok(());
        };
        match &credential.slot {
            CredentialSlot::Variable(name) => command.env(name, &credential.secret),
            CredentialSlot::File(name) => {
                let path = directory.join(".credential");
                std::fs::write(&path, &credential.secret)?;
                std::fs::set_permissions(&path, Permissions::from_mode(0o400))?;
                self.give(&path)?;
                command.env(name, path)
            }
        };
        Ok(())
    }
}

impl SandboxDriver for Basic {
    fn report(&self) -> &DriverReport {
        &self.report
    }

    fn spawn(&self, policy: &SandboxPolicy, call: &ProgramCall) -> Result<Running, SpawnProblem> {
        check_layers(&self.report, policy)?;
        check_program(policy, call)?;
        let directory = self.private_directory().map_err(SpawnProblem::Driver)?;
        let mut command = Command::new(&call.program);
        command.args(&call.arguments).env_clear().envs(call.environment.iter().cloned());
        self.hand_over(&mut command, call, directory.path()).map_err(SpawnProblem::Driver)?;
        command
            .current_dir(policy.directory.as_deref().unwrap_or(directory.path()))
            .stdin(if call.feeds_stdin { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let steps = Steps {
            gateway: getpid(),
            becomes_nobody: self.becomes_nobody,
            limits: limits_of(&policy.limits),
            filter: self.filter.clone(),
        };
        // SAFETY: `apply` makes system calls only; see the module's doc.
        unsafe { command.pre_exec(move || steps.apply()) };
        let child = command.spawn().map_err(SpawnProblem::Program)?;
        Ok(Running::new(child, None, Traces { directory: Some(directory), groups: None }))
    }
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
fn limits_of(limits: &SandboxLimits) -> [(Resource, u64, u64); 6] {
    let equal = |resource, limit| (resource, limit, limit);
    [
        equal(Resource::As, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds.saturating_add(1)),
        equal(Resource::Nofile, limits.open_files),
        equal(Resource::Nproc, limits.processes),
        equal(Resource::Fsize, limits.file_bytes),
        equal(Resource::Core, 0),
    ]
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
