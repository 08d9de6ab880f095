//! What translation costs over verbatim relay: the gateway's processor time, unary and a chunk.
//!
//! One gateway holds a provider of every dialect, and the request's model chooses. All of them
//! say the same text in the same pieces, so that the difference to the provider whose bytes pass
//! untouched is what reading, translating and writing costs, the sandbox included. The aim is up
//! to 100 µs a request and 8 µs a chunk; it is printed beside the figures, not asserted.

mod caller;
mod cost;
mod passage;
mod provider;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::affinity::Placement;
use crate::figures::{MemoryFigures, Saturation, micros};
use crate::load::{self, Connection, Job};
use crate::measure::{block_on, progress, start_mock};
use crate::process::ServerProcess;
use crate::vendor::Shape;
use crate::{gateway, saturation};
pub(crate) use passage::Passage;
pub(crate) use provider::configuration as providers;

/// What is measured, and how long.
pub(crate) struct Plan {
    /// The gateway's program.
    pub(crate) gateway: PathBuf,
    /// Whether the plugins' instances serve more than one exchange.
    pub(crate) reuse: bool,
    /// Rounds.
    pub(crate) rounds: usize,
    /// Length of each measurement.
    pub(crate) saturation: Duration,
    /// Connections of the load generator.
    pub(crate) connections: usize,
    /// Pause between two events of the mock's stream.
    pub(crate) event_interval: Duration,
}

/// All figures of a run, one entry a round.
#[derive(Default)]
struct Measured {
    passages: BTreeMap<(Passage, Shape), Vec<Saturation>>,
    memory: Vec<MemoryFigures>,
}

/// Measures every passage through the gateway and prints the table.
///
/// # Errors
/// A server does not start, or answers wrongly.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let placement = Placement::choose()?;
    placement.enter_load()?;
    let measured = block_on(measure(plan, placement))?;
    report::print(plan, &measured, placement).context("cannot print the report")
}

async fn measure(plan: &Plan, placement: Placement) -> Result<Measured> {
    let mock = start_mock(plan.event_interval)?;
    let mut providers = provider::configuration(mock.address());
    if plan.reuse {
        providers += &provider::reuse();
    }
    let mut measured = Measured::default();
    for round in 1..=plan.rounds {
        progress(&format!("round {round} of {}", plan.rounds));
        let server = gateway::start(&plan.gateway, &providers, placement).await?;
        measure_round(plan, &server, &mut measured).await?;
    }
    Ok(measured)
}

async fn measure_round(plan: &Plan, server: &ServerProcess, measured: &mut Measured) -> Result<()> {
    let before = server.settled_memory().await?;
    let mut connections = load::connect(server.address(), plan.connections).await?;
    for passage in Passage::ALL {
        for shape in [Shape::Whole, Shape::Stream] {
            let figures = measure_passage(plan, server, &mut connections, (passage, shape))
                .await
                .with_context(|| format!("\"{}\" failed, {shape:?}", passage.title()))?;
            measured.passages.entry((passage, shape)).or_default().push(figures);
        }
    }
    let memory = MemoryFigures::new(before, server.settled_memory().await?);
    measured.memory.push(memory);
    Ok(())
}

async fn measure_passage(
    plan: &Plan,
    server: &ServerProcess,
    connections: &mut [Connection],
    (passage, shape): (Passage, Shape),
) -> Result<Saturation> {
    let request = passage.request(shape).into();
    let job = Job::new(passage.path(), request, passage.expected(shape), server.address())?;
    let figures = saturation::measure(connections, &job, Some(server), plan.saturation).await?;
    progress(&format!(
        "  {}, {shape:?}: {:.1} µs",
        passage.title(),
        figures.processor.map(micros).unwrap_or_default()
    ));
    Ok(figures)
}
