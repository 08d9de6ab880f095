//! What can be typed.
//!
//! Owns the words and their types; a value that is not well-formed is wrong usage and never
//! reaches a command. Secrets are no arguments: other users of the machine see those.

mod audit;
mod gateway;
mod key;
mod plugin;
mod plugin_life;
mod provider;
mod route;
mod store;
mod values;

use std::fmt::Display;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use plugin_runtime::Allocator;

use crate::wiring::COMPILE_COMMAND;

pub(crate) use audit::{AuditCommand, AuditFilter, AuditList, UsageArguments};
pub(crate) use gateway::{GatewayChoice, MasterKeyCommand, Pinned, Read};
pub(crate) use key::{
    Clearable, KeyChange, KeyChoice, KeyCommand, KeyCreation, KeyMembers, KeyState,
};
pub(crate) use plugin::{
    Installation, NewPlugin, PluginCommand, PluginFiles, PluginProject, PluginTest,
};
pub(crate) use plugin_life::{PluginLifeCommand, Rule, Share, Start};
pub(crate) use provider::{
    NewProvider, ProviderChange, ProviderChoice, ProviderCommand, Rollback, Rotation,
};
pub(crate) use route::{NewRoute, RouteChange, RouteCommand, RouteSource};
pub(crate) use store::{BackupArguments, RestoreArguments};
pub(crate) use values::{CandidateText, EntityTag, Period, gateway_url};

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
    /// Mint a token for the admin API from the configured secret
    Token(TokenArguments),
    /// API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Providers of a running gateway
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Routes of a running gateway
    #[command(subcommand)]
    Route(RouteCommand),
    /// Plugins, in files and in a running gateway
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// What operators did
    #[command(subcommand)]
    Audit(AuditCommand),
    /// What callers used
    Usage(UsageArguments),
    /// How a running gateway is
    Status(GatewayChoice),
    /// The key that stored credentials are sealed with
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
    /// Write the store of a running gateway to a file
    Backup(BackupArguments),
    /// Make the store from a backup; the gateway must not run
    Restore(RestoreArguments),
    /// Bring the store to the format of this version; the gateway must not run
    Migrate(ConfigurationChoice),
    /// Print the OpenAPI document of both APIs, as YAML
    Openapi {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Compile the plugin on standard input; what a gateway starts for itself
    #[command(name = COMPILE_COMMAND, hide = true)]
    CompilePlugin {
        /// Where the memories of instances come from
        allocator: Allocator,
    },
}

/// Which configuration to use.
#[derive(Debug, Args)]
pub(crate) struct ConfigurationChoice {
    /// The configuration file; default: patchbay.toml in the working directory
    #[arg(long, value_name = "FILE", env = "PATCHBAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// `patchbay token`
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// What the token allows: viewer reads, admin changes things
    #[arg(long)]
    pub(crate) role: RoleName,
    /// How long the token is valid
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) ttl: Period,
    /// Whom the audit log names
    #[arg(long, value_name = "NAME", default_value = "operator", value_parser = subject)]
    pub(crate) subject: String,
    #[command(flatten)]
    pub(crate) configuration: ConfigurationChoice,
}

/// What an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    Admin,
    Viewer,
}

/// An error of what was typed that only shows once everything was read; ends with exit code 2.
pub(crate) fn wrong_usage(message: impl Display) -> anyhow::Error {
    CommandLine::command().error(ErrorKind::ArgumentConflict, message).into()
}

fn subject(text: &str) -> Result<String, &'static str> {
    let allowed = (1..=128).contains(&text.len()) && !text.chars().any(char::is_control);
    if allowed { Ok(text.to_owned()) } else { Err("write a name of 1 to 128 bytes") }
}

#[cfg(test)]
mod tests;
