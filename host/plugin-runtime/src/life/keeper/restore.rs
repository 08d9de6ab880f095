//! What served before, from the archive.

use super::Keeper;
use super::install::{Made, Stopped};
use crate::digest::Digest;
use crate::life::events::EventKind;
use crate::life::problem::LifeProblem;
use crate::life::record::PluginRecord;
use crate::life::views::Phase;

/// Starts without a good end before, after which a version on trial is given up.
const MAX_TRIAL_STARTS: u32 = 3;

impl Keeper {
    /// Lets serve, for each plugin whose file is there, what served before. Where that cannot be
    /// loaded, the last good version does, or the latest that can.
    pub(super) fn restore(&mut self) {
        let names: Vec<String> = self.record.plugins.keys().cloned().collect();
        for name in names {
            let Some(plugin) = self.record.plugins.get(&name).cloned() else { continue };
            let Some(file) = plugin.file.clone().filter(|file| self.capture.has(file)) else {
                self.withdraw(&name, "its file is gone");
                continue;
            };
            let Some(serving) = &plugin.serving else { continue };
            self.count_start(&name, serving);
            let order = self.usable_versions(&plugin, Some(serving));
            if !self.reinstate(&name, (&file, order), EventKind::Switched) {
                self.withdraw(&name, "none of its versions can serve");
            }
            self.resume_canary(&name, &file, &plugin);
        }
        self.save();
    }

    /// A version on trial that ends the gateway again and again, by its memory for example, is
    /// quarantined, unless there is nothing else.
    fn count_start(&mut self, name: &str, serving: &Digest) {
        let Some(plugin) = self.record.plugins.get_mut(name) else { return };
        if !plugin.is_on_trial() || self.archive.is_read_only() {
            return;
        }
        plugin.trial_starts += 1;
        let (starts, pinned) = (plugin.trial_starts, plugin.pinned);
        let others = plugin.versions.iter().any(|kept| kept.digest != *serving);
        self.save();
        if starts >= MAX_TRIAL_STARTS && !pinned && (others || self.registry.has_bundled(name)) {
            let cause = format!("the gateway broke down {starts} times while it was on trial");
            self.quarantine(name, serving, &cause);
        }
    }

    /// The gateway comes to a good end.
    pub(in crate::life) fn close(&mut self) {
        let mut plugins = self.record.plugins.values_mut();
        if plugins.any(|plugin| std::mem::take(&mut plugin.trial_starts) > 0) {
            plugins.for_each(|plugin| plugin.trial_starts = 0);
            self.save();
        }
    }

    /// In which order versions are tried: the first one, the last good one, the latest ones.
    pub(super) fn usable_versions(
        &self,
        plugin: &PluginRecord,
        first: Option<&Digest>,
    ) -> Vec<Digest> {
        let latest = plugin.versions.iter().rev().map(|kept| &kept.digest);
        let mut order: Vec<Digest> = Vec::new();
        for digest in first.into_iter().chain(&plugin.last_good).chain(latest) {
            if !order.contains(digest) && !self.is_quarantined(digest) {
                order.push(digest.clone());
            }
        }
        order
    }

    /// Lets the first of some kept versions serve that can. Remembers which; the caller saves.
    /// False if there is none.
    pub(super) fn reinstate(
        &mut self,
        name: &str,
        (file, versions): (&str, Vec<Digest>),
        kind: EventKind,
    ) -> bool {
        for digest in versions {
            let made = match self.recall(name, file, &digest) {
                Ok(made) => made,
                Err(stopped) => {
                    let text =
                        format!("a kept version of {name} cannot serve: {}", stopped.problem);
                    self.events.note(EventKind::Refused, (Some(name), Some(&digest)), text);
                    continue;
                }
            };
            if let Some(plugin) = self.record.plugins.get_mut(name) {
                plugin.serving = Some(digest);
                plugin.canary = None;
            }
            let text = format!("{name} {} serves, from the archive", made.version.version);
            self.switch(&made.entry, kind, text);
            return true;
        }
        false
    }

    fn resume_canary(&mut self, name: &str, file: &str, plugin: &PluginRecord) {
        let Some(canary) = &plugin.canary else { return };
        // One that cannot be loaded has no share; the file's next look says why.
        if let Ok(made) = self.recall(name, file, &canary.digest)
            && self.registry.installed(name).is_some()
        {
            if let Some(plugin) = self.record.plugins.get_mut(name) {
                plugin.canary = Some(canary.clone());
            }
            self.begin_canary(&made.entry, canary.plan);
        }
    }

    /// A kept version, trusted, inspected and compiled like any other. It has been proved before.
    pub(super) fn recall(
        &mut self,
        name: &str,
        file: &str,
        digest: &Digest,
    ) -> Result<Made, Box<Stopped>> {
        let captured = self
            .archive
            .version(file, digest)
            .map_err(|problem| Box::new(Stopped::at(Phase::Keep, problem)))?;
        let judged = self.judge(&captured)?;
        if judged.name != name {
            let (found, wanted) = (judged.name, name.to_owned());
            let other = LifeProblem::OtherPlugin { found, wanted };
            return Err(Box::new(Stopped::at(Phase::Inspect, other)));
        }
        self.make(judged, &captured)
    }
}
