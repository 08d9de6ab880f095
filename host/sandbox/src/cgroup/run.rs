//! The groups of one run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Waits for the kernel to let go of a group whose processes have been reaped: it does within
/// milliseconds.
const REMOVALS: u32 = 40;
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Groups whose processes had not ended when their run was dropped, until the next run is made.
pub(super) type Left = Mutex<Vec<PathBuf>>;

/// The groups of one run. Dropping it removes them if they are empty already, else leaves them to
/// the next run or to the end of the gateway's groups.
pub(crate) struct RunGroups {
    directories: Vec<PathBuf>,
    doors: Vec<PathBuf>,
    guests: PathBuf,
    left: Arc<Left>,
}

impl RunGroups {
    /// No group.
    pub(crate) fn none() -> Self {
        Self::new(PathBuf::new(), Arc::default())
    }

    /// No group yet. A container engine makes its own below `guests`.
    pub(super) fn new(guests: PathBuf, left: Arc<Left>) -> Self {
        Self { directories: Vec::new(), doors: Vec::new(), guests, left }
    }

    /// Adds a group that is joined at `joined`, which is itself or below it.
    pub(super) fn add(&mut self, directory: PathBuf, joined: PathBuf) {
        self.directories.push(directory);
        self.doors.push(joined.join("cgroup.procs"));
    }

    /// The last group is joined at a leaf, and engines make theirs beside that: they take paths in
    /// the hierarchy, which is mounted here.
    pub(super) fn join_below(&mut self, leaf: PathBuf, mount: &Path) {
        let beside = leaf.parent().and_then(|group| group.strip_prefix(mount).ok());
        if let Some(beside) = beside {
            self.guests = Path::new("/").join(beside);
        }
        self.doors.pop();
        self.doors.push(leaf.join("cgroup.procs"));
    }

    /// Places where there is nothing yet, but where engines may make groups.
    pub(super) fn may_have_guests_in(&mut self, places: impl Iterator<Item = PathBuf>) {
        self.directories.extend(places);
    }

    /// Files by which a process joins.
    pub(crate) fn doors(&self) -> Vec<PathBuf> {
        self.doors.clone()
    }

    /// The parent of groups that a container engine makes: an absolute path in the one hierarchy of
    /// version 2, else relative to the group that the engine is in.
    pub(crate) fn guests(&self) -> &Path {
        &self.guests
    }

    /// Removes the groups, waiting for the kernel to let go of them.
    ///
    /// # Errors
    /// The first group that stays, and why.
    pub(crate) fn remove(mut self) -> io::Result<()> {
        let directories = std::mem::take(&mut self.directories);
        // Each is tried, whatever becomes of the others.
        let results: Vec<_> = directories.iter().map(|one| remove_patiently(one)).collect();
        results.into_iter().collect()
    }
}

impl Drop for RunGroups {
    fn drop(&mut self) {
        let stays = |directory: &PathBuf| {
            kill(directory);
            remove_tree(directory).is_err()
        };
        let staying = std::mem::take(&mut self.directories).into_iter().filter(stays);
        lock(&self.left).extend(staying);
    }
}

/// Tries again to remove what was left.
pub(super) fn remove_left(left: &Left) {
    lock(left).retain(|directory| remove_tree(directory).is_err());
}

fn lock(left: &Left) -> MutexGuard<'_, Vec<PathBuf>> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn remove_patiently(directory: &Path) -> io::Result<()> {
    kill(directory);
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
pub(super) fn remove_tree(group: &Path) -> io::Result<()> {
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

/// Ends every process of a group of this gateway and of those below it, where the kernel can:
/// version 2, Linux 5.14.
fn kill(group: &Path) {
    // Not made where it is not: a directory of a test is no file system of control groups.
    let file = fs::File::options().write(true).open(group.join("cgroup.kill"));
    if let Ok(mut file) = file {
        let _ = io::Write::write_all(&mut file, b"1");
    }
}
