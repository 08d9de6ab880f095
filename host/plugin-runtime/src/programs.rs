//! Programs that are WebAssembly: the sandbox `wasi`.
//!
//! Owns the exchange with programs of WASI 0.1 (core modules) and of `wasi:cli/command` 0.2
//! (components), told apart by their bytes. They are no processes: a program is a future of an
//! engine of its own, on a few threads of its own, so one that computes keeps neither the gateway's
//! threads nor other programs from their turn. Dropping the reply drops that future, wherever the
//! program is.
//!
//! A program sees its arguments, exactly its environment, the named directories and files
//! (read-only), and an empty `/tmp` that is removed afterwards. It has no network and no way to
//! ask for one, and every limit of [`exchange::ProcessTarget`] is kept: memory by the engine,
//! processor time by the clock of the thread that runs it, files by counting before each write.
//!
//! Not here: HTTP, threads, and WASI 0.3.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exchange::{
    Failure, Places, ProcessExchange, ProcessTransport, ProgramOutput, UpstreamReply, program_reply,
};
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
mod named_file;
mod preview1;
mod preview2;
mod problem;
mod quota;
mod room;
mod run;
mod scratch;
mod state;
mod streams;
mod view;

pub use layers::wasi_layers;

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

    fn start(&self, run: Run) -> mpsc::Receiver<ProgramOutput> {
        let (output, receiver) = ProgramOutput::channel();
        let threads = run.room.threads().clone();
        self.supervisors.spawn_on(run.supervise(output), &threads);
        receiver
    }
}

#[async_trait]
impl ProcessTransport for WasiPrograms {
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        let call = Call::of(&exchange)?;
        let ticket = self.places.admit(&exchange.target)?;
        let secrets = exchange.sent_secrets();
        let run = Run::new(exchange, call, ticket, self.room()?);
        program_reply(self.start(run), secrets).await
    }
}

#[cfg(test)]
mod tests;
