//! Control groups: memory and number of processes of a whole tree.
//!
//! The gateway makes one group for itself below the group that it runs in, and in it one for each
//! run, in every hierarchy that has a controller for it. Version 1 has a hierarchy for each
//! controller; version 2 has one for all, whose controllers the parent group has to hand down.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::layer::{Layer, LayerState};
use crate::policy::SandboxLimits;

/// Where control groups are mounted, by convention.
const MOUNT: &str = "/sys/fs/cgroup";

/// Prefix of the gateway's own groups.
const PREFIX: &str = "patchbay-";

/// Waits for the kernel to let go of a group whose processes have been reaped: it does within
/// milliseconds.
const REMOVALS: u32 = 40;
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Homes of this process so far; a program needs one, tests several.
static HOMES: AtomicU64 = AtomicU64::new(0);

/// One controller's file for a limit, in either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A hierarchy in which runs get groups.
struct Hierarchy {
    version: Version,
    limits_memory: bool,
    limits_processes: bool,
    /// The gateway's group.
    home: PathBuf,
}

/// The gateway's groups. Dropping it removes them, if no run is left.
pub(crate) struct GroupHome {
    hierarchies: Vec<Hierarchy>,
    next: AtomicU64,
    why_not: String,
}

impl GroupHome {
    /// Makes the gateway's groups where the system lets it, and removes those of gateways that
    /// are gone.
    pub(crate) fn open() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::open_at(Path::new(MOUNT), &own)
    }

    fn open_at(mount: &Path, own: &str) -> Self {
        let mut hierarchies = Vec::new();
        let mut problems = Vec::new();
        for place in places(mount, own) {
            match place.make_home() {
                Ok(hierarchy) => hierarchies.push(hierarchy),
                Err(error) => problems.push(format!("{}: {error}", place.parent.display())),
            }
        }
        let why_not = if problems.is_empty() {
            format!("no controller for it is mounted at {}", mount.display())
        } else {
            format!("no group can be made ({}); delegate one to the gateway", problems.join(", "))
        };
        Self { hierarchies, next: AtomicU64::new(0), why_not }
    }

    /// The states of both layers that control groups are.
    pub(crate) fn report(&self) -> [(Layer, LayerState); 2] {
        let state = |works: bool| match works {
            true => LayerState::Works,
            false => LayerState::Missing(self.why_not.clone()),
        };
        let any = |limits: fn(&Hierarchy) -> bool| self.hierarchies.iter().any(limits);
        [
            (Layer::MemoryGroup, state(any(|hierarchy| hierarchy.limits_memory))),
            (Layer::ProcessGroup, state(any(|hierarchy| hierarchy.limits_processes))),
        ]
    }

    /// Makes the groups of one run. `spare_processes` and `spare_bytes` are for what the driver
    /// itself runs beside the program.
    ///
    /// # Errors
    /// The system's; nothing is left then.
    pub(crate) fn make(&self, limits: &SandboxLimits, spare: Spare) -> io::Result<RunGroups> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut groups = RunGroups { directories: Vec::new() };
        for hierarchy in &self.hierarchies {
            let directory = hierarchy.home.join(format!("run-{number}"));
            fs::create_dir(&directory)?;
            groups.directories.push(directory.clone());
            hierarchy.limit(&directory, limits, spare)?;
        }
        Ok(groups)
    }
}

impl Drop for GroupHome {
    fn drop(&mut self) {
        for hierarchy in &self.hierarchies {
            let _ = fs::remove_dir(&hierarchy.home);
        }
    }
}

/// What a driver needs beside the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spare {
    pub(crate) processes: u64,
    pub(crate) memory_bytes: u64,
}

