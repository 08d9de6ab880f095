use std::io::Read;
use std::sync::{MutexGuard, PoisonError};

use super::*;

const LIMITS: SandboxLimits = SandboxLimits {
    cpu_seconds: 1,
    memory_bytes: 1 << 26,
    processes: 8,
    open_files: 64,
    file_bytes: 1 << 20,
    scratch_bytes: 1 << 20,
};

const SPARE: Spare = Spare { processes: 2, memory_bytes: 1 << 20 };

/// A directory that looks like a mount of control groups.
fn mount(files: &[(&str, &str)]) -> tempfile::TempDir {
    let mount = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = mount.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    mount
}

fn beside(door: &Path, file: &str) -> String {
    fs::read_to_string(door.with_file_name(file)).unwrap()
}

#[test]
fn version_one_has_a_group_in_each_hierarchy() {
    let mount = mount(&[("memory/a/b/tasks", ""), ("pids/tasks", ""), ("cpu/tasks", "")]);
    let own = "4:cpu:/\n3:memory:/a/b\n2:pids:/\n1:name=systemd:/\n0::/\n";
    let home = GroupHome::open_at(mount.path(), own);
    let groups = home.make(&LIMITS, SPARE).unwrap();
    let [memory, processes] = groups.doors().try_into().unwrap();
    assert!(memory.starts_with(mount.path().join("memory/a/b")), "{}", memory.display());
    assert_eq!(beside(&memory, "memory.limit_in_bytes"), ((1 << 26) + (1 << 20)).to_string());
    assert_eq!(beside(&processes, "pids.max"), "10");
    assert!(home.report().iter().all(|(_, state)| *state == LayerState::Works));
}

#[test]
fn version_two_has_one_group_whose_controllers_are_handed_down() {
    let mount = mount(&[("unit/cgroup.controllers", "cpu memory pids\n")]);
    let home = GroupHome::open_at(mount.path(), "0::/unit\n");
    let groups = home.make(&LIMITS, SPARE).unwrap();
    let handed_down = fs::read_to_string(mount.path().join("unit/cgroup.subtree_control"));
    assert_eq!(handed_down.unwrap(), "+memory +pids");
    let [door] = groups.doors().try_into().unwrap();
    let leaf = door.parent().unwrap();
    assert_eq!(beside(leaf, "memory.swap.max"), "0");
    assert_eq!(beside(leaf, "pids.max"), "10");
    assert_eq!(beside(leaf, "cgroup.subtree_control"), "+memory +pids");
    // Where a container engine makes its own, in the hierarchy and not in the file system.
    let run = leaf.parent().unwrap().strip_prefix(mount.path()).unwrap();
    assert_eq!(groups.guests(), Path::new("/").join(run));
}

#[test]
fn version_two_hands_down_no_controller_that_it_does_not_have() {
    let mount = mount(&[("unit/cgroup.controllers", "cpu pids\n")]);
    let home = GroupHome::open_at(mount.path(), "0::/unit\n");
    let handed_down = fs::read_to_string(mount.path().join("unit/cgroup.subtree_control"));
    assert_eq!(handed_down.unwrap(), "+pids");
    let [(_, memory), (_, processes)] = home.report();
    assert!(matches!(memory, LayerState::Missing(_)));
    assert_eq!(processes, LayerState::Works);
}

#[test]
fn a_gateway_that_moved_below_its_group_knows_which_one_that_was() {
    let moved = |path| delegation::delegated(path, 71);
    assert_eq!(moved("system.slice/unit/patchbay-71-0/own"), "system.slice/unit");
    assert_eq!(moved("patchbay-71-12/own"), "");
    for others in ["patchbay-7-0/own", "unit/patchbay-71-0/run-0/own", "patchbay-71-x/own", "own"] {
        assert_eq!(moved(others), others);
    }
}

