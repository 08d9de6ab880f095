//! One run from its creation to the last trace of it.

use std::sync::Arc;
use std::time::Duration;

use exchange::{Diagnostics, Failure, Place, ProcessEnd, ProcessExchange, ProgramOutput, Ticket};
use futures_util::StreamExt;
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use crate::cluster::{Cluster, LogStream};
use crate::manifest;
use crate::order::RunOrder;
use crate::pod::{PodEnd, PodState, state_of};
use crate::problem::CallProblem;
use crate::relay::{Relay, RelayEnd, RunLimits};
use crate::removal::{Creation, Traces};
use crate::settings::KubernetesSettings;
use crate::start::{self, Started};
use crate::streams::{Piece, Streams};
use crate::watch::{PodNews, PodWatch};

/// Time between the end of a program's streams and the cluster's word of how it ended.
const END_GRACE: Duration = Duration::from_secs(30);
/// Time for standard error, where the log has it apart.
const STDERR_GRACE: Duration = Duration::from_secs(5);

/// One run.
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) settings: Arc<KubernetesSettings>,
    pub(crate) exchange: ProcessExchange,
    pub(crate) order: RunOrder,
    pub(crate) ticket: Ticket,
}

impl Run {
    /// Runs the program. When the other end of `output` is dropped, everything is deleted.
    pub(crate) async fn supervise(self, output: mpsc::Sender<ProgramOutput>) {
        let started = Instant::now();
        let limits = RunLimits::new(&self.exchange, started);
        let Self { cluster, settings, exchange, order, ticket } = self;
        // Held until the API server has taken the deletion.
        let Some(_place) = redeem(ticket, limits, &output).await else {
            return;
        };
        let (traces, created) = create(&cluster, &order, &settings).await;
        let attempt =
            Attempt { cluster: &cluster, settings: &settings, exchange: &exchange, order: &order };
        let report = match created {
            Ok(()) => attempt.attend(limits, &output).await,
            Err(problem) => Report::failed(problem.into_failure()),
        };
        report.log(&exchange, &order, started);
        let last = match report.ending {
            Ending::Cancelled => None,
            Ending::Failed(failure) => Some(ProgramOutput::Failed(failure)),
            Ending::Program(end) => {
                Some(end.into_failure().map_or(ProgramOutput::Done, ProgramOutput::Failed))
            }
        };
        if let Some(last) = last {
            // Nobody may be left to hear it.
            let _ = output.send(last).await;
        }
        drop(output);
        traces.remove(&cluster).await;
    }
}

/// `None` if nobody waits for the output any more, or the deadline passed, which the output is
/// told.
async fn redeem(
    ticket: Ticket,
    limits: RunLimits,
    output: &mpsc::Sender<ProgramOutput>,
) -> Option<Place> {
    let waited = tokio::select! {
        biased;
        () = output.closed() => return None,
        waited = timeout_at(limits.end, ticket.redeem()) => waited,
    };
    if waited.is_err()
        && let Some(failure) = limits.too_slow().into_failure()
    {
        let _ = output.send(ProgramOutput::Failed(failure)).await;
    }
    waited.ok()
}

/// Creates Secret and Job. It is not given up midway, so that what was created is known.
async fn create(
    cluster: &Cluster,
    order: &RunOrder,
    settings: &KubernetesSettings,
) -> (Traces, Result<(), CallProblem>) {
    let nothing = Creation::Nothing;
    let mut traces = Traces { name: order.name.clone(), job: nothing, secret: nothing };
    // The pod would wait for a Secret that comes later, and look for it seldom.
    if let Some(credential) = &order.credential {
        let secret = manifest::secret(order, credential, settings);
        let answer = cluster.create_secret(&secret).await;
        traces.secret = Creation::of(&answer);
        if let Err(problem) = answer {
            return (traces, Err(problem));
        }
    }
    let answer = cluster.create_job(&manifest::job(order, settings)).await;
    traces.job = Creation::of(&answer);
    match answer {
        Ok(uid) => {
            if order.has_secret()
                && let Err(problem) = cluster.own_secret(&order.name, &uid).await
            {
                // It is deleted with the run all the same, unless the gateway is killed before.
                warn!(target: "process", name = order.name, error = %problem, "a Secret has no owner");
            }
            (traces, Ok(()))
        }
        Err(problem) => (traces, Err(problem)),
    }
}

/// Why a run is over.
enum Ending {
    Cancelled,
    /// The cluster or the gateway failed.
    Failed(Failure),
    Program(PodEnd),
}

impl From<ProcessEnd> for Ending {
    fn from(end: ProcessEnd) -> Self {
        Self::Program(PodEnd { end, words: "ended by the gateway".to_owned() })
    }
}

/// What is known of a run at its end.
struct Report {
    ending: Ending,
    output_bytes: u64,
    stderr: String,
}

/// A run whose Job was created.
struct Attempt<'a> {
    cluster: &'a Cluster,
    settings: &'a KubernetesSettings,
    exchange: &'a ProcessExchange,
    order: &'a RunOrder,
}

