//! Version 2: the gateway's place in the group that was delegated to it.
//!
//! A group that has processes hands no controllers down (the rule against inner processes), and the
//! gateway is a process of its own group. So it moves itself and its children into a leaf of the
//! groups that it makes. It moves nobody else: other processes in the group are not its own.

use std::fs;
use std::io;
use std::path::Path;

use super::{Controllers, LEAF, PREFIX};

/// The file by which processes join a group.
const DOOR: &str = "cgroup.procs";

/// Lets groups below `home` be limited, which is below the group that this process is in.
///
/// # Errors
/// The system's; this process is where it was then.
pub(super) fn take(home: &Path, controllers: Controllers) -> io::Result<()> {
    let own = home.parent().unwrap_or(home);
    let hand_down_to_runs =
        || hand_down(own, controllers).and_then(|()| hand_down(home, controllers));
    match hand_down_to_runs() {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
        other => return other,
    }
    let leaf = home.join(LEAF);
    fs::create_dir(&leaf)?;
    fs::write(leaf.join(DOOR), "0")?;
    // What the gateway starts from now on is in the leaf.
    for id in processes(own)?.iter().filter(|id| is_child(id)) {
        move_to(&leaf, id)?;
    }
    let Err(error) = hand_down_to_runs() else {
        return Ok(());
    };
    give_back(home)?;
    Err(match error.kind() {
        io::ErrorKind::ResourceBusy => {
            io::Error::other("it holds processes that are not the gateway's")
        }
        _ => error,
    })
}

/// Moves this process and its children back, if it was moved below `home` and nothing needs the
/// controllers any more.
///
/// # Errors
/// The system's; this process stays below `home` then.
pub(super) fn give_back(home: &Path) -> io::Result<()> {
    let leaf = home.join(LEAF);
    if !leaf.exists() {
        return Ok(());
    }
    let own = home.parent().unwrap_or(home);
    for group in [home, own] {
        take_back(group)?;
    }
    for id in processes(&leaf)? {
        move_to(own, &id)?;
    }
    fs::remove_dir(leaf)
}

fn processes(group: &Path) -> io::Result<Vec<String>> {
    Ok(fs::read_to_string(group.join(DOOR))?.lines().map(str::to_owned).collect())
}

fn move_to(group: &Path, process: &str) -> io::Result<()> {
    match fs::write(group.join(DOOR), process) {
        // It ended meanwhile.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other,
    }
}

fn is_child(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    parent.is_some_and(|parent| parent.trim().parse() == Ok(std::process::id()))
}

/// Lets children limit what the controllers limit.
///
/// # Errors
/// The system's, if the group has processes.
pub(super) fn hand_down(group: &Path, controllers: Controllers) -> io::Result<()> {
    let names = [(controllers.memory, "+memory"), (controllers.processes, "+pids")];
    let names: Vec<_> =
        names.iter().filter_map(|(is_there, name)| is_there.then_some(*name)).collect();
    fs::write(group.join("cgroup.subtree_control"), names.join(" "))
}

/// All that is handed down: container engines hand down whatever there is.
fn take_back(group: &Path) -> io::Result<()> {
    let file = group.join("cgroup.subtree_control");
    let names = fs::read_to_string(&file)?;
    let names: Vec<_> = names.split_whitespace().map(|name| format!("-{name}")).collect();
    if names.is_empty() { Ok(()) } else { fs::write(file, names.join(" ")) }
}

/// The group that was delegated, of the one that a process of this id is in: it may have moved
/// itself already.
pub(super) fn delegated(path: &str, process: u32) -> &str {
    let before = || {
        let (home, leaf) = path.rsplit_once('/')?;
        let (own, name) = home.rsplit_once('/').unwrap_or(("", home));
        let number = name.strip_prefix(PREFIX)?.strip_prefix(&format!("{process}-"))?;
        let is_own = leaf == LEAF && number.bytes().all(|byte| byte.is_ascii_digit());
        is_own.then_some(own)
    };
    before().unwrap_or(path)
}
