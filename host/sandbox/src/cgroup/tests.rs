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

fn read(mount: &tempfile::TempDir, path: &str) -> String {
    fs::read_to_string(mount.path().join(path)).unwrap()
}

#[test]
fn version_one_has_a_group_in_each_hierarchy() {
    let mount = mount(&[("memory/a/b/tasks", ""), ("pids/tasks", ""), ("cpu/tasks", "")]);
    let own = "4:cpu:/\n3:memory:/a/b\n2:pids:/\n1:name=systemd:/\n0::/\n";
    let home = GroupHome::open_at(mount.path(), own);
    let groups = home.make(&LIMITS, SPARE).unwrap();
    let run = format!("{PREFIX}{}/run-0", std::process::id());
    let memory = read(&mount, &format!("memory/a/b/{run}/memory.limit_in_bytes"));
    assert_eq!(memory, ((1 << 26) + (1 << 20)).to_string());
    assert_eq!(read(&mount, &format!("pids/{run}/pids.max")), "10");
    assert_eq!(groups.doors().len(), 2);
    assert!(home.report().iter().all(|(_, state)| *state == LayerState::Works));
}

#[test]
fn version_two_has_one_group_whose_controllers_are_handed_down() {
    let mount = mount(&[("unit/cgroup.controllers", "cpu memory pids\n")]);
    let home = GroupHome::open_at(mount.path(), "0::/unit\n");
    let groups = home.make(&LIMITS, SPARE).unwrap();
    let own = format!("unit/{PREFIX}{}", std::process::id());
    assert_eq!(read(&mount, "unit/cgroup.subtree_control"), "+memory +pids");
    assert_eq!(read(&mount, &format!("{own}/run-0/memory.swap.max")), "0");
    assert_eq!(read(&mount, &format!("{own}/run-0/pids.max")), "10");
    assert_eq!(groups.doors().len(), 1);
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
