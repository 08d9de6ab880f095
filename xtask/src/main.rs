//! Build, check, test, demo and bench from one command: `cargo xtask <task>`.
//!
//! Owns the order of the steps and the way to a guest compiler, so that a fresh machine needs
//! nothing but cargo. Every task shows the commands it runs and stops with what to do. Deliberately
//! not a build system: what is up to date is cargo's decision, never ours.

// A tool talks to the person who started it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod acceptance;
mod bench;
mod check;
mod contract;
mod demo;
mod deny;
mod plugins;
mod step;
mod test;
mod tidy;
mod workspace;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Patchbay's tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything (release), start a gateway with an echo model and print how to call it
    Demo {
        /// Where the gateway listens; port 0 takes a free one
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Build what is needed and run every test; arguments go to `cargo test`
    Test {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What continuous integration runs first: format, clippy, tidy, contract, deny, docs
    Check,
    /// The house rules that neither rustfmt nor clippy knows
    Tidy,
    /// Build plugins into components
    Plugins {
        /// A plugin crate outside this workspace: its folder or its Cargo.toml
        #[arg(long, value_name = "DIR")]
        manifest_path: Option<PathBuf>,
        /// Where its component goes; beside its Cargo.toml if not said
        #[arg(long, value_name = "DIR", requires = "manifest_path")]
        out: Option<PathBuf>,
    },
    /// Measure the gateway beside a bare proxy; arguments go to `gateway-bench`, but for
    /// `--languages`: calls of plugins in Rust, TypeScript and Python
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Real model servers and official clients; arguments go to the acceptance script
    Acceptance {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Demo { listen } => demo::run(&workspace, listen),
        Task::Test { arguments } => test::run(&workspace, &arguments),
        Task::Check => check::run(&workspace),
        Task::Tidy => tidy::run(&workspace),
        Task::Plugins { manifest_path: None, .. } => plugins::build_bundled(&workspace),
        Task::Plugins { manifest_path: Some(manifest), out } => {
            plugins::build_foreign(&workspace, &manifest, out.as_deref())
        }
        Task::Bench { arguments } => bench::run(&workspace, &arguments),
        Task::Acceptance { arguments } => acceptance::run(&workspace, &arguments),
    }
}
