//! What is remembered across restarts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::asks::Asks;
use super::share::{CanaryPlan, Rollout};
use crate::digest::Digest;

/// Version of the shape below. A file with a later one is refused, not guessed at.
pub(super) const FORMAT: u32 = 1;

/// The state of all installed plugins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) format: u32,
    /// By plugin name.
    pub(super) plugins: BTreeMap<String, PluginRecord>,
    /// Versions that failed their trial.
    pub(super) quarantine: BTreeMap<Digest, Quarantined>,
}

/// One plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PluginRecord {
    /// The file it came from; `None` if that is gone.
    pub(super) file: Option<String>,
    /// What serves.
    pub(super) serving: Option<Digest>,
    /// The last one that passed its trial.
    pub(super) last_good: Option<Digest>,
    /// The serving version stays, whatever comes.
    pub(super) pinned: bool,
    /// What stands in the file and is not wanted.
    pub(super) held: Option<Digest>,
    /// What it may ask for.
    pub(super) approved: Asks,
    /// How a new version starts.
    pub(super) rollout: Rollout,
    pub(super) canary: Option<CanaryRecord>,
    /// The kept ones, the latest installed last.
    pub(super) versions: Vec<VersionRecord>,
}

/// One kept version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionRecord {
    pub(super) digest: Digest,
    pub(super) version: String,
    pub(super) signer: Option<String>,
    /// RFC 3339.
    pub(super) installed_at: String,
}

/// A version that takes a share of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CanaryRecord {
    pub(super) digest: Digest,
    pub(super) plan: CanaryPlan,
}

/// A version that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quarantined {
    pub(super) plugin: String,
    pub(super) version: String,
    pub(super) cause: String,
    /// RFC 3339.
    pub(super) since: String,
}

impl Default for Record {
    fn default() -> Self {
        Self { format: FORMAT, plugins: BTreeMap::new(), quarantine: BTreeMap::new() }
    }
}

impl PluginRecord {
    /// Puts a version at the end of the list.
    pub(super) fn add_version(&mut self, version: VersionRecord) {
        self.versions.retain(|kept| kept.digest != version.digest);
        self.versions.push(version);
    }

    /// Drops the oldest versions that nothing needs, until so many are left.
    pub(super) fn keep_versions(&mut self, most: usize) {
        let needed = [&self.serving, &self.last_good];
        let needed: Vec<Digest> = needed
            .into_iter()
            .flatten()
            .cloned()
            .chain(self.canary.iter().map(|canary| canary.digest.clone()))
            .collect();
        while self.versions.len() > most.max(needed.len()) {
            let oldest = self.versions.iter().position(|kept| !needed.contains(&kept.digest));
            match oldest {
                Some(index) => drop(self.versions.remove(index)),
                None => return,
            }
        }
    }

    /// The version installed before the serving one.
    pub(super) fn version_before(&self) -> Option<&VersionRecord> {
        let serving = self.serving.as_ref()?;
        let at = self.versions.iter().position(|kept| kept.digest == *serving)?;
        self.versions.get(..at)?.last()
    }

    pub(super) fn version(&self, digest: &Digest) -> Option<&VersionRecord> {
        self.versions.iter().find(|kept| kept.digest == *digest)
    }
}
