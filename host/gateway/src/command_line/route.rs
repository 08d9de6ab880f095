//! `patchbay route …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use resources::ModelName;

use super::gateway::{GatewayChoice, Pinned, Read};
use super::values::CandidateText;

/// Commands on routes.
#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// List the routes
    List(Read),
    /// Show a route
    Show(RouteChoice),
    /// Add a route
    Create(NewRoute),
    /// Replace a route's document
    Replace(RouteChange),
    /// Change members of a route: a JSON merge patch (RFC 7396)
    Patch {
        /// The name that callers say
        model: ModelName,
        /// The patch, JSON or TOML; `-` is standard input
        #[arg(long)]
        file: PathBuf,
        #[command(flatten)]
        pinned: Pinned,
    },
    /// Remove a route
    Delete {
        /// The name that callers say
        model: ModelName,
        #[command(flatten)]
        pinned: Pinned,
    },
}

/// One route.
#[derive(Debug, Args)]
pub(crate) struct RouteChoice {
    /// The name that callers say
    pub(crate) model: ModelName,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A new route.
#[derive(Debug, Args)]
pub(crate) struct NewRoute {
    /// The name that callers say; may be left to the document
    #[arg(required_unless_present = "file")]
    pub(crate) model: Option<ModelName>,
    #[command(flatten)]
    pub(crate) source: RouteSource,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A changed route.
#[derive(Debug, Args)]
pub(crate) struct RouteChange {
    /// The name that callers say
    pub(crate) model: ModelName,
    #[command(flatten)]
    pub(crate) source: RouteSource,
    #[command(flatten)]
    pub(crate) pinned: Pinned,
}

/// Where a route's document comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RouteSource {
    /// A provider's model to try, and its share; repeat for more. A model whose own name ends in
    /// a colon and digits needs its share written
    #[arg(long = "candidate", value_name = "PROVIDER/MODEL[:WEIGHT]")]
    pub(crate) candidates: Vec<CandidateText>,
    /// The document, JSON or TOML; `-` is standard input
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
}
