//! Programs as providers.
//!
//! Owns the child processes of the gateway. A program gets exactly the environment of its plan, a
//! private empty directory, no privilege and hard limits (see [`confine`]); it and everything it
//! started die with its request. Each run has one supervisor task, which alone starts, feeds,
//! reads, kills and reaps it; the reply's body is a channel of that task.
//!
//! What is not covered here: a program may read every file that its user may read, and may use
//! the network. On a kernel or processor without system call filters a program can leave its
//! process group and outlive the run; that is said in the log at start.

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    Failure, FailureKind, ProcessExchange, ProcessTransport, ResponseHead, SentSecrets,
    UpstreamReply,
};
use futures_util::{Stream, StreamExt, stream};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use confine::Confinement;
use launcher::Launcher;
use sandbox::Sandbox;
use supervisor::Run;

mod child;
mod command;
mod confine;
mod descriptor;
mod diagnostics;
mod ending;
mod launcher;
mod relay;
mod sandbox;
mod supervisor;

/// Chunks of output that wait for the reader. When it is full, the program waits.
const OUTPUT_QUEUE: usize = 4;

/// Why programs cannot be run.
#[derive(Debug, Error)]
pub enum ProcessSetupProblem {
    /// This process cannot adopt what its programs leave behind.
    #[error("this process cannot adopt what programs leave behind")]
    Subreaper(#[source] std::io::Error),
    /// The thread that starts programs could not be started.
    #[error("the thread that starts programs could not be started")]
    Thread(#[source] std::io::Error),
    /// The system call filter could not be made.
    #[error("the system call filter for programs could not be made")]
    Filter(#[source] seccompiler::BackendError),
}

/// Runs programs in a sandbox. One serves the whole program.
pub struct ProcessUpstream {
    launcher: Arc<Launcher>,
    supervisors: TaskTracker,
}

impl ProcessUpstream {
    /// Starts the thread that starts programs. Makes this process the subreaper of its
    /// descendants (`PR_SET_CHILD_SUBREAPER`), so that what a program leaves behind is reaped.
    ///
    /// # Errors
    /// The system's.
    pub fn try_new() -> Result<Self, ProcessSetupProblem> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|error| ProcessSetupProblem::Subreaper(error.into()))?;
        let sandbox: Arc<dyn Sandbox> = Arc::new(Confinement::detect()?);
        let launcher = Launcher::start(sandbox).map_err(ProcessSetupProblem::Thread)?;
        Ok(Self { launcher: Arc::new(launcher), supervisors: TaskTracker::new() })
    }

    /// Waits until every program has ended and its directory is gone. Runs end when their replies
    /// end or are dropped; who calls this drops them first, or bounds the wait.
    pub async fn shutdown(&self) {
        self.supervisors.close();
        self.supervisors.wait().await;
    }

    fn start(&self, exchange: ProcessExchange, command: Command) -> mpsc::Receiver<Output> {
        let (output, receiver) = mpsc::channel(OUTPUT_QUEUE);
        let run = Run::new(exchange, command, Arc::clone(&self.launcher));
        self.supervisors.spawn(run.supervise(output));
        receiver
    }
}

/// What a supervisor sends. One that ends without a last word was ended itself, so that output
/// which was cut is never taken for whole.
enum Output {
    /// Standard output.
    Chunk(Bytes),
    /// Last: the program did not end well.
    Failed(Failure),
    /// Last: it did.
    Done,
}

#[async_trait]
impl ProcessTransport for ProcessUpstream {
    /// Answers with the program's first output or its end, so that a program that fails before
    /// it said anything is an error here and another candidate can be tried.
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        let command = command::build(&exchange)?;
        let secrets = exchange.credential.iter().map(|(_, secret)| secret.clone()).collect();
        let mut rest = Box::pin(body_of(self.start(exchange, command)));
        let first = rest.next().await.transpose()?;
        Ok(UpstreamReply {
            head: ResponseHead::of_process(),
            body: Box::pin(stream::iter(first.map(Ok)).chain(rest)),
            sent_secrets: SentSecrets::new(secrets),
        })
    }
}

fn body_of(output: mpsc::Receiver<Output>) -> impl Stream<Item = Result<Bytes, Failure>> {
    let items = stream::unfold(Some(output), |output| async move {
        let mut output = output?;
        match output.recv().await {
            Some(Output::Chunk(chunk)) => Some((Ok(chunk), Some(output))),
            Some(Output::Failed(failure)) => Some((Err(failure), None)),
            Some(Output::Done) => None,
            None => Some((Err(unattended()), None)),
        }
    });
    items.fuse()
}

fn unattended() -> Failure {
    Failure::new(
        FailureKind::SandboxFault,
        "the gateway stopped attending to the provider's program",
    )
}

#[cfg(test)]
mod tests;
