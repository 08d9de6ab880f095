//! Programs that are WebAssembly: the sandbox `wasi`.
//!
//! Owns the exchange with programs of WASI 0.1 (core modules) and of `wasi:cli/command` 0.2
//! (components), told apart by their bytes. They are no processes: a program is a future of an
//! engine of its own, on a few threads of its own, so one that computes keeps neither the gateway's
//! threads nor other programs from their turn. Dropping the reply drops that future, wherever the
//! program is.
//!
//! A program sees its arguments, exactly its environment, the named directories (read-only), and
//! an empty `/tmp` that is removed afterwards. It has no network and no way to ask for one, and
//! every limit of [`exchange::ProcessTarget`] is kept: memory by the engine, processor time by the
//! clock of the thread that runs it, files by counting before each write.
//!
//! Not here: HTTP, threads, and WASI 0.3.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    Failure, FailureKind, ProcessExchange, ProcessTransport, ResponseHead, SentSecrets,
    UpstreamReply,
};
use futures_util::{Stream, StreamExt, stream};
use sandbox::{PlaceLimits, Places, QueueFull, Ticket};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::code::Compilation;
use call::Call;
use room::Room;
use run::Run;

mod call;
mod end;
mod layers;
mod library;
mod meter;
mod preview1;
mod preview2;
mod problem;
mod quota;
mod room;
mod run;
mod scratch;
mod state;
mod streams;

pub use layers::wasi_layers;

/// Chunks of output that wait for the reader. When it is full, the program waits.
const OUTPUT_QUEUE: usize = 4;

/// What programs are run with.
#[derive(Clone, Debug)]
pub struct ProgramSettings {
    /// Where programs become machine code; as for plugins, and the same cache may serve both.
    pub compilation: Compilation,
    /// Where the private directories are made. It must be there.
    pub scratch: PathBuf,
}

/// Runs WebAssembly programs. One serves the whole gateway; engine and threads are started with
/// the first program.
pub struct WasiPrograms {
    settings: ProgramSettings,
    room: Mutex<Option<Arc<Room>>>,
    places: Places,
    supervisors: TaskTracker,
}

impl WasiPrograms {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(settings: ProgramSettings) -> Self {
        Self {
            settings,
            room: Mutex::new(None),
            places: Places::default(),
            supervisors: TaskTracker::new(),
        }
    }

    /// Waits until every program has ended and its directory is gone. Runs end when their replies
    /// end or are dropped; who calls this drops them first, or bounds the wait.
    pub async fn shutdown(&self) {
        self.supervisors.close();
        self.supervisors.wait().await;
    }

    /// The engine, started if it is not.
    fn room(&self) -> Result<Arc<Room>, Failure> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = &*room {
            return Ok(Arc::clone(room));
        }
        let started = Arc::new(Room::start(&self.settings)?);
        *room = Some(Arc::clone(&started));
        Ok(started)
    }

    fn admit(&self, exchange: &ProcessExchange) -> Result<Ticket, Failure> {
        let sandbox = &exchange.target.sandbox;
        let limits =
            PlaceLimits { max_concurrent: sandbox.max_concurrent, max_queued: sandbox.max_queued };
        let full = |full: QueueFull| Failure::new(FailureKind::QueueFull, full.to_string());
        self.places.admit(&exchange.target.provider, limits).map_err(full)
    }

    fn start(&self, run: Run) -> mpsc::Receiver<Output> {
        let (output, receiver) = mpsc::channel(OUTPUT_QUEUE);
        let threads = run.room.threads().clone();
        self.supervisors.spawn_on(run.supervise(output), &threads);
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
impl ProcessTransport for WasiPrograms {
    /// Answers with the program's first output or its end, so that a program that fails before
    /// it said anything is an error here and another candidate can be tried.
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        let call = Call::of(&exchange)?;
        let ticket = self.admit(&exchange)?;
        let secrets = exchange.credential.iter().map(|(_, secret)| secret.clone()).collect();
        let run = Run::new(exchange, call, ticket, self.room()?);
        let mut rest = Box::pin(body_of(self.start(run)));
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
