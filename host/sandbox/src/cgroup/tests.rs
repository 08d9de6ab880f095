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
    assert_eq!(beside(&door, "memory.swap.max"), "0");
    assert_eq!(beside(&door, "pids.max"), "10");
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
