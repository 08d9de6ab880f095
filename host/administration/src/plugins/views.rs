//! What operators are shown of plugins. Digests are `sha256:` and 64 hexadecimal digits.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

/// Everything, as the port gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginsView {
    /// By name: those of the binary and the installed ones.
    pub plugins: Vec<PluginView>,
    /// Files that do not serve, by name of the file.
    pub pending: Vec<PendingPluginView>,
    /// Versions that are refused.
    pub quarantine: Vec<QuarantinedPluginView>,
    /// The latest events, oldest first.
    pub events: Vec<PluginEventView>,
}

/// All plugins.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PluginList {
    /// `list`
    #[schema(example = "list")]
    pub object: &'static str,
    /// The plugins, by name: those inside the gateway's binary and the installed ones.
    pub data: Vec<PluginView>,
    /// Files in the directory that do not serve, and why.
    pub pending: Vec<PendingPluginView>,
    /// Versions that failed their trial and are refused.
    pub quarantine: Vec<QuarantinedPluginView>,
    /// What happened lately, oldest first.
    pub events: Vec<PluginEventView>,
    /// Null: there is one page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A plugin.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PluginView {
    /// Its name, unique among plugins.
    pub name: String,
    /// What it is; null if nothing serves.
    #[schema(required)]
    pub kind: Option<PluginKindView>,
    /// Where what serves came from; an installed one serves in place of a bundled one.
    pub origin: PluginOriginView,
    /// The entity tag, without quotes; null if nothing of it is installed.
    #[schema(required)]
    pub etag: Option<String>,
    /// Of the latest version, the one that waits, else the canary, else what serves: `capture`,
    /// `trust`, `inspect`, `needs-approval`, `compile`, `prove`, `keep`, `switch`, `watch`,
    /// `canary`, `serving`, `held`, `quarantined`; null if there is none.
    #[schema(required)]
    pub phase: Option<String>,
    /// Why that one does not serve, and what to do.
    #[schema(required)]
    pub cause: Option<String>,
    /// Its version, for people.
    #[schema(required)]
    pub version: Option<String>,
    /// Its digest.
    #[schema(required)]
    pub digest: Option<String>,
    /// The dialect that a normalizer speaks; that of an adapter's providers, unless configured
    /// otherwise.
    #[schema(required)]
    pub dialect: Option<String>,
    /// The file in the plugins' directory.
    #[schema(required)]
    pub file: Option<String>,
    /// Whether the serving version stays whatever comes.
    pub pinned: bool,
    /// How a new version starts.
    pub rollout: RolloutView,
    /// What it may ask for; null if nothing of it is installed.
    #[schema(required)]
    pub approved: Option<PluginAsksView>,
    /// The last version that passed its trial.
    #[schema(required)]
    pub last_good: Option<String>,
    /// What serves.
    #[schema(required)]
    pub serving: Option<PluginGenerationView>,
    /// What serves a share.
    #[schema(required)]
    pub canary: Option<PluginCanaryView>,
    /// Replaced generations whose exchanges have not ended.
    pub draining: Vec<PluginGenerationView>,
    /// Kept versions, the latest installed last: what can be gone back to.
    pub versions: Vec<PluginVersionView>,
    /// Files of it that do not serve, and why.
    pub pending: Vec<PendingPluginView>,
    /// Versions of it that are refused.
    pub quarantine: Vec<QuarantinedPluginView>,
    /// What happened to it lately, oldest first.
    pub events: Vec<PluginEventView>,
}

/// What a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKindView {
    /// Knows a wire dialect.
    Normalizer,
    /// Reaches a provider over HTTP.
    HttpAdapter,
    /// Reaches a provider by running a program.
    ProcessAdapter,
}

/// Where a plugin came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginOriginView {
    /// It is inside the gateway's binary.
    Bundled,
    /// An operator installed it.
    Installed,
}

/// One generation of a plugin: a version, loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginGenerationView {
    /// Number within this process.
    pub generation: u64,
    /// Version in the manifest.
    pub version: String,
    /// Of the component.
    pub digest: String,
    /// Key id of who signed it.
    #[schema(required)]
    pub signer: Option<String>,
    /// `watch`, `canary`, `serving` or `draining`.
    pub phase: String,
    /// Granted: `fresh` or `reuse`.
    pub isolation: String,
    /// Granted: `refused` or `inert`.
    pub sockets: String,
    /// Exchanges that use it now; null for one of the binary.
    #[schema(required)]
    pub open_exchanges: Option<u64>,
    /// What it has done.
    pub figures: PluginFiguresView,
}

/// What a generation has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginFiguresView {
    /// Calls into the plugin, self-test included.
    pub calls: u64,
    /// Calls that ended by a trap, a limit or a broken contract.
    pub traps: u64,
    /// Calls that were interrupted.
    pub timeouts: u64,
    /// Traps and timeouts of a thousand calls.
    pub failures_permille: u64,
    /// Processor time in the plugin, all calls together, in microseconds.
    pub cpu_us: u64,
    /// Mean time of a call, in microseconds.
    pub mean_us: u64,
    /// What 95 of 100 calls do not exceed, in microseconds; right within a half.
    pub p95_us: u64,
    /// Most memory of one instance.
    pub peak_memory_bytes: u64,
    /// Ready instances.
    pub stock_depth: u64,
    /// Exchanges that found a ready instance.
    pub stock_hits: u64,
    /// Exchanges that had to wait for one to be made.
    pub stock_misses: u64,
}

