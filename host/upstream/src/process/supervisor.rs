//! One run from start to the last trace of it.

use std::fmt;
use std::future::pending;
use std::io;
use std::net::TcpListener;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use exchange::{Diagnostics, Failure, Place, ProcessExchange, ProgramOutput, Ticket};
use sandbox::Running;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use super::child::finish;
use super::egress::Egress;
use super::ending::{self, Ending};
use super::launcher::{Job, Launcher};
use super::relay::{Pipes, Relay, RunLimits, collect};
use crate::deadline::Deadline;

/// How long standard error is waited for after the group was killed. It has ended by then, unless
/// something outside of the group holds it.
const STDERR_GRACE: Duration = Duration::from_secs(1);

/// One run.
pub(super) struct Run {
    exchange: ProcessExchange,
    job: Job,
    ticket: Ticket,
    launcher: Arc<Launcher>,
    started: Instant,
}

impl Run {
    pub(super) fn new(
        exchange: ProcessExchange,
        job: Job,
        ticket: Ticket,
        launcher: Arc<Launcher>,
    ) -> Self {
        Self { exchange, job, ticket, launcher, started: Instant::now() }
    }

    /// Runs the program. When the other end of `output` is dropped, it is killed.
    pub(super) async fn supervise(self, output: mpsc::Sender<ProgramOutput>) {
        let limits = RunLimits::new(&self.exchange, self.started);
        // Held until nothing of the run is left.
        let Some(_place) = redeem(self.ticket, limits.total, &output).await else {
            return;
        };
        match start(&self.launcher, self.job, limits, &output).await {
            Start::Running(mut program) => {
                let report = attend(&mut program, &self.exchange, limits, &output).await;
                report.log(&self.exchange, self.started);
                let failure = report.ending.into_failure(report.status);
                // Nobody may be left to hear it.
                let _ =
                    output.send(failure.map_or(ProgramOutput::Done, ProgramOutput::Failed)).await;
                drop(output);
                remove(program).await;
            }
            Start::Failed(failure) => {
                let _ = output.send(ProgramOutput::Failed(failure)).await;
            }
            Start::Cancelled => {}
        }
    }
}

/// `None` if nobody waits for the output any more, or the deadline passed, which the output is
/// told.
async fn redeem(
    ticket: Ticket,
    total: Deadline,
    output: &mpsc::Sender<ProgramOutput>,
) -> Option<Place> {
    let waited = tokio::select! {
        biased;
        () = output.closed() => return None,
        waited = timeout_at(total.at, ticket.redeem()) => waited,
    };
    if waited.is_err() {
        let _ = output.send(ProgramOutput::Failed(total.failure())).await;
    }
    waited.ok()
}

enum Start {
    Running(Running),
    Failed(Failure),
    Cancelled,
}

/// Waits for a place and starts the program. Once it has the place it does not give up, so that
/// whatever was started is reaped in the ordinary way.
async fn start(
    launcher: &Launcher,
    job: Job,
    limits: RunLimits,
    output: &mpsc::Sender<ProgramOutput>,
) -> Start {
    let place = tokio::select! {
        biased;
        () = output.closed() => return Start::Cancelled,
        place = timeout_at(limits.total.at, launcher.place()) => place,
    };
    let launched = match place {
        Err(_) => return Start::Failed(limits.total.failure()),
        Ok(Err(problem)) => Err(problem),
        Ok(Ok(place)) => place.launch(job).await,
    };
    match launched {
        Ok(program) => Start::Running(program),
        Err(problem) => Start::Failed(ending::of_launch(problem)),
    }
}

/// What is known of a run at its end.
struct Report {
    ending: Ending,
    status: io::Result<ExitStatus>,
    output_bytes: u64,
    stderr: String,
}

/// Relays the program's output until one of the two sides ends, then ends the other.
async fn attend(
    program: &mut Running,
    exchange: &ProcessExchange,
    limits: RunLimits,
    output: &mpsc::Sender<ProgramOutput>,
) -> Report {
    let secrets = exchange.secrets();
    let mut diagnostics = Diagnostics::new(&secrets);
    let mut relay = Relay::new(limits, output);
    let outlet = program.outlet();
    let mut pipes = Pipes::open(program.streams(), exchange.body.clone());
    let ending = match &mut pipes {
        Err(error) => Ending::Broken(io::Error::new(error.kind(), "a pipe was not opened")),
        Ok(pipes) => tokio::select! {
            biased;
            () = output.closed() => Ending::Cancelled,
            ending = relay.run(program, pipes, &mut diagnostics) => ending,
            ending = network(outlet, exchange) => ending,
        },
    };
    let status = finish(program).await;
    if let Ok(pipes) = &mut pipes {
        let rest = collect(&mut pipes.stderr, &mut diagnostics);
        // A timeout means that the text in the log is cut.
        let _ = timeout(STDERR_GRACE, rest).await;
    }
    Report {
        ending,
        status,
        output_bytes: relay.output_bytes(),
        stderr: diagnostics.text(&secrets),
    }
}

/// Serves the program's network, if it is granted any. Dropping it ends every connection.
async fn network(outlet: Option<TcpListener>, exchange: &ProcessExchange) -> Ending {
    match outlet.map(|outlet| Egress::open(outlet, exchange)) {
        None => pending().await,
        Some(Err(error)) => Ending::Broken(error),
        Some(Ok(egress)) => match egress.serve().await {},
    }
}

impl Report {
    fn log(&self, exchange: &ProcessExchange, started: Instant) {
        let exit = match &self.status {
            Ok(status) => status.to_string(),
            Err(error) => format!("unknown: {error}"),
        };
        info!(
            target: "process",
            command = %Command(exchange),
            provider.id = %exchange.target.provider,
            request.id = %exchange.request_id,
            ending = %self.ending,
            exit = exit,
            duration_ms = started.elapsed().as_millis() as u64,
            output_bytes = self.output_bytes,
            stderr = self.stderr,
            "program run"
        );
    }
}

/// What was run, without secret and prompt.
struct Command<'a>(&'a ProcessExchange);

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = &self.0.credential {
            write!(f, "{name}=[credential] ")?;
        }
        write!(f, "{}", self.0.plan)
    }
}

/// Removes what the run left outside of its namespaces, on a thread that may block.
async fn remove(mut program: Running) {
    let traces = program.traces();
    drop(program);
    let removed = tokio::task::spawn_blocking(|| traces.remove()).await;
    let problem = match removed {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    };
    warn!(target: "process", error = %problem, "a trace of a program is left behind");
}