impl Attempt<'_> {
    /// Waits for the program, relays its output and learns how it ended.
    async fn attend(&self, limits: RunLimits, output: &mpsc::Sender<ProgramOutput>) -> Report {
        let secrets = quotable(self.exchange);
        let mut diagnostics = Diagnostics::new(&secrets);
        let mut relay = Relay::new(limits, output);
        let run = self.follow(limits, &mut relay, &mut diagnostics);
        let ending = tokio::select! {
            biased;
            () = output.closed() => Ending::Cancelled,
            ending = run => ending,
        };
        Report { ending, output_bytes: relay.output_bytes(), stderr: diagnostics.text(&secrets) }
    }

    async fn follow(
        &self,
        limits: RunLimits,
        relay: &mut Relay<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Ending {
        let mut watch = PodWatch::new(self.cluster.clone(), &self.order.name);
        let until = limits.end.min(Instant::now() + self.settings.start_timeout);
        let started = start::started(&mut watch, self.cluster, &self.order.name, until).await;
        let Started { pod, end } = match started {
            Ok(started) => started,
            Err(_) if Instant::now() >= limits.end => return limits.too_slow().into(),
            Err(failure) => return Ending::Failed(failure),
        };
        let streams = match self.open(&pod, end.is_some()).await {
            Ok(streams) => streams,
            Err(problem) => return Ending::Failed(problem.into_failure()),
        };
        let lacks_stderr = streams.lacks_stderr;
        match relay.run(streams, diagnostics).await {
            RelayEnd::Streams => {}
            RelayEnd::Cancelled => return Ending::Cancelled,
            RelayEnd::Limit(end) => return end.into(),
            RelayEnd::Broken(problem) => return lost(problem),
        }
        if lacks_stderr {
            let _ = timeout(STDERR_GRACE, self.complaints(&pod, diagnostics)).await;
        }
        match end {
            Some(end) => Ending::Program(end),
            None => end_of(&mut watch, limits).await,
        }
    }

    /// Attaches where there is a body to write. A program that ended without it has its output in
    /// the log.
    async fn open(&self, pod: &str, has_ended: bool) -> Result<Streams, CallProblem> {
        if self.order.feeds_stdin && !has_ended {
            let body = self.exchange.body.clone();
            match Streams::attach(self.cluster, pod, body).await {
                // What the kubelet says of a container that has just ended.
                Err(CallProblem::Refused { code: 400 | 404 | 500, .. }) => {}
                other => return other,
            }
        }
        let stream = if self.settings.split_logs { LogStream::Stdout } else { LogStream::Both };
        Streams::log(self.cluster, pod, stream).await
    }

    async fn complaints(&self, pod: &str, diagnostics: &mut Diagnostics) {
        let Ok(mut streams) = Streams::log(self.cluster, pod, LogStream::Stderr).await else {
            return;
        };
        while let Some(Ok(Piece::Output(bytes) | Piece::Complaint(bytes))) =
            streams.pieces.next().await
        {
            diagnostics.take(&bytes);
        }
    }
}

/// Waits for the cluster's word of how the program ended.
async fn end_of(watch: &mut PodWatch, limits: RunLimits) -> Ending {
    let until = Instant::now() + END_GRACE;
    loop {
        let Ok(news) = timeout_at(until.min(limits.end), watch.next()).await else {
            return if until < limits.end {
                ProcessEnd::Lost.into()
            } else {
                limits.too_slow().into()
            };
        };
        match news {
            Ok(PodNews::Is(pod)) => match state_of(&pod) {
                PodState::Ended(end) => return Ending::Program(end),
                PodState::Stuck(failure) => return Ending::Failed(failure),
                PodState::Waiting(_) | PodState::Running => {}
            },
            Ok(PodNews::Gone) => return Ending::Failed(start::taken_away()),
            Err(problem) => return lost(problem),
        }
    }
}

fn lost(problem: CallProblem) -> Ending {
    Ending::Program(PodEnd { end: ProcessEnd::Lost, words: problem.to_string() })
}

/// What the log must not quote: the credential, and the body.
fn quotable(exchange: &ProcessExchange) -> Vec<&str> {
    let credential = exchange.credential.as_ref();
    let secret = credential.map(|(_, secret)| secret.expose_secret());
    let body = std::str::from_utf8(&exchange.body).ok();
    secret.into_iter().chain(body).collect()
}

impl Report {
    fn failed(failure: Failure) -> Self {
        Self { ending: Ending::Failed(failure), output_bytes: 0, stderr: String::new() }
    }

    fn log(&self, exchange: &ProcessExchange, order: &RunOrder, started: Instant) {
        let (ending, exit) = match &self.ending {
            Ending::Cancelled => ("deleted: cancelled", String::new()),
            Ending::Failed(failure) => ("failed", failure.cause_chain().unwrap_or_default()),
            Ending::Program(PodEnd { end: ProcessEnd::TooSlow { .. }, words }) => {
                ("deleted: timeout", words.clone())
            }
            Ending::Program(PodEnd { end: ProcessEnd::TooMuchOutput { .. }, words }) => {
                ("deleted: too much output", words.clone())
            }
            Ending::Program(PodEnd { end: ProcessEnd::Lost, words }) => ("lost", words.clone()),
            Ending::Program(PodEnd { words, .. }) => ("exited", words.clone()),
        };
        info!(
            target: "process",
            command = %exchange.plan,
            provider.id = %exchange.target.provider,
            request.id = %exchange.request_id,
            sandbox = "kubernetes",
            job = order.name,
            ending,
            exit,
            duration_ms = started.elapsed().as_millis() as u64,
            output_bytes = self.output_bytes,
            stderr = self.stderr,
            "program run"
        );
    }
}
