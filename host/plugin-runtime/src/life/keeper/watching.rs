//! What generations do after the switch: trials, canaries, and the end of replaced ones.

use std::time::Instant;

use super::Keeper;
use crate::digest::Digest;
use crate::life::draining::Drained;
use crate::life::events::{EventKind, now as moment};
use crate::life::record::Quarantined;
use crate::life::share::Decision;
use crate::life::trial::{Conduct, Standing};

impl Keeper {
    /// Whether anything is to be watched.
    pub(in crate::life) fn is_watching(&self) -> bool {
        !(self.trials.is_empty() && self.canaries.is_empty() && self.draining.is_empty())
    }

    /// Looks at every generation that is watched.
    pub(in crate::life) fn watch(&mut self, now: Instant) {
        for name in self.canaries.keys().cloned().collect::<Vec<_>>() {
            self.watch_canary(&name, now);
        }
        for name in self.trials.keys().cloned().collect::<Vec<_>>() {
            self.watch_trial(&name, now);
        }
        self.watch_draining(now);
        self.show();
    }

    fn watch_draining(&mut self, now: Instant) {
        for drained in self.draining.look(now, self.settings.limits.drain) {
            let (kind, name, view, text) = match drained {
                Drained::Ended(name, view) => {
                    let text = format!("the last exchange of {name} {} ended", view.version);
                    (EventKind::Drained, name, view, text)
                }
                Drained::Interrupted(name, view, open) => {
                    let text = format!("{open} exchanges of {name} {} interrupted", view.version);
                    (EventKind::Interrupted, name, view, text)
                }
            };
            self.events.note(kind, (Some(&name), Some(&view.digest)), text);
        }
    }

    fn watch_trial(&mut self, name: &str, now: Instant) {
        let (Some(trial), Some(entry)) = (self.trials.get(name), self.registry.installed(name))
        else {
            self.trials.remove(name);
            return;
        };
        let conduct = Conduct::between(&trial.before, &entry.plugin.stats());
        let age = now.saturating_duration_since(trial.since);
        match self.settings.limits.trial.judge(&conduct, age) {
            Standing::Open => {}
            Standing::Passed => self.pass(name, &entry.digest, &conduct),
            Standing::Failed(cause) => self.fail(name, &entry.digest, &cause),
        }
    }

    fn pass(&mut self, name: &str, digest: &Digest, conduct: &Conduct) {
        self.trials.remove(name);
        if let Some(plugin) = self.record.plugins.get_mut(name) {
            plugin.last_good = Some(digest.clone());
            plugin.trial_starts = 0;
        }
        self.save();
        let text = format!("{name} has passed its trial with {} calls", conduct.calls);
        self.events.note(EventKind::Passed, (Some(name), Some(digest)), text);
    }

    /// The serving generation fails: back to the last good one, if there is one.
    fn fail(&mut self, name: &str, digest: &Digest, cause: &str) {
        self.trials.remove(name);
        let Some(plugin) = self.record.plugins.get(name).cloned() else { return };
        let told = (Some(name), Some(digest));
        if plugin.pinned {
            let text = format!("{name}: {cause}; it is pinned, so it serves on");
            self.events.note(EventKind::Failing, told, text);
            return;
        }
        let mut earlier = self.usable_versions(&plugin, None);
        earlier.retain(|version| version != digest);
        let has_bundled = self.registry.has_bundled(name);
        if earlier.is_empty() && !has_bundled {
            // A plugin that fails now and then is better than none.
            let text = format!("{name}: {cause}; there is no other version, so it serves on");
            self.events.note(EventKind::Failing, told, text);
            return;
        }
        let file = plugin.file.clone().unwrap_or_default();
        self.quarantine(name, digest, cause);
        if !self.reinstate(name, (&file, earlier), EventKind::RolledBack) && has_bundled {
            self.withdraw(name, cause);
        }
        self.save();
    }

    pub(super) fn quarantine(&mut self, name: &str, digest: &Digest, cause: &str) {
        let plugin = self.record.plugins.get(name);
        let version = plugin.and_then(|it| it.version(digest)).map(|it| it.version.clone());
        let entry = Quarantined {
            plugin: name.to_owned(),
            version: version.unwrap_or_default(),
            cause: cause.to_owned(),
            since: moment(),
        };
        let text = format!("{name} {} is quarantined: {cause}", entry.version);
        self.record.quarantine.insert(digest.clone(), entry);
        self.events.note(EventKind::Quarantined, (Some(name), Some(digest)), text);
        self.save();
        self.show_as_quarantined(name, digest);
    }

    fn watch_canary(&mut self, name: &str, now: Instant) {
        let (Some(running), Some(canary), Some(old)) =
            (self.canaries.get(name), self.registry.canary(name), self.registry.installed(name))
        else {
            self.canaries.remove(name);
            return;
        };
        let new = Conduct::between(&running.new, &canary.entry.plugin.stats());
        let old = Conduct::between(&running.old, &old.plugin.stats());
        let age = now.saturating_duration_since(running.since);
        let digest = canary.entry.digest.clone();
        let plan = self.record.plugins.get(name).and_then(|it| it.canary.as_ref());
        let auto = plan.and_then(|it| it.plan.auto);
        let decision = match self.settings.limits.trial.judge(&new, age) {
            Standing::Failed(cause) => Decision::RollBack(cause),
            Standing::Open | Standing::Passed => {
                auto.map_or(Decision::Wait, |rule| rule.decide(&new, &old))
            }
        };
        match decision {
            Decision::Wait => {}
            Decision::Promote => self.adopt_canary(name),
            Decision::RollBack(cause) => {
                self.drop_canary(name);
                self.quarantine(name, &digest, &cause);
            }
        }
    }

    /// The canary serves all exchanges from now on. It stays the same generation.
    pub(super) fn adopt_canary(&mut self, name: &str) {
        let Some(canary) = self.registry.canary(name) else { return };
        if let Some(plugin) = self.record.plugins.get_mut(name) {
            plugin.serving = Some(canary.entry.digest.clone());
            plugin.canary = None;
        }
        self.save();
        self.canaries.remove(name);
        // The table drops the canary as it takes it for the one that serves, in one step.
        let before = self.registry.installed(name);
        self.registry.serve(std::sync::Arc::clone(&canary.entry));
        if let Some(before) = before {
            self.drain(&before);
        }
        self.begin_trial(name, &canary.entry);
        let text = format!("{name} {} serves all exchanges", canary.entry.plugin.manifest.version);
        let told = (Some(name), Some(&canary.entry.digest));
        self.events.note(EventKind::Promoted, told, text);
        self.count_change();
    }

    /// The old generation serves all exchanges again.
    pub(super) fn drop_canary(&mut self, name: &str) {
        let Some(canary) = self.end_canary(name) else { return };
        if let Some(plugin) = self.record.plugins.get_mut(name) {
            plugin.canary = None;
        }
        self.save();
        let text = format!("{name} {} lost its share", canary.plugin.manifest.version);
        self.events.note(EventKind::RolledBack, (Some(name), Some(&canary.digest)), text);
        self.count_change();
    }
}
