//! Upgrades of a plugin under load: how long one takes, and what requests notice of it.
//!
//! The plugin is a real dialect that translates every request. Each upgrade installs the same
//! code with another custom section, so it has another digest and is compiled and proven anew,
//! while every reply stays the expected one. Requests come at a fixed rate, first in peace, then
//! while one upgrade follows another. The gateway and the process that compiles for it share
//! processor 0, so requests compete with the compiler as on a machine with one processor.

mod report;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::affinity::Placement;
use crate::figures::Percentiles;
use crate::gateway;
use crate::load::{self, Connection, Job, Latency};
use crate::measure::{block_on, progress, start_mock};
use crate::process::{Memory, ServerProcess};
use crate::translation::{Passage, providers};
use crate::vendor::Shape;

/// The plugin, and the way of a request through it.
const PLUGIN: &str = "anthropic-messages";
const PASSAGE: Passage = Passage::Anthropic;

/// A custom section of the component: no name that anybody reads.
const SECTION: &[u8] = b"upgrade";

/// How often the log is looked at, and for how long an upgrade is waited for.
const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// Requests are asked for in portions of this length until the upgrades are done.
const PORTION: Duration = Duration::from_millis(500);

/// Upgrades before memory is read for the first time. Requests of both kinds follow them.
const WARM_UP: usize = 10;

/// What is measured, and how long.
pub(crate) struct Plan {
    /// The gateway's program.
    pub(crate) gateway: PathBuf,
    /// The component that is installed again and again.
    pub(crate) component: PathBuf,
    /// Upgrades, all in all.
    pub(crate) upgrades: usize,
    /// Requests a second.
    pub(crate) rate: u32,
    /// Length of the measurement without upgrades.
    pub(crate) latency: Duration,
    /// Connections of the load generator.
    pub(crate) connections: usize,
}

/// What a run showed.
struct Measured {
    shapes: Vec<(Shape, ShapeFigures)>,
    after_warm_up: Memory,
    at_end: Memory,
}

/// Latencies of one kind of request.
struct ShapeFigures {
    quiet: Percentiles,
    reloading: Percentiles,
    /// The slowest reply of all.
    slowest: Duration,
    /// Replies during upgrades, all of them right.
    replies: usize,
    upgrades: Vec<Duration>,
}

/// Measures and prints the table.
///
/// # Errors
/// A server does not start, answers wrongly, or does not upgrade.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let placement = Placement::choose()?;
    placement.enter_load()?;
    let measured = block_on(measure(plan, placement))?;
    report::print(plan, &measured, placement).context("cannot print the report")
}

async fn measure(plan: &Plan, placement: Placement) -> Result<Measured> {
    let mock = start_mock(Duration::ZERO)?;
    let plugins = tempfile::tempdir().context("cannot make a folder for plugins")?;
    let mut upgrader = Upgrader::new(plugins.path(), &plan.component)?;
    upgrader.install()?;
    let configuration = format!(
        "[plugins]\ndirectory = \"{}\"\ntrust = {{ unsigned = true }}\n{}",
        plugins.path().display(),
        providers(mock.address())
    );
    let server = gateway::start(&plan.gateway, &configuration, placement).await?;
    // What was there at start serves already, and began before there was a log.
    upgrader.follow(server.log()?);
    for _ in 0..WARM_UP {
        upgrader.upgrade().await?;
    }
    warm_up(plan, &server).await?;
    let after_warm_up = server.settled_memory().await?;
    let mut shapes = Vec::new();
    for shape in [Shape::Whole, Shape::Stream] {
        progress(&format!("{shape:?}: {} upgrades", plan.upgrades / 2));
        shapes.push((shape, measure_shape(plan, &server, (shape, &mut upgrader)).await?));
    }
    Ok(Measured { shapes, after_warm_up, at_end: server.settled_memory().await? })
}

/// Requests of both kinds, so that what they keep is no growth.
async fn warm_up(plan: &Plan, server: &ServerProcess) -> Result<()> {
    for shape in [Shape::Whole, Shape::Stream] {
        let job = job(shape, server)?;
        let mut connections = load::connect(server.address(), plan.connections).await?;
        load::at_rate(&mut connections, &job, plan.rate, plan.latency).await?;
    }
    Ok(())
}

fn job(shape: Shape, server: &ServerProcess) -> Result<Job> {
    let request = PASSAGE.request(shape).into();
    Job::new(PASSAGE.path(), request, PASSAGE.expected(shape), server.address())
}

