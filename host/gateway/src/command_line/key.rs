//! `patchbay key …`

use clap::{Args, Subcommand, ValueEnum};
use resources::KeyId;

use super::gateway::{GatewayChoice, Pinned, Read};
use super::values::When;

/// Commands on API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Print the digest of the key on standard input, for `digest = "…"` in the file
    Digest,
    /// Make a key and print it: it is shown this once
    Create(KeyCreation),
    /// List the keys
    List(Read),
    /// Show what a key may do
    Show(KeyChoice),
    /// Change what a key may do
    Update(KeyChange),
    /// Make a key invalid for good, from the next request on
    Revoke(KeyChoice),
    /// Remove a key
    Delete {
        /// The key's id
        id: KeyId,
        #[command(flatten)]
        pinned: Pinned,
    },
}

/// One key.
#[derive(Debug, Args)]
pub(crate) struct KeyChoice {
    /// The key's id
    pub(crate) id: KeyId,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A new key.
#[derive(Debug, Args)]
pub(crate) struct KeyCreation {
    /// Its id; made up if absent
    #[arg(long)]
    pub(crate) id: Option<KeyId>,
    #[command(flatten)]
    pub(crate) members: KeyMembers,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

/// A changed key.
#[derive(Debug, Args)]
pub(crate) struct KeyChange {
    /// The key's id
    pub(crate) id: KeyId,
    #[command(flatten)]
    pub(crate) members: KeyMembers,
    /// Whether the key is valid
    #[arg(long)]
    pub(crate) state: Option<KeyState>,
    /// Take a member away; repeat for more
    #[arg(long, value_name = "MEMBER")]
    pub(crate) clear: Vec<Clearable>,
    #[command(flatten)]
    pub(crate) pinned: Pinned,
}

/// What a key says of itself.
#[derive(Debug, Default, Args)]
pub(crate) struct KeyMembers {
    /// A name for people
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Who answers for it
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// A tag; repeat for more
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// When it ends: 2027-01-01T00:00:00Z, 2027-01-01, or a time from now: 30d
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<When>,
    /// A model that it may use, `*` stands for any text; repeat for more; default: all
    #[arg(long = "model", value_name = "PATTERN")]
    pub(crate) models: Vec<String>,
    /// An endpoint that it may use, like `/v1/chat/completions`; repeat for more; default: all
    #[arg(long = "endpoint", value_name = "PATTERN")]
    pub(crate) endpoints: Vec<String>,
    /// Most requests a minute
    #[arg(long, value_name = "NUMBER")]
    pub(crate) requests_per_minute: Option<u64>,
    /// Most tokens a minute
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tokens_per_minute: Option<u64>,
    /// Most requests at the same time
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_concurrent_requests: Option<u64>,
}

/// `state` of a key, as far as it can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyState {
    Active,
    Disabled,
}

/// Members that a key may do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Clearable {
    Name,
    Owner,
    Tags,
    Expires,
    Models,
    Endpoints,
    RequestsPerMinute,
    TokensPerMinute,
    MaxConcurrentRequests,
}
