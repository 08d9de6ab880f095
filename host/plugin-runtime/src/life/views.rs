//! The life cycle as operators see it: plain data, serialisable.

use std::fmt;

use serde::Serialize;

use super::asks::{Asks, Widening};
use super::events::Event;
use super::share::{CanaryPlan, Rollout};
use crate::digest::Digest;
use crate::grant::Grant;
use crate::registry::{Entry, Registry};
use crate::stats::PluginStats;

/// Everything at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LifeView {
    /// By name.
    pub plugins: Vec<PluginView>,
    /// Files that do not serve, by name of the file.
    pub pending: Vec<Pending>,
    /// Versions that are refused.
    pub quarantine: Vec<QuarantineView>,
    /// The latest, oldest first.
    pub events: Vec<Event>,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Its file is being read.
    Capture,
    /// Its signature is checked.
    Trust,
    /// Its manifest, imports and exports are read.
    Inspect,
    /// It asks for more than was approved.
    NeedsApproval,
    /// It is compiled and started.
    Compile,
    /// Its self-test vectors are run.
    Prove,
    /// It is put into the archive.
    Keep,
    /// It takes over.
    Switch,
    /// It serves, and its first calls are watched.
    Watch,
    /// It serves a share of the exchanges.
    Canary,
    /// It serves.
    Serving,
    /// An operator wants another version.
    Held,
    /// It failed its trial.
    Quarantined,
    /// It was replaced, and its exchanges end.
    Draining,
}

/// An installed plugin, or one that was.
#[derive(Clone, Debug, Serialize)]
pub struct PluginView {
    /// Name in the manifest.
    pub name: String,
    /// Of what waits in its file, else of what serves; `None` if nothing does.
    pub phase: Option<Phase>,
    /// Why what waits does not serve.
    pub cause: Option<String>,
    /// The file it came from.
    pub file: Option<String>,
    /// Whether the serving version stays whatever comes.
    pub pinned: bool,
    /// How a new version starts.
    pub rollout: Rollout,
    /// What it may ask for.
    pub approved: Asks,
    /// The last version that passed its trial.
    pub last_good: Option<Digest>,
    /// What serves.
    pub serving: Option<GenerationView>,
    /// What serves a share.
    pub canary: Option<CanaryView>,
    /// Replaced generations whose exchanges have not ended.
    pub draining: Vec<GenerationView>,
    /// Kept versions, the latest installed last.
    pub versions: Vec<VersionView>,
}

/// One generation.
#[derive(Clone, Debug, Serialize)]
pub struct GenerationView {
    /// Number within this process.
    pub generation: u64,
    /// Version in the manifest.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: Digest,
    /// Key id of who signed it.
    pub signer: Option<String>,
    /// `watch`, `canary`, `serving` or `draining`.
    pub phase: Phase,
    /// `fresh` or `reuse`.
    pub isolation: &'static str,
    /// `refused` or `inert`.
    pub sockets: &'static str,
    /// Exchanges that use it now.
    pub open_exchanges: usize,
    /// What it has done.
    pub figures: Figures,
}

/// What a generation has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Calls into the plugin, self-test included.
    pub calls: u64,
    /// Calls that ended by a trap, a limit or a broken contract.
    pub traps: u64,
    /// Calls that were interrupted.
    pub timeouts: u64,
    /// Traps and timeouts of a thousand calls.
    pub failures_permille: u64,
    /// Time in the guest, all calls together. Guests wait for nothing, so it is processor time.
    pub cpu_us: u64,
    /// Mean time of a call.
    pub mean_us: u64,
    /// What 95 of 100 calls do not exceed; right within a half.
    pub p95_us: u64,
    /// Most linear memory of one instance.
    pub peak_memory_bytes: usize,
    /// Ready instances.
    pub stock_depth: usize,
    /// Exchanges that found a ready instance.
    pub stock_hits: u64,
    /// Exchanges that had to wait for one to be made.
    pub stock_misses: u64,
}

/// A generation with a share of the traffic, beside the old one.
#[derive(Clone, Debug, Serialize)]
pub struct CanaryView {
    /// Its share and its end.
    pub plan: CanaryPlan,
    /// The new generation; [`PluginView::serving`] is the old one.
    pub generation: GenerationView,
    /// What the old one did since the canary began.
    pub old_since: Figures,
    /// What the new one did since then.
    pub new_since: Figures,
}