#[test]
fn a_group_that_an_engine_made_beside_the_runs_is_removed_with_it() {
    let mount = mount(&[
        ("memory/a/cgroup.procs", ""),
        ("cpu/b/cgroup.procs", ""),
        ("systemd/cgroup.procs", ""),
    ]);
    let own = "4:memory:/a\n3:cpu:/b\n1:name=systemd:/\n";
    let home = GroupHome::open_at(mount.path(), own);
    let groups = home.make(&LIMITS, SPARE).unwrap();
    let guests = ["memory/a", "cpu/b", "systemd"]
        .map(|parent| mount.path().join(parent).join(groups.guests()).join("container"));
    guests.iter().for_each(|guest| fs::create_dir_all(guest).unwrap());
    for file in ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] {
        // In a file system of control groups files go with their directory.
        fs::remove_file(guests[0].parent().unwrap().join(file)).unwrap();
    }
    groups.remove().unwrap();
    for guest in guests {
        assert!(!guest.parent().unwrap().exists(), "{}", guest.display());
    }
    drop(home);
    assert_eq!(fs::read_dir(mount.path().join("cpu/b")).unwrap().count(), 1);
}

/// A hierarchy of version 2 of this kernel, if it lets this process mount one. There is one at a
/// time: a process that one test starts would be in the group that another moved this one to.
struct RealMount(tempfile::TempDir, #[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

static REAL_MOUNTS: Mutex<()> = Mutex::new(());

impl RealMount {
    fn new() -> Option<Self> {
        let alone = REAL_MOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tempfile::tempdir().unwrap();
        let flags = rustix::mount::MountFlags::NOSUID;
        rustix::mount::mount("none", place.path(), "cgroup2", flags, None).ok()?;
        Some(Self(place, alone))
    }
}

impl Drop for RealMount {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0.path(), rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
fn in_a_real_hierarchy_of_version_two_what_still_runs_in_a_group_ends_with_it() {
    let Some(mount) = RealMount::new() else {
        eprintln!("this kernel or user mounts no control groups of version 2");
        return;
    };
    let name = format!("{PREFIX}{}-real", std::process::id());
    let group = mount.0.path().join(&name);
    let engine = group.join("run-0/container");
    fs::create_dir_all(&engine).unwrap();
    let mut programs: Vec<_> = [group.join("run-0"), engine]
        .map(|place| {
            let program = std::process::Command::new("/bin/sleep").arg("300").spawn().unwrap();
            fs::write(place.join("cgroup.procs"), program.id().to_string()).unwrap();
            program
        })
        .into();
    let mut groups = RunGroups::new(PathBuf::new(), Arc::default());
    groups.add(group.join("run-0"), group.join("run-0"));
    groups.remove().unwrap();
    for program in &mut programs {
        let status = program.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGKILL));
    }
    fs::remove_dir(group).unwrap();
}

#[test]
fn a_real_hierarchy_that_hands_down_both_controllers_limits_runs() {
    let Some(mount) = RealMount::new() else {
        return;
    };
    let home = GroupHome::open_at(mount.0.path(), "0::/\n");
    let controllers = fs::read_to_string(mount.0.path().join("cgroup.controllers")).unwrap();
    let has = |name| controllers.split_whitespace().any(|one| one == name);
    // On a hybrid system version 1 has them.
    let expected = has("memory") && has("pids");
    for (layer, state) in home.report() {
        assert_eq!(state == LayerState::Works, expected, "{layer}: {state:?}");
    }
    let groups = home.make(&LIMITS, SPARE).unwrap();
    assert_eq!(groups.doors().len(), usize::from(expected));
    groups.remove().unwrap();
}

/// The groups that this process and whoever it starts are in.
fn own_groups() -> String {
    fs::read_to_string("/proc/self/cgroup").unwrap()
}

