//! The one thread that starts programs.
//!
//! A thread of its own, because starting is blocking (fork copies page tables, and waits for
//! exec), and because the kernel's "die with your parent" means the *thread* that forked:
//! threads of the runtime come and go, this one lives as long as any run.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;

use exchange::ProcessTarget;
use tempfile::TempDir;
use thiserror::Error;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{mpsc, oneshot};

use super::child::Program;
use super::sandbox::Sandbox;

/// Starts that wait. When it is full, who wants another one waits within its own deadline.
const QUEUE: usize = 16;

/// A program to start.
pub(super) struct Job {
    /// What to run.
    pub(super) command: Command,
    /// Its limits.
    pub(super) target: Arc<ProcessTarget>,
}

/// Why a program was not started.
#[derive(Debug, Error)]
pub(super) enum LaunchProblem {
    /// Its directory could not be made.
    #[error("no private directory could be made")]
    Directory(#[source] io::Error),
    /// The system did not start it.
    #[error("the program {program:?} could not be started")]
    Start {
        /// Its path.
        program: String,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// The thread is gone.
    #[error("the thread that starts programs has ended")]
    Gone,
}

type Answer = Result<(Program, TempDir), LaunchProblem>;

/// Handle of the thread. The thread ends when the last one is dropped.
pub(super) struct Launcher {
    jobs: mpsc::Sender<(Job, oneshot::Sender<Answer>)>,
}

impl Launcher {
    pub(super) fn start(sandbox: Arc<dyn Sandbox>) -> io::Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<(Job, oneshot::Sender<Answer>)>(QUEUE);
        thread::Builder::new().name("program-launcher".to_owned()).spawn(move || {
            while let Some((job, answer)) = queue.blocking_recv() {
                // Who asked waits for the answer, or the runtime ended: then the program is
                // dropped here, which kills it.
                let _ = answer.send(launch(job, &*sandbox));
            }
        })?;
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

fn launch(mut job: Job, sandbox: &dyn Sandbox) -> Answer {
    let directory = tempfile::Builder::new()
        .prefix("patchbay-run-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .map_err(LaunchProblem::Directory)?;
    sandbox
        .confine(&mut job.command, directory.path(), &job.target)
        .map_err(LaunchProblem::Directory)?;
    let child: Child = job.command.spawn().map_err(|error| LaunchProblem::Start {
        program: job.command.get_program().to_string_lossy().into_owned(),
        error,
    })?;
    Ok((Program::new(child), directory))
}
