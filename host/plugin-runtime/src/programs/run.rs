//! One run from start to the last trace of it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{ProcessExchange, ProgramOutput, Ticket};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{info, warn};
use wasmtime::{Engine, Store};

use super::call::Call;
use super::end::End;
use super::library::Program;
use super::meter::Limited;
use super::problem::StartProblem;
use super::room::Room;
use super::scratch::Scratch;
use super::state::ProgramState;
use super::streams::{Stderr, Stdout};

/// Longest wait that is computed with; more is as good as for ever.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// Chunks between the program and its supervisor.
const CHUNK_QUEUE: usize = 1;

/// One run.
pub(super) struct Run {
    exchange: ProcessExchange,
    call: Call,
    ticket: Ticket,
    pub(super) room: Arc<Room>,
    limits: RunLimits,
}

/// Limits of one run in time and output.
#[derive(Clone, Copy)]
struct RunLimits {
    started: Instant,
    /// The whole run, waiting for a place included.
    total: Duration,
    idle: Duration,
    max_bytes: u64,
}

impl RunLimits {
    fn ends_at(self) -> Instant {
        self.started + self.total
    }

    fn too_slow(self) -> End {
        End::TooSlow { deadline: "total", length: self.total }
    }
}

impl Run {
    pub(super) fn new(
        exchange: ProcessExchange,
        call: Call,
        ticket: Ticket,
        room: Arc<Room>,
    ) -> Self {
        let target = &exchange.target;
        let asked = exchange.plan.timeout.unwrap_or(target.total);
        let limits = RunLimits {
            started: Instant::now(),
            total: asked.min(target.total).min(LONGEST),
            idle: target.idle.min(LONGEST),
            max_bytes: target.max_output_bytes,
        };
        Self { exchange, call, ticket, room, limits }
    }

    /// Runs the program. When the other end of `output` is dropped, it is ended.
    pub(super) async fn supervise(self, output: mpsc::Sender<ProgramOutput>) {
        let Self { exchange, call, ticket, room, limits } = self;
        let begin = async {
            // Held until nothing of the run is left.
            let place = ticket.redeem().await;
            let running = Arc::clone(&room.running).acquire_owned().await;
            let program = room.program(&call.program, call.digest).await;
            (place, running, program)
        };
        let begun = tokio::select! {
            biased;
            () = output.closed() => return,
            begun = timeout_at(limits.ends_at(), begin) => begun,
        };
        let Ok((place, running, program)) = begun else {
            return tell(limits.too_slow(), &output).await;
        };
        let scratch =
            |program| Ok((program, room.scratch.scratch().map_err(StartProblem::Scratch)?));
        let ended = match program.and_then(scratch) {
            Ok((program, scratch)) => {
                let started = Started { room: &room, program: &program, scratch: &scratch };
                let ended = run(started, (&exchange, call), limits, &output).await;
                remove(scratch).await;
                ended
            }
            Err(problem) => Err(problem),
        };
        // The last word may have to wait for a reader: nothing is held for it.
        drop((place, running));
        match ended {
            Ok(end) => tell(end, &output).await,
            Err(problem) => {
                let _ = output.send(ProgramOutput::Failed(problem.into())).await;
            }
        }
    }
}

async fn tell(end: End, output: &mpsc::Sender<ProgramOutput>) {
    // Nobody may be left to hear it.
    let _ =
        output.send(end.into_failure().map_or(ProgramOutput::Done, ProgramOutput::Failed)).await;
}

/// What a run has.
struct Started<'a> {
    room: &'a Room,
    program: &'a Program,
    scratch: &'a Scratch,
}

async fn run(
    started: Started<'_>,
    (exchange, call): (&ProcessExchange, Call),
    limits: RunLimits,
    output: &mpsc::Sender<ProgramOutput>,
) -> Result<End, StartProblem> {
    let secrets = exchange.secrets();
    let (chunks, written) = mpsc::channel(CHUNK_QUEUE);
    let stderr = Stderr::new(&secrets);
    let streams = (Stdout::new(chunks), stderr.clone());
    let state = call.state(exchange, started.scratch, streams)?;
    let program = execute(&started.room.engine, started.program, state);
    let mut relay = Relay { limits, output, output_bytes: 0, quiet_since: Instant::now() };
    let end = relay.run(Limited::new(program, exchange.target.max_cpu), written).await;
    info!(
        target: "process",
        command = %exchange.plan,
        provider.id = %exchange.target.provider,
        request.id = %exchange.request_id,
        ending = %end,
        duration_ms = limits.started.elapsed().as_millis() as u64,
        output_bytes = relay.output_bytes,
        stderr = stderr.text(&secrets),
        "program run"
    );
    Ok(end)
}