/// A file that does not serve.
#[derive(Clone, Debug, Serialize)]
pub struct Pending {
    /// Name of the file.
    pub file: String,
    /// Name of the plugin, if its manifest could be read.
    pub plugin: Option<String>,
    /// Version in the manifest, likewise.
    pub version: Option<String>,
    /// SHA-256, if it could be read.
    pub digest: Option<Digest>,
    /// The step it did not pass.
    pub phase: Phase,
    /// Why, and what to do.
    pub cause: String,
    /// What it asks for beyond what was approved.
    pub widened: Vec<Widening>,
    /// What it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<Asks>,
}

/// A refused version.
#[derive(Clone, Debug, Serialize)]
pub struct QuarantineView {
    /// SHA-256.
    pub digest: Digest,
    /// Name of the plugin.
    pub plugin: String,
    /// Version in the manifest.
    pub version: String,
    /// Why.
    pub cause: String,
    /// RFC 3339.
    pub since: String,
}

/// A kept version.
#[derive(Clone, Debug, Serialize)]
pub struct VersionView {
    /// SHA-256.
    pub digest: Digest,
    /// Version in the manifest.
    pub version: String,
    /// Key id of who signed it.
    pub signer: Option<String>,
    /// RFC 3339.
    pub installed_at: String,
    /// Whether it is refused.
    pub quarantined: bool,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "capture",
            Self::Trust => "trust",
            Self::Inspect => "inspect",
            Self::NeedsApproval => "needs-approval",
            Self::Compile => "compile",
            Self::Prove => "prove",
            Self::Keep => "keep",
            Self::Switch => "switch",
            Self::Watch => "watch",
            Self::Canary => "canary",
            Self::Serving => "serving",
            Self::Held => "held",
            Self::Quarantined => "quarantined",
            Self::Draining => "draining",
        })
    }
}

impl GenerationView {
    pub(super) fn of(entry: &Entry, signer: Option<String>, phase: Phase) -> Self {
        let plugin = &entry.plugin;
        let Grant { isolation, sockets } = plugin.grant;
        Self {
            generation: plugin.id.0,
            version: plugin.manifest.version.clone(),
            digest: entry.digest.clone(),
            signer,
            phase,
            isolation: isolation.as_str(),
            sockets: sockets.as_str(),
            open_exchanges: plugin.source.exchanges.open(),
            figures: Figures::of(&plugin.stats()),
        }
    }

    fn refresh(&mut self, entry: &Entry) {
        if entry.plugin.id.0 == self.generation {
            self.open_exchanges = entry.plugin.source.exchanges.open();
            self.figures = Figures::of(&entry.plugin.stats());
        }
    }
}

impl Figures {
    /// As counters of a generation have them.
    #[must_use]
    pub fn of(stats: &PluginStats) -> Self {
        let micros = |it: std::time::Duration| u64::try_from(it.as_micros()).unwrap_or(u64::MAX);
        Self {
            calls: stats.calls,
            traps: stats.faults,
            timeouts: stats.timeouts,
            failures_permille: stats.failures().saturating_mul(1000) / stats.calls.max(1),
            cpu_us: micros(stats.latencies.total()),
            mean_us: micros(stats.latencies.mean()),
            p95_us: micros(stats.latencies.quantile(950)),
            peak_memory_bytes: stats.peak_memory_bytes,
            stock_depth: stats.stock_depth,
            stock_hits: stats.stock_hits,
            stock_misses: stats.stock_misses,
        }
    }

    /// Of what came between two looks.
    pub(super) fn between(before: &PluginStats, now: &PluginStats) -> Self {
        Self::of(&PluginStats {
            calls: now.calls.saturating_sub(before.calls),
            faults: now.faults.saturating_sub(before.faults),
            timeouts: now.timeouts.saturating_sub(before.timeouts),
            stock_hits: now.stock_hits.saturating_sub(before.stock_hits),
            stock_misses: now.stock_misses.saturating_sub(before.stock_misses),
            latencies: now.latencies.since(&before.latencies),
            ..*now
        })
    }
}

impl LifeView {
    /// The plugin of a name.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<&PluginView> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// Brings the figures of the generations that serve up to now.
    pub(super) fn refresh(&mut self, registry: &Registry) {
        for plugin in &mut self.plugins {
            if let (Some(view), Some(entry)) =
                (&mut plugin.serving, registry.installed(&plugin.name))
            {
                view.refresh(&entry);
            }
            if let (Some(view), Some(canary)) = (&mut plugin.canary, registry.canary(&plugin.name))
            {
                view.generation.refresh(&canary.entry);
            }
        }
    }
}
