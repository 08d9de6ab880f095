//! Sandboxes that were made ahead and wait for their program.
//!
//! Each is used for one run, or for none. It was made for one recipe (what is seen, the limits, and
//! whether there is an outlet), and only a run with the very same recipe takes it. They are made by
//! a thread of the pool after a run has shown that they are wanted, so what nobody asks for costs
//! nothing.

use std::collections::VecDeque;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, mem};

use tracing::debug;

use crate::driver::{SpawnProblem, cage};
use crate::outlet::NetworkAccess;
use crate::policy::SandboxLimits;
use crate::running::Running;
use crate::view::View;

/// Wishes that wait for the thread. One that finds no room is dropped: the next run has it again.
const WISHES: usize = 16;

/// How many sandboxes of one driver wait, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// For each recipe. With 0 there is no pool.
    pub each: usize,
    /// For all recipes together. The one that waits longest makes room.
    pub all: usize,
    /// One that was not taken for this long is thrown away, at the latest after twice as long.
    pub unused: Duration,
}

impl PoolLimits {
    /// Two for each provider that wants the same, eight in all, for five minutes.
    pub const ORDINARY: Self = Self { each: 2, all: 8, unused: Duration::from_mins(5) };

    /// No pool: each sandbox is made when its run comes.
    pub const NONE: Self = Self { each: 0, all: 0, unused: Duration::ZERO };
}

/// What a sandbox is made of. Equal ones are the same to a program.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) view: View,
    pub(crate) limits: SandboxLimits,
    pub(crate) network: NetworkAccess,
    /// What the paths of the view led to: another file of the same name is another recipe.
    stamps: Vec<Option<Stamp>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    /// Of a file. What is in a directory is seen as it is, so its changes do not matter.
    changed: Option<(i64, i64)>,
}

impl Recipe {
    /// Looks at what the view's paths lead to now.
    pub(crate) fn new(view: View, limits: SandboxLimits, network: NetworkAccess) -> Self {
        let stamps = view.binds.iter().map(|bind| stamp(&bind.source).ok()).collect();
        Self { view, limits, network, stamps }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let found: Metadata = path.metadata()?;
    let changed = found.is_file().then(|| (found.ctime(), found.ctime_nsec()));
    Ok(Stamp { device: found.dev(), inode: found.ino(), changed })
}

type Make = dyn Fn(&Recipe) -> Result<Running, SpawnProblem> + Send + Sync;

/// See the module. Dropping it kills what waits; [`close`](Self::close) waits until it is gone.
pub(crate) struct Pool {
    shelf: Arc<Mutex<Shelf>>,
    limits: PoolLimits,
    make: Arc<Make>,
    thread: Mutex<Option<(SyncSender<Recipe>, JoinHandle<()>)>>,
}

/// What waits, the longest waiting first.
struct Shelf {
    waiting: VecDeque<Waiting>,
    is_closed: bool,
}

struct Waiting {
    recipe: Recipe,
    running: Running,
    since: Instant,
}

impl Pool {
    /// One that is empty. The thread starts with the first wish.
    pub(crate) fn new(limits: PoolLimits, make: Arc<Make>) -> Self {
        let shelf = Arc::new(Mutex::new(Shelf { waiting: VecDeque::new(), is_closed: false }));
        Self { shelf, limits, make, thread: Mutex::new(None) }
    }

    /// A sandbox of this recipe, if one waits.
    pub(crate) fn take(&self, recipe: &Recipe) -> Option<Running> {
        let mut shelf = lock(&self.shelf);
        let found = shelf.waiting.iter().position(|one| one.recipe == *recipe)?;
        shelf.waiting.remove(found).map(|waiting| waiting.running)
    }

    /// Has sandboxes of this recipe made, up to the limits, in the background.
    pub(crate) fn wish(&self, recipe: Recipe) {
        if self.limits.each == 0 || lock(&self.shelf).is_closed {
            return;
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            *thread = self.start().inspect_err(|error| debug!(%error, "no pool")).ok();
        }
        if let Some((wishes, _)) = &*thread {
            let _ = wishes.try_send(recipe);
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.shelf).waiting.len()
    }

    fn start(&self) -> io::Result<(SyncSender<Recipe>, JoinHandle<()>)> {
        let (wishes, queue) = sync_channel(WISHES);
        let (shelf, limits) = (Arc::clone(&self.shelf), self.limits);
        let make = Arc::clone(&self.make);
        let name = "sandbox-pool".to_owned();
        let thread = thread::Builder::new().name(name);
        Ok((wishes, thread.spawn(move || serve(&shelf, limits, &make, &queue))?))
    }

    /// Throws away what waits, and makes no more. Runs that came from the pool end with its thread:
    /// whoever calls this has ended them before.
    pub(crate) fn close(&self) {
        discard(empty(&self.shelf));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((wishes, thread)) = thread {
            drop(wishes);
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        discard(empty(&self.shelf));
    }
}

/// Lives as long as any run that came from it: the kernel kills a run with the thread that
/// started it.
fn serve(shelf: &Mutex<Shelf>, limits: PoolLimits, make: &Arc<Make>, queue: &Receiver<Recipe>) {
    loop {
        match queue.recv_timeout(limits.unused) {
            Ok(recipe) => fill(shelf, limits, make, &recipe),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        discard(take_old(shelf, limits.unused));
    }
}

fn fill(shelf: &Mutex<Shelf>, limits: PoolLimits, make: &Arc<Make>, recipe: &Recipe) {
    while is_short(&lock(shelf), limits, recipe) {
        let running = match make(recipe) {
            Ok(running) => running,
            Err(problem) => {
                debug!(target: "process", error = %problem, "no sandbox could be prepared");
                return;
            }
        };
        let waiting = Waiting { recipe: recipe.clone(), running, since: Instant::now() };
        let unwanted = put(&mut lock(shelf), limits, waiting);
        discard(unwanted);
    }
}

fn is_short(shelf: &Shelf, limits: PoolLimits, recipe: &Recipe) -> bool {
    let same = shelf.waiting.iter().filter(|one| one.recipe == *recipe).count();
    !shelf.is_closed && same < limits.each.min(limits.all)
}

/// Returns what has to make room.
fn put(shelf: &mut Shelf, limits: PoolLimits, waiting: Waiting) -> Vec<Waiting> {
    if shelf.is_closed {
        return vec![waiting];
    }
    shelf.waiting.push_back(waiting);
    let too_many = shelf.waiting.len().saturating_sub(limits.all);
    shelf.waiting.drain(..too_many).collect()
}

fn take_old(shelf: &Mutex<Shelf>, unused: Duration) -> Vec<Waiting> {
    let mut shelf = lock(shelf);
    let is_old = |one: &Waiting| one.since.elapsed() >= unused;
    let old = shelf.waiting.iter().take_while(|one| is_old(one)).count();
    shelf.waiting.drain(..old).collect()
}

fn empty(shelf: &Mutex<Shelf>) -> Vec<Waiting> {
    let mut shelf = lock(shelf);
    shelf.is_closed = true;
    mem::take(&mut shelf.waiting).into()
}

/// Kills them all first, then waits for each.
fn discard(unwanted: Vec<Waiting>) {
    unwanted.iter().for_each(|one| one.running.kill());
    unwanted.into_iter().for_each(|one| cage::end(one.running));
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
