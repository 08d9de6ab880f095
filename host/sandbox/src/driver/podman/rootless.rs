//! `podman` where the gateway is not root: as root of the run's user namespace.
//!
//! The namespace knows the gateway's user alone, as root, so no ranges of users have to be set up
//! (`/etc/subuid`). The engine is told what it would find out by making such a namespace itself.
//! Neither it nor `runc` may make control groups; the run stays in its own, where there is one. The
//! engine tells its runtime so in words that only `crun` knows, so this program stands between the
//! two and leaves them out.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::order::TOOL_DIRECTORY;
use crate::policy::SandboxLimits;
use crate::stage::RUNTIME_NAME;
use crate::view::{Link, Text};

/// Threads of the engine, its monitor and its runtime, which the kernel counts with the program's
/// processes: they are the same user's.
const PROCESSES: u64 = 56;

/// Where the engine and `runc` look for programs.
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// Options that take the place of those about control groups.
pub(super) fn options(limits: &SandboxLimits) -> Vec<OsString> {
    let processes = limits.processes.saturating_add(PROCESSES);
    vec!["--cgroups=disabled".into(), format!("--ulimit=nproc={processes}:{processes}").into()]
}

/// The runtime, as an option of the engine.
pub(super) fn runtime() -> OsString {
    Path::new(TOOL_DIRECTORY).join(RUNTIME_NAME).into()
}

/// This program under the runtime's name.
///
/// # Errors
/// The system's, if it does not know this program's file.
pub(super) fn link() -> io::Result<Link> {
    Ok(Link { at: Path::new(TOOL_DIRECTORY).join(RUNTIME_NAME), to: std::env::current_exe()? })
}

/// Says that the runtime takes the engine's word about control groups.
pub(super) fn settings() -> Text {
    let content = format!("[engine]\nruntime_supports_nocgroup = [\"{RUNTIME_NAME}\"]\n");
    Text { at: settings_path(), content }
}

fn settings_path() -> std::path::PathBuf {
    Path::new(TOOL_DIRECTORY).join("containers.conf")
}

/// What the engine and the runtime find in their environment.
pub(super) fn environment() -> Vec<(OsString, OsString)> {
    let user = rustix::process::geteuid().as_raw().to_string();
    let group = rustix::process::getegid().as_raw().to_string();
    [
        ("PATH", SEARCH_PATH),
        ("HOME", TOOL_DIRECTORY),
        ("XDG_RUNTIME_DIR", TOOL_DIRECTORY),
        // `runc` takes whoever is root here under another name for one without rights outside.
        ("USER", "nobody"),
        ("_CONTAINERS_USERNS_CONFIGURED", "done"),
        ("_CONTAINERS_ROOTLESS_UID", &user),
        ("_CONTAINERS_ROOTLESS_GID", &group),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into_iter()
    .chain([("CONTAINERS_CONF".into(), settings_path().into())])
    .collect()
}
