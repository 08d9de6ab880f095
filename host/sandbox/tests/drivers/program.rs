//! What the tests run and with which policy.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, LazyLock, RwLock};

use sandbox::{
    DriverName, Drivers, NetworkAccess, ProgramCall, Running, SandboxDriver, SandboxLimits,
    SandboxPolicy, Traces,
};

use super::at_exit;
use super::attempts::ATTEMPT_ARGUMENT;

/// One for the whole binary, as in the gateway.
pub(crate) static DRIVERS: LazyLock<Drivers> = LazyLock::new(|| {
    let own = Some(rustix::process::getpid());
    rustix::process::set_child_subreaper(own).unwrap();
    Drivers::new()
});

/// Held by tests that run programs, and wholly by the one that counts what is left.
pub(crate) static OTHERS: RwLock<()> = RwLock::new(());

/// Each driver that works on this machine and keeps more than `basic` does.
pub(crate) fn strong_drivers() -> Vec<&'static Arc<dyn SandboxDriver>> {
    let names = DriverName::ALL.into_iter().filter(|name| *name != DriverName::Basic);
    let wanted = std::env::var("SANDBOX_DRIVER").ok();
    let names = names.filter(|name| wanted.as_ref().is_none_or(|one| one == name.as_str()));
    names.filter_map(|name| DRIVERS.get(name).inspect_err(|why| eprintln!("{why}")).ok()).collect()
}

/// Whether whoever runs the tests wants to see what happens in them.
pub(crate) fn is_shown() -> bool {
    std::env::var_os("SANDBOX_SHOW").is_some()
}

/// A place that programs can be given parts of. Not below `/tmp`, which is private in a sandbox.
/// It holds a setuid program, so it is removed at exit, and what killed tests left is removed
/// before.
pub(crate) static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    remove_places(|owner| !std::path::Path::new(&format!("/proc/{owner}")).exists());
    let place = PathBuf::from(format!("{PLACES}{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    at_exit::register(|| remove_places(|owner| owner == std::process::id()));
    std::fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
    let program = place.join("attempt");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    place
});

/// Where places are, without the number of the process.
const PLACES: &str = "/var/tmp/sandbox-tests-";

fn remove_places(is_wanted: impl Fn(u32) -> bool) {
    for entry in std::fs::read_dir("/var/tmp").unwrap().flatten() {
        let path = entry.path();
        let owner = path.to_str().and_then(|path| path.strip_prefix(PLACES)?.parse().ok());
        if owner.is_some_and(&is_wanted) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

pub(crate) fn policy() -> SandboxPolicy {
    SandboxPolicy {
        read_only: Vec::new(),
        digest: None,
        directory: None,
        network: NetworkAccess::None,
        demanded_layers: Vec::new(),
        limits: SandboxLimits {
            cpu_seconds: 20,
            memory_bytes: 256 << 20,
            processes: 32,
            open_files: 64,
            file_bytes: 4 << 20,
            scratch_bytes: 8 << 20,
        },
    }
}

pub(crate) fn call(program: &str, arguments: &[&str]) -> ProgramCall {
    ProgramCall {
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: Vec::new(),
        credential: None,
        feeds_stdin: false,
    }
}

/// A call of this binary as the program that tries something.
pub(crate) fn attempt(arguments: &[&str]) -> ProgramCall {
    let all: Vec<_> = [ATTEMPT_ARGUMENT].iter().chain(arguments).copied().collect();
    call(PLACE.join("attempt").to_str().unwrap(), &all)
}

/// How a run went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end, and removes every trace.
pub(crate) fn run(
    driver: &Arc<dyn SandboxDriver>,
    policy: &SandboxPolicy,
    call: &ProgramCall,
) -> Outcome {
    let mut running = driver.spawn(policy, call).unwrap();
    finish(&mut running, b"")
}

pub(crate) fn finish(running: &mut Running, input: &[u8]) -> Outcome {
    let streams = running.streams();
    let input = input.to_vec();
    let feeder = streams.stdin.map(|mut stdin| {
        std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        })
    });
    let mut stderr_pipe = streams.stderr.unwrap();
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr_pipe.read_to_end(&mut text).unwrap();
        text
    });
    let mut stdout = Vec::new();
    streams.stdout.unwrap().read_to_end(&mut stdout).unwrap();
    let stderr = complaints.join().unwrap();
    feeder.into_iter().for_each(|feeder| feeder.join().unwrap());
    let status = end(running);
    Outcome {
        status,
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Reaps the whole group of a run that has ended or was killed, and removes its traces.
pub(crate) fn end(running: &mut Running) -> ExitStatus {
    let group = rustix::process::WaitId::Pgid(Some(running.leader()));
    let status = running.reap().unwrap();
    let exited = rustix::process::WaitIdOptions::EXITED;
    while rustix::process::waitid(group.clone(), exited).is_ok() {}
    Traces::remove(running.traces()).unwrap();
    status
}
