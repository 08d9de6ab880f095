//! Figures of the gateway beside a direct call, a bare proxy and a pass-through.
//!
//! One run on one machine measures, in interleaved rounds, (1) a direct call to a bundled mock
//! upstream, (2) a minimal hyper reverse proxy, (3) an axum and reqwest pass-through, which is
//! the yardstick, and (4) the gateway. Every server is a process of its own, pinned to
//! processor 0; the load generator and the mock share processor 1. Every reply is compared with
//! the expected bytes, so that a broken server cannot look fast.
//!
//! `--translation` measures the gateway alone, with a provider of every dialect: what translating
//! costs over relaying bytes as they are.
//!
//! `--reloading` upgrades a plugin again and again, and measures what requests notice of it.
//!
//! Nothing here asserts a time: the figures are printed, and people judge.

mod affinity;
mod case;
mod command_line;
mod expected;
mod figures;
mod flushed_body;
mod gateway;
mod hyper_proxy;
mod load;
mod measure;
mod mock;
mod passthrough;
mod process;
mod reloading;
mod replies;
mod report;
mod role;
mod saturation;
mod translation;
mod vendor;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use command_line::Arguments;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "gateway-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match arguments.role {
        Some(role) => role.serve(),
        None if arguments.translation => translation::run(&arguments.translation_plan()?),
        None if arguments.reloading => reloading::run(&arguments.reloading_plan()?),
        None => measure::run(&arguments.plan()?),
    }
}
