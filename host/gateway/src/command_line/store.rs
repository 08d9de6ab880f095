//! `patchbay backup` and `patchbay restore`

use std::path::PathBuf;

use clap::Args;

use super::ConfigurationChoice;
use super::gateway::GatewayChoice;

/// `patchbay backup`
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// `patchbay restore`
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The backup
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) configuration: ConfigurationChoice,
}
