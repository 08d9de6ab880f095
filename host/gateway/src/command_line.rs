//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An OpenAI-compatible gateway whose providers are sandboxed WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "patchbay", version, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway
    Serve(ConfigurationChoice),
    /// Validate the configuration: every problem at once, each with its place and its fix
    Check(ConfigurationChoice),
    /// API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Plugins in files
    #[command(subcommand)]
    Plugin(PluginCommand),
}

/// Which configuration to use.
#[derive(Debug, Args)]
pub(crate) struct ConfigurationChoice {
    /// The configuration file; default: patchbay.toml in the working directory
    #[arg(long, value_name = "FILE", env = "PATCHBAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Commands on API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Print the digest of the key on standard input, for `digest = "…"` in the file
    Digest,
}

/// Commands on plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Load plugins as the gateway would, and say what is wrong with them
    Check {
        /// The components
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
