//! Which generation serves: the table, and what is watched from then on.

use std::sync::Arc;
use std::time::Instant;

use super::{Keeper, RunningCanary, Trial};
use crate::life::events::EventKind;
use crate::life::share::CanaryPlan;
use crate::registry::{Canary, Entry};

impl Keeper {
    /// Lets a generation serve, and puts it on trial unless it has passed one.
    pub(super) fn switch(&mut self, entry: &Arc<Entry>, kind: EventKind, text: String) {
        let name = entry.plugin.manifest.name.clone();
        self.end_canary(&name);
        let before = self.registry.installed(&name);
        self.registry.serve(Arc::clone(entry));
        if let Some(before) = before {
            self.drain(&before);
        }
        self.begin_trial(&name, entry);
        self.events.note(kind, (Some(&name), Some(&entry.digest)), text);
        self.count_change();
    }

    pub(super) fn begin_trial(&mut self, name: &str, entry: &Entry) {
        self.trials.remove(name);
        let last_good = self.record.plugins.get(name).and_then(|it| it.last_good.as_ref());
        if last_good != Some(&entry.digest) {
            let trial = Trial { since: Instant::now(), before: entry.plugin.stats() };
            self.trials.insert(name.to_owned(), trial);
        }
    }

    pub(super) fn begin_canary(&mut self, entry: &Arc<Entry>, plan: CanaryPlan) {
        let name = entry.plugin.manifest.name.clone();
        self.end_canary(&name);
        let old = self.registry.installed(&name).map(|old| old.plugin.stats());
        let canary = RunningCanary {
            since: Instant::now(),
            old: old.unwrap_or_default(),
            new: entry.plugin.stats(),
        };
        let share_permille = plan.share_permille;
        let shared = Canary { entry: Arc::clone(entry), share_permille };
        self.registry.set_canary(&name, Some(shared));
        self.canaries.insert(name.clone(), canary);
        let version = &entry.plugin.manifest.version;
        let text = format!("{name} {version} serves {share_permille} of a thousand exchanges");
        self.events.note(EventKind::CanaryStarted, (Some(&name), Some(&entry.digest)), text);
        self.count_change();
    }

    /// The canary of a plugin serves no more. What is remembered is the caller's affair.
    pub(super) fn end_canary(&mut self, name: &str) -> Option<Arc<Entry>> {
        self.canaries.remove(name);
        let canary = self.registry.canary(name)?;
        self.registry.set_canary(name, None);
        self.drain(&canary.entry);
        Some(canary.entry)
    }
}
