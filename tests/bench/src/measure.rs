//! The order of things: rounds, in each round every target, on each target every case.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::affinity::Placement;
use crate::case::Case;
use crate::expected::Expected;
use crate::figures::{CaseFigures, MemoryFigures, Percentiles, micros};
use crate::load::{self, Connection, Job, Latency};
use crate::process::ServerProcess;
use crate::saturation::WARM_UP;
use crate::{gateway, report, saturation};

/// What is measured, and how long.
pub(crate) struct Plan {
    /// Rounds.
    pub(crate) rounds: usize,
    /// Cases, in order.
    pub(crate) cases: Vec<Case>,
    /// Targets, in order.
    pub(crate) targets: Vec<Target>,
    /// Requests a second for latencies.
    pub(crate) rate: u32,
    /// Length of each latency measurement.
    pub(crate) latency: Duration,
    /// Length of each measurement at saturation.
    pub(crate) saturation: Duration,
    /// Connections of the load generator.
    pub(crate) connections: usize,
    /// Pause between two events of the mock's stream.
    pub(crate) event_interval: Duration,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The mock itself.
    Direct,
    /// The minimal proxy.
    HyperProxy,
    /// The yardstick.
    Passthrough,
    /// The gateway, by its program.
    Gateway(PathBuf),
}

/// All figures of a run, by target and case, one entry a round.
#[derive(Default)]
pub(crate) struct Measured {
    /// Figures of the cases.
    pub(crate) cases: BTreeMap<(Target, Case), Vec<CaseFigures>>,
    /// Memory of the servers under test.
    pub(crate) memory: BTreeMap<Target, Vec<MemoryFigures>>,
}

/// What every server of a run shares.
#[derive(Clone, Copy)]
struct Site {
    upstream: SocketAddr,
    placement: Placement,
}

impl Target {
    /// Name in the report.
    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::HyperProxy => "hyper proxy",
            Self::Passthrough => "pass-through",
            Self::Gateway(_) => "gateway",
        }
    }

    async fn start(&self, site: Site) -> Result<Option<ServerProcess>> {
        let Site { upstream, placement } = site;
        let role = |name: &str| {
            let arguments = [name, "--upstream", &upstream.to_string()].map(String::from);
            ServerProcess::start_role(&arguments, Some(placement)).map(Some)
        };
        match self {
            Self::Direct => Ok(None),
            Self::HyperProxy => role("hyper-proxy"),
            Self::Passthrough => role("passthrough"),
            Self::Gateway(program) => {
                let providers = gateway::mock_provider(upstream);
                gateway::start(program, &providers, placement).await.map(Some)
            }
        }
    }
}

/// Measures everything and prints the report.
///
/// # Errors
/// A server does not start, or answers wrongly.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let placement = Placement::choose()?;
    placement.enter_load()?;
    let measured = block_on(measure(plan, placement))?;
    report::print(plan, &measured, placement).context("cannot print the report")
}

/// Runs a measurement on this thread until it is done or a person interrupts it.
///
/// # Errors
/// The measurement's own, or it was interrupted.
pub(crate) fn block_on<T>(measuring: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        tokio::select! {
            measured = measuring => measured,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    })
}

/// Starts the mock upstream.
///
/// # Errors
/// The child cannot be started, or ends at once.
pub(crate) fn start_mock(event_interval: Duration) -> Result<ServerProcess> {
    let interval = event_interval.as_millis().to_string();
    let arguments = ["mock", "--event-interval-ms", &interval].map(String::from);
    ServerProcess::start_role(&arguments, None)
}

async fn measure(plan: &Plan, placement: Placement) -> Result<Measured> {
    let mock = start_mock(plan.event_interval)?;
    let site = Site { upstream: mock.address(), placement };
    let mut measured = Measured::default();
    for round in 1..=plan.rounds {
        for target in &plan.targets {
            progress(&format!("round {round} of {}: {}", plan.rounds, target.title()));
            measure_target(plan, target, site, &mut measured)
                .await
                .with_context(|| format!("the target \"{}\" failed", target.title()))?;
        }
    }
    Ok(measured)
}

async fn measure_target(
    plan: &Plan,
    target: &Target,
    site: Site,
    measured: &mut Measured,
) -> Result<()> {
    let server = target.start(site).await?;
    let before = match &server {
        Some(server) => Some(server.settled_memory().await?),
        None => None,
    };
    for case in &plan.cases {
        let figures = measure_case(plan, *case, server.as_ref(), site.upstream)
            .await
            .with_context(|| format!("the case \"{}\" failed", case.title()))?;
        let key = (target.clone(), *case);
        measured.cases.entry(key).or_default().push(figures);
    }
    if let (Some(server), Some(before)) = (&server, before) {
        let memory = MemoryFigures::new(before, server.settled_memory().await?);
        measured.memory.entry(target.clone()).or_default().push(memory);
    }
    Ok(())
}

async fn measure_case(
    plan: &Plan,
    case: Case,
    server: Option<&ServerProcess>,
    upstream: SocketAddr,
) -> Result<CaseFigures> {
    let address = server.map_or(upstream, ServerProcess::address);
    let expected = Expected::Bytes(case.reply());
    let job = Job::new(case.path(), case.request(), expected.clone(), address)?;
    let mut connections = load::connect(address, plan.connections).await?;

    let saturation = saturation::measure(&mut connections, &job, server, plan.saturation).await?;
    let whole = at_rate(plan, &mut connections, &job).await?;
    let first_event = match case.first_event_request() {
        Some(body) => {
            let job = Job::new(case.path(), body, expected, address)?;
            Some(at_rate(plan, &mut connections, &job).await?)
        }
        None => None,
    };
    let figures = CaseFigures {
        whole: Percentiles::of_part(&whole, |latency| latency.whole),
        first_event: first_event
            .map(|latencies| Percentiles::of_part(&latencies, |latency| latency.first)),
        saturation,
    };
    progress(&format!(
        "  {}: p50 {:.0} µs, {:.0} requests/s",
        case.title(),
        micros(figures.whole.p50),
        saturation.requests_per_second
    ));
    Ok(figures)
}

async fn at_rate(plan: &Plan, connections: &mut [Connection], job: &Job) -> Result<Vec<Latency>> {
    let warm_up = plan.latency.mul_f64(WARM_UP);
    load::at_rate(connections, job, plan.rate, warm_up).await?;
    load::at_rate(connections, job, plan.rate, plan.latency).await
}

/// Tells a person how far the run is.
pub(crate) fn progress(line: &str) {
    // Progress that cannot be shown is not worth a failed run.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