/// Runs a program to its end. It gives up its turn with every tick of the engine. Dropping the
/// future ends it.
async fn execute(engine: &Engine, program: &Program, state: ProgramState) -> End {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.meter);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let result = call(&mut store, program).await;
    End::of(result, &store.data().meter)
}

async fn call(store: &mut Store<ProgramState>, program: &Program) -> wasmtime::Result<i32> {
    match program {
        Program::Module(module) => {
            let instance = module.instantiate_async(&mut *store).await?;
            let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
            start.call_async(store, ()).await?;
            Ok(0)
        }
        Program::Component(command) => {
            let command = command.instantiate_async(&mut *store).await?;
            let ended = command.wasi_cli_run().call_run(store).await?;
            Ok(i32::from(ended.is_err()))
        }
    }
}

/// What was relayed so far.
struct Relay<'a> {
    limits: RunLimits,
    output: &'a mpsc::Sender<ProgramOutput>,
    output_bytes: u64,
    quiet_since: Instant,
}

impl Relay<'_> {
    /// Relays until the program has ended and its output was taken, or a limit is reached. The
    /// program does not run while the reader is waited for.
    async fn run(
        &mut self,
        program: Limited<impl Future<Output = End>>,
        mut written: mpsc::Receiver<Bytes>,
    ) -> End {
        let mut program = pin!(program);
        let mut timer = pin!(sleep_until(self.looks_at()));
        let mut ended = None;
        loop {
            tokio::select! {
                biased;
                () = self.output.closed() => return End::Cancelled,
                chunk = written.recv() => match (chunk, ended.take()) {
                    (Some(chunk), end) => {
                        ended = end;
                        if let Err(end) = self.pass(chunk).await {
                            return end;
                        }
                    }
                    // The program's end of the channel goes with its store.
                    (None, Some(end)) => return end,
                    (None, None) => return program.await.unwrap_or(End::CpuSpent),
                },
                () = &mut timer => {
                    if let Some(end) = self.overdue() {
                        return end;
                    }
                    timer.as_mut().reset(self.looks_at());
                }
                end = &mut program, if ended.is_none() => match end {
                    Some(end) => ended = Some(end),
                    None => return End::CpuSpent,
                },
            }
        }
    }

    /// Hands a chunk on. Time in which the reader does not take it counts for the whole run, not
    /// as silence of the program.
    async fn pass(&mut self, chunk: Bytes) -> Result<(), End> {
        let max_bytes = self.limits.max_bytes;
        self.output_bytes = self.output_bytes.saturating_add(chunk.len() as u64);
        if self.output_bytes > max_bytes {
            return Err(End::TooMuchOutput { max_bytes });
        }
        let sent = self.output.send(ProgramOutput::Chunk(chunk));
        let sent = timeout_at(self.limits.ends_at(), sent).await;
        self.quiet_since = Instant::now();
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Cancelled),
            Err(_) => Err(self.limits.too_slow()),
        }
    }

    fn looks_at(&self) -> Instant {
        self.limits.ends_at().min(self.quiet_since + self.limits.idle)
    }

    fn overdue(&self) -> Option<End> {
        let now = Instant::now();
        if now >= self.limits.ends_at() {
            return Some(self.limits.too_slow());
        }
        let length = self.limits.idle;
        (now >= self.quiet_since + length).then_some(End::TooSlow { deadline: "idle", length })
    }
}

/// Removes the run's directories, on a thread that may block.
async fn remove(scratch: Scratch) {
    let removed = tokio::task::spawn_blocking(move || scratch.remove()).await;
    let problem = match removed {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    };
    warn!(target: "process", cause = %problem, "a trace of a program is left behind");
}
