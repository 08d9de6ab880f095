//! `patchbay audit …` and `patchbay usage`

use administration::UsageQuery;
use clap::{Args, Subcommand};

use super::gateway::GatewayChoice;
use super::values::When;

/// Commands on the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what operators did, the latest first
    List(AuditList),
    /// Print all of it with what was before and after, the oldest first: a JSON object a line
    Export {
        #[command(flatten)]
        filter: AuditFilter,
        #[command(flatten)]
        gateway: GatewayChoice,
    },
}

/// Some entries of the audit log.
#[derive(Debug, Args)]
pub(crate) struct AuditList {
    /// Print at most this many
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) filter: AuditFilter,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// Which entries of the audit log.
#[derive(Debug, Args)]
pub(crate) struct AuditFilter {
    /// Only what this operator did
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) actor: Option<String>,
    /// Only this action, like provider.update
    #[arg(long)]
    pub(crate) action: Option<String>,
    /// Only what was done to resources of this sort, like provider, api-key or route
    #[arg(long)]
    pub(crate) noun: Option<String>,
    /// Only what was done to this resource
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Only from this moment on: 2027-01-01T00:00:00Z, 2027-01-01, or a time ago: 24h
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
    /// Only until this moment
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<When>,
}

/// `patchbay usage`
#[derive(Debug, Args)]
pub(crate) struct UsageArguments {
    /// From this moment on: 2027-01-01T00:00:00Z, 2027-01-01, or a time ago: 7d; default: 24h
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<When>,
    /// Until this moment; default: now
    #[arg(long, value_name = "WHEN")]
    pub(crate) to: Option<When>,
    /// What is counted apart, with commas between; default: api_key,model
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = UsageQuery::GROUPS)]
    pub(crate) group_by: Vec<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}
