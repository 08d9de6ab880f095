//! The view for operators.

use std::sync::Arc;

use super::Keeper;
use crate::digest::Digest;
use crate::life::problem::LifeProblem;
use crate::life::record::{PluginRecord, VersionRecord};
use crate::life::views::{
    CanaryView, Figures, GenerationView, LifeView, Pending, Phase, PluginView, QuarantineView,
    VersionView,
};

impl Keeper {
    /// Replaces what operators see.
    pub(in crate::life) fn show(&self) {
        let plugins = self.record.plugins.iter();
        let quarantine = self.record.quarantine.iter();
        let view = LifeView {
            plugins: plugins.map(|(name, plugin)| self.plugin_view(name, plugin)).collect(),
            pending: self.pending.values().cloned().collect(),
            quarantine: quarantine
                .map(|(digest, entry)| QuarantineView {
                    digest: digest.clone(),
                    plugin: entry.plugin.clone(),
                    version: entry.version.clone(),
                    cause: entry.cause.clone(),
                    since: entry.since.clone(),
                })
                .collect(),
            events: self.events.all(),
        };
        self.shown.store(Arc::new(view));
    }

    /// The file that holds a quarantined version is refused from now on; after a restart the look
    /// at the directory says so.
    pub(super) fn show_as_quarantined(&mut self, name: &str, digest: &Digest) {
        let Some(file) = self.capture.file_with(digest) else { return };
        let Some(entry) = self.record.quarantine.get(digest) else { return };
        let cause = LifeProblem::Quarantined { cause: entry.cause.clone() }.to_string();
        let pending = Pending {
            file: file.clone(),
            plugin: Some(name.to_owned()),
            version: Some(entry.version.clone()),
            digest: Some(digest.clone()),
            phase: Phase::Quarantined,
            cause,
            widened: Vec::new(),
            asks: None,
        };
        self.pending.insert(file, pending);
    }

    fn plugin_view(&self, name: &str, plugin: &PluginRecord) -> PluginView {
        let on_trial = self.trials.contains_key(name);
        let phase = if on_trial { Phase::Watch } else { Phase::Serving };
        let serving = self.registry.installed(name);
        let serving = serving
            .map(|entry| GenerationView::of(&entry, self.signer_of(name, &entry.digest), phase));
        let pending = self.pending.values().find(|it| it.plugin.as_deref() == Some(name));
        PluginView {
            name: name.to_owned(),
            phase: pending.map(|it| it.phase).or(serving.as_ref().map(|it| it.phase)),
            cause: pending.map(|it| it.cause.clone()),
            file: plugin.file.clone(),
            pinned: plugin.pinned,
            rollout: plugin.rollout,
            approved: plugin.approved.clone(),
            last_good: plugin.last_good.clone(),
            serving,
            canary: self.canary_view(name, plugin),
            draining: self.draining.of(name),
            versions: plugin.versions.iter().map(|kept| self.version_view(kept)).collect(),
        }
    }

    fn version_view(&self, kept: &VersionRecord) -> VersionView {
        VersionView {
            digest: kept.digest.clone(),
            version: kept.version.clone(),
            signer: kept.signer.clone(),
            installed_at: kept.installed_at.clone(),
            quarantined: self.is_quarantined(&kept.digest),
        }
    }

    fn canary_view(&self, name: &str, plugin: &PluginRecord) -> Option<CanaryView> {
        let (canary, running) = (self.registry.canary(name)?, self.canaries.get(name)?);
        let old = self.registry.installed(name)?.plugin.stats();
        let entry = canary.entry;
        let signer = self.signer_of(name, &entry.digest);
        Some(CanaryView {
            plan: plugin.canary.as_ref()?.plan,
            old_since: Figures::between(&running.old, &old),
            new_since: Figures::between(&running.new, &entry.plugin.stats()),
            generation: GenerationView::of(&entry, signer, Phase::Canary),
        })
    }

    pub(super) fn is_quarantined(&self, digest: &Digest) -> bool {
        self.record.quarantine.contains_key(digest)
    }
}
