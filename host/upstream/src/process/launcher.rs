//! The threads that start programs.
//!
//! Threads of their own, because starting is blocking (fork copies page tables, the layers are
//! set up, the program is compared with its digest), and because the kernel's "die with your
//! parent" means the *thread* that forked: threads of the runtime come and go, these live as long
//! as any run.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sandbox::{
    DriverMissing, DriverName, Drivers, PackageDemand, PackageProblem, ProgramCall, Running,
    SandboxPolicy, SpawnProblem,
};
use thiserror::Error;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{mpsc, oneshot};

/// Starts that wait. When it is full, who wants another one waits within its own deadline.
const QUEUE: usize = 16;

/// Threads: a start waits for the system more than it computes.
const THREADS: usize = 4;

/// A program to start.
pub(super) struct Job {
    /// What to run.
    pub(super) call: ProgramCall,
    /// What it may see and use.
    pub(super) policy: SandboxPolicy,
    /// The driver that is demanded.
    pub(super) driver: Option<DriverName>,
    /// The package that has to own the program.
    pub(super) package: Option<PackageDemand>,
}

/// Why a program was not started.
#[derive(Debug, Error)]
pub(super) enum LaunchProblem {
    /// The driver that is demanded, or any, does not work here.
    #[error(transparent)]
    Driver(DriverMissing),
    /// It is not what its package installed.
    #[error(transparent)]
    Package(PackageProblem),
    /// The driver did not start it.
    #[error(transparent)]
    Spawn(SpawnProblem),
    /// The threads are gone.
    #[error("the threads that start programs have ended")]
    Gone,
}

type Answer = Result<Running, LaunchProblem>;
type Jobs = mpsc::Receiver<(Job, oneshot::Sender<Answer>)>;

/// Handle of the threads. They end when the last one is dropped.
pub(super) struct Launcher {
    jobs: mpsc::Sender<(Job, oneshot::Sender<Answer>)>,
}

impl Launcher {
    pub(super) fn start(drivers: &Arc<Drivers>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..THREADS {
            let (drivers, queue) = (Arc::clone(drivers), Arc::clone(&queue));
            thread::Builder::new()
                .name("program-launcher".to_owned())
                .spawn(move || serve(&drivers, &queue))?;
        }
        Ok(Self { jobs })
    }

    /// Waits for room in the queue. Dropping the future starts nothing.
    pub(super) async fn place(&self) -> Result<Place<'_>, LaunchProblem> {
        let permit = self.jobs.reserve().await;
        permit.map(Place).map_err(|SendError(())| LaunchProblem::Gone)
    }
}

/// A place in the queue.
pub(super) struct Place<'a>(mpsc::Permit<'a, (Job, oneshot::Sender<Answer>)>);

impl Place<'_> {
    /// Starts the program. Dropping the future kills it.
    pub(super) async fn launch(self, job: Job) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.0.send((job, sender));
        answer.await.unwrap_or(Err(LaunchProblem::Gone))
    }
}

/// One thread at a time waits for the next job; the others wait for their turn to.
fn serve(drivers: &Drivers, queue: &Mutex<Jobs>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some((job, answer)) = next else {
            return;
        };
        // Who asked waits for the answer, or the runtime ended: then the program is dropped
        // here, which kills it.
        let _ = answer.send(launch(drivers, &job));
    }
}

fn launch(drivers: &Drivers, job: &Job) -> Answer {
    let driver = match job.driver {
        Some(name) => drivers.get(name),
        None => drivers.strongest(),
    };
    let driver = driver.map_err(LaunchProblem::Driver)?;
    if let Some(package) = &job.package {
        package.verify(&job.call.program).map_err(LaunchProblem::Package)?;
    }
    driver.spawn(&job.policy, &job.call).map_err(LaunchProblem::Spawn)
}
