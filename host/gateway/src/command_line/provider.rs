//! `patchbay provider …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use resources::{ProviderId, SlotName};

use super::gateway::{GatewayChoice, Pinned, Read};
use super::values::Period;

/// Commands on providers.
#[derive(Debug, Subcommand)]
pub(crate) enum ProviderCommand {
    /// List the providers
    List(Read),
    /// Show a provider; its credentials by fingerprint
    Show(ProviderChoice),
    /// Add a provider
    Create(NewProvider),
    /// Replace a provider's document
    Replace(ProviderChange),
    /// Change members of a provider: a JSON merge patch (RFC 7396)
    Patch(ProviderChange),
    /// Ask a provider for real; exit code 1 if it is not good
    Test(ProviderChoice),
    /// Replace a credential by the one on standard input, once the provider accepted it
    Rotate(Rotation),
    /// Put the credential before the last rotation back
    Rollback(Rollback),
    /// Remove a provider
    Delete {
        /// The provider's id
        id: ProviderId,
        #[command(flatten)]
        pinned: Pinned,
    },
}

/// One provider.
#[derive(Debug, Args)]
pub(crate) struct ProviderChoice {
    /// The provider's id
    pub(crate) id: ProviderId,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A new provider.
#[derive(Debug, Args)]
pub(crate) struct NewProvider {
    /// Its document, JSON or TOML; `-` is standard input
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// Read the secret for this credential slot from standard input
    #[arg(long, value_name = "SLOT")]
    pub(crate) slot: Option<SlotName>,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A changed provider.
#[derive(Debug, Args)]
pub(crate) struct ProviderChange {
    /// The provider's id
    pub(crate) id: ProviderId,
    /// The document or patch, JSON or TOML; `-` is standard input
    #[arg(long)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) pinned: Pinned,
}

/// A new secret.
#[derive(Debug, Args)]
pub(crate) struct Rotation {
    /// The provider's id
    pub(crate) id: ProviderId,
    /// Which credential
    #[arg(long)]
    pub(crate) slot: SlotName,
    /// How long the previous secret is kept for `patchbay provider rollback`
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) grace: Period,
    /// Do not ask the provider whether it accepts the secret
    #[arg(long)]
    pub(crate) no_verify: bool,
    #[command(flatten)]
    pub(crate) pinned: Pinned,
}

/// The way back from a rotation.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The provider's id
    pub(crate) id: ProviderId,
    #[command(flatten)]
    pub(crate) pinned: Pinned,
}
