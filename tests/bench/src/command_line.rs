//! The command line: what is measured, how long, and the hidden roles of the server processes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;

use crate::case::Case;
use crate::measure::{Plan, Target};
use crate::role::Role;
use crate::{reloading, translation};

/// Length of each measurement with `--quick`.
const QUICK: Duration = Duration::from_secs(1);

/// Measures the gateway beside a direct call, a bare proxy and a pass-through.
#[derive(Parser)]
#[command(name = "gateway-bench", version)]
pub(crate) struct Arguments {
    /// What a child process of the benchmark does.
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    /// Measures what translation costs over verbatim relay, dialect by dialect, instead.
    #[arg(long, conflicts_with_all = ["only", "without_gateway", "rate", "latency_seconds"])]
    pub(crate) translation: bool,
    /// With `--translation`: grants the plugins `isolation = "reuse"`, so that the difference to a
    /// run without is what a fresh instance for every exchange costs.
    #[arg(long, requires = "translation")]
    reuse: bool,
    /// Measures upgrades of a plugin under load instead.
    #[arg(long, conflicts_with_all = ["translation", "only", "without_gateway"])]
    pub(crate) reloading: bool,
    /// With `--reloading`: how many.
    #[arg(long, requires = "reloading", default_value_t = 200)]
    upgrades: usize,
    /// With `--reloading`: the built component of `anthropic-messages`.
    #[arg(
        long,
        requires = "reloading",
        value_name = "FILE",
        default_value = "target/plugins/anthropic-messages.wasm"
    )]
    component: PathBuf,
    /// Rounds; the median of them is printed.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// One short round: figures for a first look only.
    #[arg(long)]
    quick: bool,
    /// Measures this case only; may be repeated.
    #[arg(long = "only", value_name = "CASE")]
    only: Vec<Case>,
    /// Leaves the gateway out.
    #[arg(long)]
    without_gateway: bool,
    /// The gateway's program [default: patchbay beside this program].
    #[arg(long, value_name = "FILE")]
    gateway: Option<PathBuf>,
    /// Requests a second of the latency measurement.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Seconds of each latency measurement.
    #[arg(long, default_value_t = 5.0)]
    latency_seconds: f64,
    /// Seconds of each measurement at saturation.
    #[arg(long, default_value_t = 4.0)]
    saturation_seconds: f64,
    /// Connections of the load generator.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Milliseconds between two events of the mock's stream; 0 sends them as fast as each can
    /// be flushed by itself.
    #[arg(long, default_value_t = 0)]
    event_interval_ms: u64,
}

impl Arguments {
    /// The plan that the flags describe.
    ///
    /// # Errors
    /// A figure out of range, or a gateway that is not there.
    pub(crate) fn plan(&self) -> Result<Plan> {
        ensure!(self.rate > 0, "--rate must be at least 1");
        let latency = seconds(self.latency_seconds, "--latency-seconds")?;
        Ok(Plan {
            rounds: self.rounds()?,
            cases: if self.only.is_empty() { Case::ALL.to_vec() } else { self.only.clone() },
            targets: self.targets()?,
            rate: self.rate,
            latency: if self.quick { QUICK } else { latency },
            saturation: self.saturation()?,
            connections: self.connections()?,
            event_interval: Duration::from_millis(self.event_interval_ms),
        })
    }

    /// The plan of `--translation`.
    ///
    /// # Errors
    /// A figure out of range, or a gateway that is not there.
    pub(crate) fn translation_plan(&self) -> Result<translation::Plan> {
        Ok(translation::Plan {
            gateway: self.gateway_program()?,
            reuse: self.reuse,
            rounds: self.rounds()?,
            saturation: self.saturation()?,
            connections: self.connections()?,
            event_interval: Duration::from_millis(self.event_interval_ms),
        })
    }

    /// The plan of `--reloading`.
    ///
    /// # Errors
    /// A figure out of range, or a gateway that is not there.
    pub(crate) fn reloading_plan(&self) -> Result<reloading::Plan> {
        ensure!(self.rate > 0, "--rate must be at least 1");
        ensure!(self.upgrades >= 2, "--upgrades must be at least 2");
        let latency = seconds(self.latency_seconds, "--latency-seconds")?;
        Ok(reloading::Plan {
            gateway: self.gateway_program()?,
            component: self.component.clone(),
            upgrades: if self.quick { 10 } else { self.upgrades },
            rate: self.rate,
            latency: if self.quick { QUICK } else { latency },
            connections: self.connections()?,
        })
    }

    fn rounds(&self) -> Result<usize> {
        ensure!(self.rounds > 0, "--rounds must be at least 1");
        Ok(if self.quick { 1 } else { self.rounds })
    }

    fn saturation(&self) -> Result<Duration> {
        let length = seconds(self.saturation_seconds, "--saturation-seconds")?;
        Ok(if self.quick { QUICK } else { length })
    }

    fn connections(&self) -> Result<usize> {
        ensure!(self.connections > 0, "--connections must be at least 1");
        Ok(self.connections)
    }

    fn targets(&self) -> Result<Vec<Target>> {
        let mut targets = vec![Target::Direct, Target::HyperProxy, Target::Passthrough];
        if !self.without_gateway {
            targets.push(Target::Gateway(self.gateway_program()?));
        }
        Ok(targets)
    }

    fn gateway_program(&self) -> Result<PathBuf> {
        let program = match &self.gateway {
            Some(program) => program.clone(),
            None => std::env::current_exe()
                .context("cannot find the folder of this program")?
                .with_file_name("patchbay"),
        };
        if !program.is_file() {
            bail!(
                "{} is not there: build it with `cargo build --release -p gateway`, name it with \
                 --gateway FILE, or leave it out with --without-gateway",
                program.display()
            );
        }
        // The gateway runs in a folder of its own, so a relative path would not be found.
        std::path::absolute(&program).context("cannot make the gateway's path absolute")
    }
}

fn seconds(value: f64, flag: &str) -> Result<Duration> {
    ensure!((0.1..=600.0).contains(&value), "{flag} must be between 0.1 and 600");
    Ok(Duration::from_secs_f64(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["gateway-bench"], flags].concat())
    }

    #[test]
    fn translation_is_measured_only_where_it_is_asked_for() {
        assert!(!parse(&[]).unwrap().translation);
        assert!(parse(&["--translation", "--quick"]).unwrap().translation);
        assert!(parse(&["--translation", "--reuse"]).unwrap().reuse);
        assert!(parse(&["--reuse"]).is_err(), "it is about translation");
    }

    #[test]
    fn flags_of_the_plain_run_are_refused_beside_translation() {
        assert!(parse(&["--reloading", "--upgrades", "9"]).unwrap().reloading);
        assert!(parse(&["--reloading", "--translation"]).is_err());
        for flags in [&["--only", "unary"][..], &["--without-gateway"], &["--rate", "9"]] {
            assert!(parse(flags).is_ok());
            assert!(parse(&[&["--translation"], flags].concat()).is_err(), "{flags:?}");
        }
    }
}
