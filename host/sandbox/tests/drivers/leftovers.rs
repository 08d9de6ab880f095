//! What stays of a run that was ended: nothing.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use super::program::{OTHERS, attempt, call, end, policy, run, strong_drivers};

/// Command lines of all processes that hold a marker.
pub(crate) fn running(marker: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).into_owned())
    });
    lines.filter(|line| line.contains(marker)).collect()
}

/// This process is the subreaper: what outlives its parent is a child of it.
pub(crate) fn children() -> BTreeSet<String> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let lists = threads
        .map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Control groups of runs of this process.
pub(crate) fn groups() -> BTreeSet<String> {
    let own = format!("patchbay-{}", std::process::id());
    let mut found = BTreeSet::new();
    let mut places = vec![Path::new("/sys/fs/cgroup").to_owned()];
    while let Some(place) = places.pop() {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let path = entry.path();
                let text = path.to_string_lossy().into_owned();
                if text.contains(&own) && text.contains("run-") {
                    found.insert(text);
                }
                places.push(path);
            }
        }
    }
    found
}

#[test]
fn a_program_that_hears_no_signal_is_killed_with_its_tree() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let mut run = driver.spawn(&policy(), &attempt(&["wait-for-ever"])).unwrap();
        let mut stdout = run.streams().stdout.unwrap();
        let mut text = [0; 8];
        stdout.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"waiting\n");
        run.kill();
        let status = end(&mut run);
        assert!(!status.success(), "{}: {status}", driver.report().driver);
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
    }
}

#[test]
fn a_daemon_ends_with_the_program_that_left_it_behind() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let marker = format!("300.0{}", std::process::id());
        let outcome = run(driver, &policy(), &attempt(&["leave-behind", &marker]));
        assert_eq!(outcome.stdout, "escaped\n", "it ran: {outcome:?}");
        assert_eq!(running(&marker), Vec::<String>::new(), "{}", driver.report().driver);
    }
}

/// Rounds of cancelled runs of each driver; the bench has a thousand.
const CANCELLED: usize = 50;

#[test]
fn runs_that_are_cancelled_at_any_time_leave_neither_process_nor_group_nor_mount() {
    // Nobody else's groups are to be counted.
    let _alone = OTHERS.write().unwrap();
    for driver in strong_drivers() {
        let marker = format!("301.0{}", std::process::id());
        let script = format!("/bin/sleep {marker} & echo x; wait");
        let mounts = || std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let before = (children(), groups(), mounts());
        for round in 0..CANCELLED {
            let mut run = driver.spawn(&policy(), &call("/bin/sh", &["-c", &script])).unwrap();
            if round % 2 == 0 {
                let mut stdout = run.streams().stdout.unwrap();
                stdout.read_exact(&mut [0; 2]).unwrap();
            }
            run.kill();
            end(&mut run);
        }
        let name = driver.report().driver;
        assert_eq!(running(&marker), Vec::<String>::new(), "{name}");
        assert_eq!((children(), groups(), mounts()), before, "{name}");
    }
}

#[test]
fn a_flood_of_output_waits_for_its_reader_and_ends_with_it() {
    let _alone = OTHERS.write().unwrap();
    for driver in strong_drivers() {
        let before = (children(), groups());
        let mut run = driver.spawn(&policy(), &attempt(&["flood"])).unwrap();
        let stdout = run.streams().stdout.unwrap();
        let mut bounded = stdout.take(MAX_OUTPUT_BYTES);
        let read = std::io::copy(&mut bounded, &mut std::io::sink()).unwrap();
        assert_eq!(read, MAX_OUTPUT_BYTES);
        run.kill();
        assert!(!end(&mut run).success(), "{}", driver.report().driver);
        assert_eq!((children(), groups()), before, "{}", driver.report().driver);
    }
}

/// What the reader of a flood takes, more than pipes hold.
const MAX_OUTPUT_BYTES: u64 = 4 << 20;

#[test]
fn a_run_that_is_dropped_without_an_end_leaves_its_groups_to_the_next() {
    let _alone = OTHERS.write().unwrap();
    for driver in strong_drivers() {
        let before = groups();
        let run = driver.spawn(&policy(), &attempt(&["wait-for-ever"])).unwrap();
        let group = rustix::process::WaitId::Pgid(Some(run.leader()));
        drop(run);
        let exited = rustix::process::WaitIdOptions::EXITED;
        while rustix::process::waitid(group.clone(), exited).is_ok() {}
        run_to_its_end(driver);
        assert_eq!(groups(), before, "{}", driver.report().driver);
    }
}

fn run_to_its_end(driver: &std::sync::Arc<dyn sandbox::SandboxDriver>) {
    assert!(run(driver, &policy(), &call("/bin/true", &[])).status.success());
}
