//! What the host looks like from outside of the sandboxes: the same before and after each row.

use std::collections::BTreeSet;
use std::path::Path;

use crate::drivers::leftovers::{children, groups};

/// Places where tools keep things, and names that they give them.
const PLACES: [&str; 7] =
    ["/tmp", "/var/tmp", "/run", "/dev/shm", "/var/lib", "/root/.local/share", "/root/.config"];
const NAMES: [&str; 6] = ["runsc", "podman", "libpod", "containers", "crun", "storage-run"];

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outside {
    children: BTreeSet<String>,
    groups: BTreeSet<String>,
    mounts: String,
    files: BTreeSet<String>,
    host_name: String,
    namespaces: BTreeSet<String>,
}

impl Outside {
    pub(super) fn look() -> Self {
        Self {
            children: children(),
            groups: groups(),
            mounts: text("/proc/self/mountinfo"),
            files: files(),
            host_name: text("/proc/sys/kernel/hostname"),
            namespaces: ["mnt", "net", "user", "uts", "pid", "ipc", "cgroup"]
                .map(|kind| std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap())
                .map(|link| link.display().to_string())
                .into(),
        }
    }
}

fn files() -> BTreeSet<String> {
    let entries = PLACES.into_iter().flat_map(std::fs::read_dir).flatten().flatten();
    let paths = entries.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        NAMES.iter().any(|one| name.starts_with(one))
    });
    paths.map(|entry| entry.path().display().to_string()).collect()
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Memory of this process, in kilobytes.
pub(super) fn own_memory() -> u64 {
    let status = text("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
