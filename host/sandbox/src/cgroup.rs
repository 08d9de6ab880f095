//! Control groups: memory and number of processes of a whole tree.
//!
//! The gateway makes one group for itself below the group that it runs in, and in it one for each
//! run, in every hierarchy that has a controller for it. Version 1 has a hierarchy for each
//! controller; version 2 has one for all, whose controllers the parent group has to hand down, and
//! which has no processes in groups that do, so the gateway moves out of its way.
//!
//! A container engine makes groups itself, in every hierarchy. It is told to make them below the
//! run's, or, where runs have none, below a name of the run's own, so that they can be found again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::layer::{Layer, LayerState};
use crate::policy::SandboxLimits;

mod delegation;
mod run;

pub(crate) use run::RunGroups;

/// Where control groups are mounted, by convention.
const MOUNT: &str = "/sys/fs/cgroup";

/// Prefix of the gateway's own groups.
const PREFIX: &str = "patchbay-";

/// Version 2: the group below a run's that its processes join, and below the gateway's that it is
/// in itself. What is limited is beside it, because a group that has processes cannot have groups
/// that are limited. A container engine's groups are beside a run's.
const LEAF: &str = "own";

/// Homes of this process so far; a program needs one, tests several.
static HOMES: AtomicU64 = AtomicU64::new(0);

/// One controller's file for a limit, in either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// What a hierarchy can limit, of what is of use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Controllers {
    memory: bool,
    processes: bool,
}

/// A hierarchy in which runs get groups.
struct Hierarchy {
    version: Version,
    controllers: Controllers,
    mount: PathBuf,
    /// The gateway's group.
    home: PathBuf,
}

/// The gateway's groups. Dropping it removes them, if no run is left.
pub(crate) struct GroupHome {
    hierarchies: Vec<Hierarchy>,
    /// The gateway's own groups in hierarchies that limit nothing here.
    others: Vec<PathBuf>,
    /// Of the gateway's groups.
    name: String,
    next: AtomicU64,
    left: Arc<Mutex<Vec<PathBuf>>>,
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
        let number = HOMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        let mut hierarchies = Vec::new();
        let mut problems = Vec::new();
        for place in places(mount, own) {
            match place.make_home(&name) {
                Ok(hierarchy) => hierarchies.push(hierarchy),
                Err(error) => problems.push(format!("{}: {error}", place.parent.display())),
            }
        }
        let why_not = if problems.is_empty() {
            format!("no controller for it is mounted at {}", mount.display())
        } else {
            format!("no group can be made ({}); delegate one to the gateway", problems.join(", "))
        };
        let limited = |parent: &PathBuf| {
            hierarchies.iter().any(|one: &Hierarchy| one.home.parent() == Some(parent))
        };
        let mut others = all_groups(mount, own);
        others.retain(|parent| !limited(parent));
        others.iter().for_each(|parent| remove_strangers(parent));
        let (next, left) = (AtomicU64::new(0), Arc::default());
        Self { hierarchies, others, name, next, left, why_not }
    }

    /// The states of both layers that control groups are.
    pub(crate) fn report(&self) -> [(Layer, LayerState); 2] {
        let state = |works: bool| match works {
            true => LayerState::Works,
            false => LayerState::Missing(self.why_not.clone()),
        };
        let any = |limits: fn(&Hierarchy) -> bool| self.hierarchies.iter().any(limits);
        [
            (Layer::MemoryGroup, state(any(|hierarchy| hierarchy.controllers.memory))),
            (Layer::ProcessGroup, state(any(|hierarchy| hierarchy.controllers.processes))),
        ]
    }

    /// Makes the groups of one run. `spare` is for what the driver itself runs beside the program.
    ///
    /// # Errors
    /// The system's; nothing is left then.
    pub(crate) fn make(&self, limits: &SandboxLimits, spare: Spare) -> io::Result<RunGroups> {
        run::remove_left(&self.left);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let run = format!("run-{number}");
        let guests = Path::new(&self.name).join(&run);
        let mut groups = RunGroups::new(guests.clone(), Arc::clone(&self.left));
        for hierarchy in &self.hierarchies {
            let directory = hierarchy.home.join(&run);
            fs::create_dir(&directory)?;
            groups.add(directory.clone(), directory.clone());
            hierarchy.limit(&directory, limits, spare)?;
            if hierarchy.version == Version::Two {
                delegation::hand_down(&directory, hierarchy.controllers)?;
                let leaf = directory.join(LEAF);
                fs::create_dir(&leaf)?;
                groups.join_below(leaf, &hierarchy.mount);
            }
        }
        groups.may_have_guests_in(self.others.iter().map(|parent| parent.join(&guests)));
        Ok(groups)
    }
}

