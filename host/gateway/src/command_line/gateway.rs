//! What every command on a running gateway takes.

use clap::{Args, Subcommand};
use url::Url;

use super::values::{EntityTag, gateway_url};

/// Which gateway is asked, and how its answer is printed.
#[derive(Debug, Args)]
pub(crate) struct GatewayChoice {
    /// Address of the gateway's admin API; the environment variable `PATCHBAY_ADMIN_TOKEN` holds
    /// the token
    #[arg(
        long,
        value_name = "URL",
        env = "PATCHBAY_URL",
        default_value = "http://127.0.0.1:8080",
        value_parser = gateway_url
    )]
    pub(crate) url: Url,
    /// Print JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// A list that is read.
#[derive(Debug, Args)]
pub(crate) struct Read {
    /// Print at most this many
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A change, and what the operator has seen before.
#[derive(Debug, Args)]
pub(crate) struct Pinned {
    /// Change it only if it still has this entity tag; default: as it is now
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_match: Option<EntityTag>,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// Commands on the master key.
#[derive(Debug, Subcommand)]
pub(crate) enum MasterKeyCommand {
    /// Say which one is used, and how many credentials still have an earlier one
    Show(GatewayChoice),
    /// Begin a new one; stored credentials are wrapped again in the background
    Rotate(GatewayChoice),
}