async fn measure_shape(
    plan: &Plan,
    server: &ServerProcess,
    (shape, upgrader): (Shape, &mut Upgrader),
) -> Result<ShapeFigures> {
    let job = job(shape, server)?;
    let mut connections = load::connect(server.address(), plan.connections).await?;
    load::at_rate(&mut connections, &job, plan.rate, PORTION).await?;
    let quiet = load::at_rate(&mut connections, &job, plan.rate, plan.latency).await?;
    let ended = Cell::new(false);
    let upgrading = async {
        let mut times = Vec::new();
        for _ in 0..plan.upgrades / 2 {
            times.push(upgrader.upgrade().await?);
        }
        ended.set(true);
        anyhow::Ok(times)
    };
    let asking = ask_until(&ended, &mut connections, (&job, plan.rate));
    let (upgrades, latencies) = tokio::try_join!(upgrading, asking)?;
    Ok(ShapeFigures {
        quiet: Percentiles::of_part(&quiet, |latency| latency.whole),
        reloading: Percentiles::of_part(&latencies, |latency| latency.whole),
        slowest: latencies.iter().map(|latency| latency.whole).max().unwrap_or_default(),
        replies: latencies.len(),
        upgrades,
    })
}

async fn ask_until(
    ended: &Cell<bool>,
    connections: &mut [Connection],
    (job, rate): (&Job, u32),
) -> Result<Vec<Latency>> {
    let mut latencies = Vec::new();
    while !ended.get() {
        latencies.extend(load::at_rate(connections, job, rate, PORTION).await?);
    }
    Ok(latencies)
}

/// Installs one component again and again, with other bytes each time.
struct Upgrader {
    target: PathBuf,
    unfinished: PathBuf,
    component: Vec<u8>,
    installed: u32,
    upgrades: u32,
    log: Option<Log>,
}

impl Upgrader {
    fn new(plugins: &Path, component: &Path) -> Result<Self> {
        let component = fs::read(component).with_context(|| {
            format!("{} cannot be read: run `cargo xtask plugins`", component.display())
        })?;
        Ok(Self {
            target: plugins.join(format!("{PLUGIN}.wasm")),
            unfinished: plugins.join(".unfinished"),
            component,
            installed: 0,
            upgrades: 0,
            log: None,
        })
    }

    fn follow(&mut self, log: File) {
        self.log = Some(Log { file: log, read: String::new(), served: 0 });
    }

    /// One upgrade, from the file that is in place to the generation that serves.
    async fn upgrade(&mut self) -> Result<Duration> {
        let start = Instant::now();
        self.install()?;
        self.upgrades += 1;
        self.arrival().await?;
        Ok(start.elapsed())
    }

    fn install(&mut self) -> Result<()> {
        self.installed += 1;
        let mut bytes = self.component.clone();
        bytes.extend(custom_section(self.installed)?);
        fs::write(&self.unfinished, bytes)?;
        Ok(fs::rename(&self.unfinished, &self.target)?)
    }

    /// Waits until what was installed last serves, as the log says.
    async fn arrival(&mut self) -> Result<()> {
        let start = Instant::now();
        let log = self.log.as_mut().context("the gateway has not started")?;
        while log.served()? < self.upgrades {
            ensure!(start.elapsed() < PATIENCE, "upgrade {} does not serve", self.upgrades);
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// Section 0 of the binary format: its size, the length of its name, name and content. All of it
/// is so short that each length is one byte.
fn custom_section(number: u32) -> Result<Vec<u8>> {
    let name = u8::try_from(SECTION.len()).context("the name is too long")?;
    let content = number.to_le_bytes();
    let size = u8::try_from(1 + SECTION.len() + content.len()).context("too long")?;
    Ok([&[0, size, name], SECTION, &content[..]].concat())
}

/// The gateway's log, read as it grows.
struct Log {
    file: File,
    /// The last line, if it has no end yet.
    read: String,
    served: u32,
}

impl Log {
    /// How many generations of the plugin have begun to serve.
    fn served(&mut self) -> Result<u32> {
        self.file.read_to_string(&mut self.read)?;
        if let Some(end) = self.read.rfind('\n') {
            let rest = self.read.split_off(end + 1);
            let lines = std::mem::replace(&mut self.read, rest);
            let begins = |line: &&str| line.contains(PLUGIN) && line.contains(" serves");
            self.served += u32::try_from(lines.lines().filter(begins).count())?;
        }
        Ok(self.served)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_custom_section_has_the_sizes_that_it_says() {
        let section = custom_section(300).unwrap();
        assert_eq!(section, [&[0, 12, 7], &b"upgrade"[..], &[44, 1, 0, 0]].concat());
    }

    #[test]
    fn a_generation_counts_when_its_line_has_ended() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let log = File::open(file.path()).unwrap();
        let mut log = Log { file: log, read: String::new(), served: 0 };
        write!(file, "INFO x\nINFO anthropic-messages 0.1.0 serves plugin.name=").unwrap();
        assert_eq!(log.served().unwrap(), 0);
        write!(file, "y\nINFO anthropic-messages 0.1.0 passed its trial\n").unwrap();
        assert_eq!(log.served().unwrap(), 1);
        assert_eq!(log.served().unwrap(), 1);
    }
}