#[test]
fn a_gateway_in_a_real_group_moves_out_of_the_way_of_its_runs_and_back() {
    let Some(mount) = RealMount::new() else {
        return;
    };
    let before = own_groups();
    let own = before.lines().find_map(|line| line.strip_prefix("0::/")).unwrap();
    let delegated = mount.0.path().join(own).join(format!("{PREFIX}{}-given", std::process::id()));
    fs::create_dir(&delegated).unwrap();
    fs::write(delegated.join("cgroup.procs"), "0").unwrap();
    let mut child = std::process::Command::new("/bin/sleep").arg("300").spawn().unwrap();
    let given = own_groups();
    let offers = fs::read_to_string(delegated.join("cgroup.controllers")).unwrap();
    let offered = Controllers::among(offers.split_whitespace());
    let homes: Vec<_> = (0..2).map(|_| GroupHome::open_at(mount.0.path(), &own_groups())).collect();
    for home in &homes {
        let [(_, memory), (_, processes)] = home.report();
        assert_eq!(memory == LayerState::Works, offered.memory, "{memory:?}");
        assert_eq!(processes == LayerState::Works, offered.processes, "{processes:?}");
        let groups = home.make(&LIMITS, SPARE).unwrap();
        for door in groups.doors() {
            assert!(door.starts_with(&delegated), "{}", door.display());
            let mut program = std::process::Command::new("/bin/sleep").arg("300").spawn().unwrap();
            fs::write(door, program.id().to_string()).unwrap();
            program.kill().unwrap();
            program.wait().unwrap();
        }
        groups.remove().unwrap();
    }
    homes.into_iter().rev().for_each(drop);
    assert_eq!(own_groups(), given);
    let childs = fs::read_to_string(format!("/proc/{}/cgroup", child.id())).unwrap();
    assert_eq!(childs, given);
    child.kill().unwrap();
    child.wait().unwrap();
    let left: Vec<_> = fs::read_dir(&delegated).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_type().unwrap().is_file()), "{left:?}");
    fs::write(mount.0.path().join(own).join("cgroup.procs"), "0").unwrap();
    run::remove_patiently(&delegated).unwrap();
}

#[test]
fn in_a_real_group_with_other_processes_a_gateway_stays_where_it_is_and_says_so() {
    let Some(mount) = RealMount::new() else {
        return;
    };
    let before = own_groups();
    let own = before.lines().find_map(|line| line.strip_prefix("0::/")).unwrap();
    let shared = mount.0.path().join(own).join(format!("{PREFIX}{}-shared", std::process::id()));
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("cgroup.procs"), "0").unwrap();
    // A child of this process would be moved with it; a child's is not its own.
    let mut other = std::process::Command::new("/bin/sh");
    other.args(["-c", "sleep 300 & echo; wait"]).stdout(std::process::Stdio::piped());
    let mut other =
        std::os::unix::process::CommandExt::process_group(&mut other, 0).spawn().unwrap();
    other.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let given = own_groups();
    let home = GroupHome::open_at(mount.0.path(), &given);
    let offers = fs::read_to_string(shared.join("cgroup.controllers")).unwrap();
    let expected = match Controllers::among(offers.split_whitespace()) {
        Controllers { memory: false, processes: false } => "controller",
        _ => "processes that are not the gateway's",
    };
    for (layer, state) in home.report() {
        let says = matches!(&state, LayerState::Missing(why) if why.contains(expected));
        assert!(says, "{layer}: {state:?}");
    }
    assert_eq!(own_groups(), given);
    drop(home);
    let group = rustix::process::Pid::from_child(&other);
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    // Its pipe is open for as long as one of both is.
    other.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    other.wait().unwrap();
    fs::write(mount.0.path().join(own).join("cgroup.procs"), "0").unwrap();
    run::remove_patiently(&shared).unwrap();
}

#[test]
fn a_group_that_was_busy_when_its_run_was_dropped_is_removed_with_the_next() {
    let mount = mount(&[("memory/cgroup.procs", "")]);
    let home = GroupHome::open_at(mount.path(), "3:memory:/\n");
    let groups = home.make(&LIMITS, SPARE).unwrap();
    let [door] = groups.doors().try_into().unwrap();
    let group = door.parent().unwrap().to_owned();
    // Its files make the directory as busy as processes would.
    drop(groups);
    assert!(group.exists());
    fs::read_dir(&group).unwrap().for_each(|file| fs::remove_file(file.unwrap().path()).unwrap());
    let next = home.make(&LIMITS, SPARE).unwrap();
    assert!(!group.exists());
    drop(next);
}

#[test]
fn without_a_controller_the_report_says_why() {
    let mount = mount(&[("unit/cgroup.controllers", "cpu\n")]);
    let home = GroupHome::open_at(mount.path(), "0::/unit\n");
    for (layer, state) in home.report() {
        assert!(matches!(state, LayerState::Missing(why) if why.contains("controller")), "{layer}");
    }
    assert!(home.make(&LIMITS, SPARE).unwrap().doors().is_empty());
}
