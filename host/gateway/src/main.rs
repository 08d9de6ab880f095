//! Patchbay: composition root and command line.
//!
//! Reads the configuration, joins the rooms, runs the gateway until it is told to stop. Nothing
//! imports this crate. Exit codes: 0 good, 1 failed, 2 wrong usage.

mod allocation;
mod command_line;
mod commands;
mod configuration;
mod key_text;
mod recording;
mod terminal;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use crate::command_line::CommandLine;

fn main() -> ExitCode {
    // Programs of providers start as this program: before anything else is set up.
    sandbox::serve_stage_if_asked();
    allocation::limit_arenas();
    match commands::run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("patchbay: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