impl Hierarchy {
    fn limit(&self, group: &Path, limits: &SandboxLimits, spare: Spare) -> io::Result<()> {
        let write = |file: &str, value: u64| fs::write(group.join(file), value.to_string());
        let memory = limits.memory_bytes.saturating_add(spare.memory_bytes);
        if self.limits_processes {
            write("pids.max", limits.processes.saturating_add(spare.processes))?;
        }
        match self.version {
            Version::One if self.limits_memory => {
                write("memory.limit_in_bytes", memory)?;
                // Absent where the kernel does not account for swap.
                let _ = write("memory.memsw.limit_in_bytes", memory);
            }
            Version::Two if self.limits_memory => {
                write("memory.max", memory)?;
                let _ = write("memory.swap.max", 0);
                let _ = write("memory.oom.group", 1);
            }
            Version::One | Version::Two => {}
        }
        Ok(())
    }
}

/// A group that the gateway is in, with what can be limited there.
struct Place {
    parent: PathBuf,
    version: Version,
    limits_memory: bool,
    limits_processes: bool,
}

impl Place {
    fn make_home(&self) -> io::Result<Hierarchy> {
        remove_strangers(&self.parent);
        if self.version == Version::Two {
            hand_down(&self.parent)?;
        }
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        let home = self.parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&home)?;
        if self.version == Version::Two {
            hand_down(&home)?;
        }
        Ok(Hierarchy {
            version: self.version,
            limits_memory: self.limits_memory,
            limits_processes: self.limits_processes,
            home,
        })
    }
}

/// Version 2: lets children limit memory and processes. A group that has processes itself cannot
/// (the rule against inner processes); the error says so.
fn hand_down(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.subtree_control"), "+memory +pids")
}

/// From `/proc/self/cgroup` to the groups that are of use (`cgroups(7)`).
fn places(mount: &Path, own: &str) -> Vec<Place> {
    let place = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (controllers, path) = (parts.nth(1)?, parts.next()?);
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            return of_version_two(mount, path);
        }
        let mut names = controllers.split(',');
        let limits_memory = names.clone().any(|name| name == "memory");
        let limits_processes = names.any(|name| name == "pids");
        let parent = mount.join(controllers).join(path);
        let useful = (limits_memory || limits_processes) && parent.is_dir();
        useful.then_some(Place { parent, version: Version::One, limits_memory, limits_processes })
    };
    own.lines().filter_map(place).collect()
}

/// A hybrid system mounts version 2 elsewhere, without these controllers.
fn of_version_two(mount: &Path, path: &str) -> Option<Place> {
    let parent = mount.join(path);
    let controllers = fs::read_to_string(parent.join("cgroup.controllers")).ok()?;
    let has = |name| controllers.split_whitespace().any(|one| one == name);
    let (limits_memory, limits_processes) = (has("memory"), has("pids"));
    let useful = limits_memory || limits_processes;
    useful.then_some(Place { parent, version: Version::Two, limits_memory, limits_processes })
}

/// Removes the groups of gateways that were killed. A group with processes stays.
fn remove_strangers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists()) {
            let _ = remove_tree(&entry.path());
        }
    }
}

/// The groups of one run. Dropping it removes them if they are empty already.
pub(crate) struct RunGroups {
    directories: Vec<PathBuf>,
}

impl RunGroups {
    /// No group.
    pub(crate) const fn none() -> Self {
        Self { directories: Vec::new() }
    }

    /// Files by which a process joins.
    pub(crate) fn doors(&self) -> Vec<PathBuf> {
        self.directories.iter().map(|directory| directory.join("cgroup.procs")).collect()
    }

    /// Removes the groups, waiting for the kernel to let go of them.
    ///
    /// # Errors
    /// The first group that stays, and why.
    pub(crate) fn remove(mut self) -> io::Result<()> {
        let directories = std::mem::take(&mut self.directories);
        directories.iter().try_for_each(|directory| remove_patiently(directory))
    }
}

impl Drop for RunGroups {
    fn drop(&mut self) {
        for directory in &self.directories {
            let _ = remove_tree(directory);
        }
    }
}

fn remove_patiently(directory: &Path) -> io::Result<()> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..REMOVALS {
        match remove_tree(directory) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            other => return other,
        }
    }
    remove_tree(directory)
}

/// Removes a group with what is in it: groups that a container engine made. Their files go with
/// them.
fn remove_tree(group: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path())?;
        }
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
