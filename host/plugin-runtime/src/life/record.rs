//! What is remembered across restarts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::asks::Asks;
use super::share::{CanaryPlan, Rollout};
use crate::digest::Digest;

/// Version of the shape below. A file with a later one is refused, not guessed at.
pub(super) const FORMAT: u32 = 1;

/// Versions in quarantine; the oldest goes first.
const MAX_QUARANTINE: usize = 256;
/// Plugins whose file is gone and whose approval is remembered; likewise.
const MAX_WITHOUT_FILE: usize = 256;

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
    /// Starts of the gateway on which the serving version was on trial, since the last good end.
    pub(super) trial_starts: u32,
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

impl Record {
    /// Forgets what has been of no use for longest, so that the file stays small.
    pub(super) fn keep_small(&mut self) {
        while self.quarantine.len() > MAX_QUARANTINE {
            let oldest =
                self.quarantine.iter().min_by(|one, other| one.1.since.cmp(&other.1.since));
            let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) else { return };
            self.quarantine.remove(&oldest);
        }
        let without_file = self.plugins.iter().filter(|(_, plugin)| plugin.file.is_none());
        let mut gone: Vec<_> = without_file
            .map(|(name, plugin)| {
                let last = plugin.versions.last().map(|kept| kept.installed_at.clone());
                (last, name.clone())
            })
            .collect();
        gone.sort();
        let surplus = gone.len().saturating_sub(MAX_WITHOUT_FILE);
        for (_, name) in gone.into_iter().take(surplus) {
            self.plugins.remove(&name);
        }
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

    pub(super) fn is_on_trial(&self) -> bool {
        self.serving.is_some() && self.serving != self.last_good
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut record = Record::default();
        for number in 0..300_u32 {
            let entry = Quarantined {
                plugin: "plain".into(),
                version: number.to_string(),
                cause: "it traps".into(),
                since: format!("2030-01-01T00:{:02}:{:02}Z", number / 60, number % 60),
            };
            record.quarantine.insert(Digest::of(&number.to_le_bytes()), entry);
            record.plugins.insert(format!("gone-{number}"), PluginRecord::default());
        }
        let there = PluginRecord { file: Some("a.wasm".into()), ..PluginRecord::default() };
        record.plugins.insert("a".into(), there);
        record.keep_small();
        assert_eq!((record.quarantine.len(), record.plugins.len()), (256, 257));
        assert!(
            record.quarantine.values().all(|entry| entry.version.parse::<u32>().unwrap() >= 44)
        );
        assert!(record.plugins.contains_key("a"));
    }

    #[test]
    fn versions_that_are_needed_stay() {
        let digest = |number: u8| Digest::of(&[number]);
        let mut plugin = PluginRecord {
            serving: Some(digest(1)),
            last_good: Some(digest(0)),
            ..PluginRecord::default()
        };
        for number in 0..9 {
            plugin.add_version(VersionRecord {
                digest: digest(number),
                version: number.to_string(),
                signer: None,
                installed_at: String::new(),
            });
        }
        plugin.keep_versions(4);
        let kept: Vec<_> = plugin.versions.iter().map(|kept| &*kept.version).collect();
        assert_eq!(kept, ["0", "1", "7", "8"]);
        assert_eq!(plugin.version_before().map(|kept| &kept.digest), Some(&digest(0)));
    }
}
