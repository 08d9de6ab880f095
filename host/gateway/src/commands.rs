//! One module a command.

mod check;
mod key;
mod plugin;

use crate::command_line::{Command, CommandLine, KeyCommand, PluginCommand};
use crate::wiring;

/// Runs a command to its end. An error is one line that says what to do.
pub(crate) fn run(command_line: CommandLine) -> anyhow::Result<()> {
    match command_line.command {
        Command::Serve(choice) => wiring::serve(wiring::prepare(choice.config.as_deref())?),
        Command::Check(choice) => check::run(&choice),
        Command::Plugin(PluginCommand::Check { files }) => plugin::check(&files),
        Command::Key(KeyCommand::Digest) => key::digest(std::io::stdin().lock()),
    }
}