impl Drop for GroupHome {
    fn drop(&mut self) {
        run::remove_left(&self.left);
        for hierarchy in &self.hierarchies {
            if hierarchy.version == Version::Two {
                let _ = delegation::give_back(&hierarchy.home);
            }
            let _ = fs::remove_dir(&hierarchy.home);
        }
        for parent in &self.others {
            let _ = fs::remove_dir(parent.join(&self.name));
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
        if self.controllers.processes {
            write("pids.max", limits.processes.saturating_add(spare.processes))?;
        }
        match self.version {
            Version::One if self.controllers.memory => {
                write("memory.limit_in_bytes", memory)?;
                // Absent where the kernel does not account for swap.
                let _ = write("memory.memsw.limit_in_bytes", memory);
            }
            Version::Two if self.controllers.memory => {
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
    mount: PathBuf,
    parent: PathBuf,
    version: Version,
    controllers: Controllers,
}

impl Place {
    fn make_home(&self, name: &str) -> io::Result<Hierarchy> {
        remove_strangers(&self.parent);
        let home = self.parent.join(name);
        fs::create_dir(&home)?;
        if self.version == Version::Two {
            delegation::take(&home, self.controllers).inspect_err(|_| {
                let _ = run::remove_tree(&home);
            })?;
        }
        let (version, controllers, mount) = (self.version, self.controllers, self.mount.clone());
        Ok(Hierarchy { version, controllers, mount, home })
    }
}

/// From `/proc/self/cgroup` to the groups that are of use (`cgroups(7)`).
fn places(mount: &Path, own: &str) -> Vec<Place> {
    let place = |line: &str| {
        let (names, path) = group_of(line)?;
        if names.is_empty() {
            return of_version_two(mount, path);
        }
        let controllers = Controllers::among(names.split(','));
        let mount = mount.join(names);
        let parent = mount.join(path);
        let version = Version::One;
        let place = Place { mount, parent, version, controllers };
        place.parent.is_dir().then_some(place)
    };
    let mut places: Vec<_> = own.lines().filter_map(place).collect();
    places.retain(|place| place.controllers.memory || place.controllers.processes);
    places
}

/// A hybrid system mounts version 2 elsewhere, without these controllers.
fn of_version_two(mount: &Path, path: &str) -> Option<Place> {
    let parent = mount.join(path);
    let names = fs::read_to_string(parent.join("cgroup.controllers")).ok()?;
    let controllers = Controllers::among(names.split_whitespace());
    Some(Place { mount: mount.to_owned(), parent, version: Version::Two, controllers })
}

impl Controllers {
    fn among<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let has = |wanted| names.clone().any(|name| name == wanted);
        Self { memory: has("memory"), processes: has("pids") }
    }
}

/// Controllers and path of a line of `/proc/self/cgroup`. The path is that of the group that was
/// given to this process.
fn group_of(line: &str) -> Option<(&str, &str)> {
    let mut parts = line.splitn(3, ':');
    let (controllers, path) = (parts.nth(1)?, parts.next()?);
    let path = path.trim_start_matches('/');
    Some((controllers, delegation::delegated(path, std::process::id())))
}

/// The groups that this process is in, in every hierarchy that is mounted by convention: version 1
/// under its controllers or its name, version 2 alone or, on a hybrid system, as `unified`.
fn all_groups(mount: &Path, own: &str) -> Vec<PathBuf> {
    let group = |line: &str| {
        let (controllers, path) = group_of(line)?;
        let name = controllers.strip_prefix("name=").unwrap_or(controllers);
        let places = match name {
            "" => [mount.join(path), mount.join("unified").join(path)],
            name => [mount.join(name).join(path), mount.join(controllers).join(path)],
        };
        places.into_iter().find(|group| group.join("cgroup.procs").is_file())
    };
    own.lines().filter_map(group).collect()
}

/// Removes the groups of gateways that were killed. A group with processes stays.
fn remove_strangers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists()) {
            let _ = run::remove_tree(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