/// A generation with a share of the exchanges, beside the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginCanaryView {
    /// Its share and its end.
    pub plan: CanaryPlanView,
    /// The new generation; `serving` is the old one.
    pub generation: PluginGenerationView,
    /// What the old one did since the canary began.
    pub old_since: PluginFiguresView,
    /// What the new one did since then.
    pub new_since: PluginFiguresView,
}

/// The share of a canary and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CanaryPlanView {
    /// How many of a thousand exchanges it takes.
    pub share_permille: u16,
    /// Decides by itself; null: an operator promotes or rolls back.
    #[schema(required)]
    pub auto: Option<AutoRuleView>,
}

/// Promotes a canary, or rolls it back, after enough calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AutoRuleView {
    /// Calls of the canary after which it is decided.
    pub calls: u64,
    /// How much its share of failed calls may be above the old one's: of a thousand.
    pub worse_permille: u64,
}

/// How a new version starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RolloutView {
    /// At once, or with a share.
    pub kind: RolloutKind,
    /// Of a canary: how many of a thousand exchanges.
    #[schema(required)]
    pub share_permille: Option<u16>,
    /// Of a canary: decides by itself.
    #[schema(required)]
    pub auto: Option<AutoRuleView>,
}

/// How a new version starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutKind {
    /// It takes over with the next request.
    Immediate,
    /// It takes a share first.
    Canary,
}

/// What a plugin asks for, or may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginAsksView {
    /// `normalizer`, `http-adapter` or `process-adapter`.
    pub kind: String,
    /// Interfaces that it imports beyond the contract's.
    pub imports: BTreeSet<String>,
    /// Each credential slot with each use: `api_key as bearer`.
    pub credentials: BTreeSet<String>,
    /// The dialect that it speaks.
    #[schema(required)]
    pub dialect: Option<String>,
    /// Operations that it takes from providers.
    pub operations: BTreeSet<String>,
    /// Paths at which callers speak to it.
    pub endpoints: BTreeSet<String>,
    /// Where its presets send requests and credentials: `groq at https://…`.
    pub presets: BTreeSet<String>,
    /// Memory of one instance; null is the gateway's standard.
    #[schema(required)]
    pub memory_bytes: Option<u64>,
    /// Time of one call; null is the gateway's standard.
    #[schema(required)]
    pub call_ms: Option<u64>,
}

/// One thing that was not approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WideningView {
    /// Member of `asks`.
    pub member: String,
    /// What is asked for.
    pub asked: String,
}

/// A file that does not serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PendingPluginView {
    /// Name of the file.
    pub file: String,
    /// Name of the plugin, if its manifest could be read.
    #[schema(required)]
    pub plugin: Option<String>,
    /// Version in the manifest, likewise.
    #[schema(required)]
    pub version: Option<String>,
    /// Of the component, if it could be read.
    #[schema(required)]
    pub digest: Option<String>,
    /// The step it did not pass.
    pub phase: String,
    /// Why, and what to do.
    pub cause: String,
    /// What it asks for beyond what was approved.
    pub widened: Vec<WideningView>,
    /// What it asks for.
    #[schema(required)]
    pub asks: Option<PluginAsksView>,
}

/// A version that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuarantinedPluginView {
    /// Of the component.
    pub digest: String,
    /// Name of the plugin.
    pub plugin: String,
    /// Version in the manifest.
    pub version: String,
    /// Why.
    pub cause: String,
    /// Since when, RFC 3339.
    #[schema(format = DateTime)]
    pub since: String,
}

/// A kept version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginVersionView {
    /// Of the component.
    pub digest: String,
    /// Version in the manifest.
    pub version: String,
    /// Key id of who signed it.
    #[schema(required)]
    pub signer: Option<String>,
    /// When it was installed, RFC 3339.
    #[schema(format = DateTime)]
    pub installed_at: String,
    /// Whether it is refused.
    pub quarantined: bool,
}

/// Something that happened to a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginEventView {
    /// Counts up from one since the gateway was started; gaps mean that older events are gone.
    pub number: u64,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    pub at: String,
    /// `refused`, `switched`, `canary-started`, `promoted`, `rolled-back`, `passed`,
    /// `quarantined`, `failing`, `changed`, `removed`, `drained`, `interrupted` or `not-kept`.
    pub kind: String,
    /// Name of the plugin, if its manifest was read.
    #[schema(required)]
    pub plugin: Option<String>,
    /// The version.
    #[schema(required)]
    pub digest: Option<String>,
    /// One sentence for people.
    pub text: String,
}

impl RolloutView {
    /// It takes over with the next request.
    pub const IMMEDIATE: Self =
        Self { kind: RolloutKind::Immediate, share_permille: None, auto: None };

    /// It takes a share first.
    #[must_use]
    pub fn canary(plan: CanaryPlanView) -> Self {
        let CanaryPlanView { share_permille, auto } = plan;
        Self { kind: RolloutKind::Canary, share_permille: Some(share_permille), auto }
    }
}

impl PluginView {
    /// The revision of its entity tag.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        self.etag.as_ref()?.parse().ok()
    }
}
