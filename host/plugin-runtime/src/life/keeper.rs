//! Who does all of it: one look, one action or one tick at a time, on the worker's thread.

mod actions;
mod files;
mod install;
mod restore;
mod showing;
mod switching;
mod watching;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::archive::Archive;
use super::capture::{Capture, Captured, Sightings};
use super::draining::Draining;
use super::events::{EventKind, Events};
use super::problem::LifeProblem;
use super::record::Record;
use super::settings::LifeSettings;
use super::share::Rollout;
use super::views::{LifeView, Pending, Phase};
use crate::digest::Digest;
use crate::registry::{Entry, Registry};
use crate::stats::PluginStats;
use install::{Stopped, Will};

pub use files::{Upload, Uploaded};

/// The state of the life cycle, and all that changes it.
pub(super) struct Keeper {
    settings: LifeSettings,
    registry: Arc<Registry>,
    archive: Archive,
    record: Record,
    capture: Capture,
    events: Events,
    /// By name of the file.
    pending: BTreeMap<String, Pending>,
    /// By name of the plugin.
    trials: BTreeMap<String, Trial>,
    canaries: BTreeMap<String, RunningCanary>,
    draining: Draining,
    /// Why the state was not written when it was last to be.
    unsaved: Option<LifeProblem>,
    shown: Arc<ArcSwap<LifeView>>,
    /// Counts the changes of what serves.
    changes: watch::Sender<u64>,
    #[cfg(test)]
    pub(super) crash_after: Option<Phase>,
}

/// A generation whose first calls are watched.
struct Trial {
    since: Instant,
    before: PluginStats,
}

/// Where two generations stood when the canary began.
struct RunningCanary {
    since: Instant,
    old: PluginStats,
    new: PluginStats,
}

impl Keeper {
    /// Opens the archive and lets serve what served before; [`Keeper::look`] does the rest.
    ///
    /// # Errors
    /// If the state cannot be used.
    pub(super) fn open(
        settings: LifeSettings,
        registry: Arc<Registry>,
        archive: Archive,
    ) -> Result<Self, LifeProblem> {
        let limits = &settings.limits;
        let most = (limits.files, registry.runtime().limits().component_bytes);
        let mut keeper = Self {
            record: archive.record()?,
            capture: Capture::new(&settings.directory, limits.settle, most),
            events: Events::new(limits.events),
            pending: BTreeMap::new(),
            trials: BTreeMap::new(),
            canaries: BTreeMap::new(),
            draining: Draining::default(),
            unsaved: None,
            shown: Arc::default(),
            changes: watch::Sender::new(0),
            archive,
            settings,
            registry,
            #[cfg(test)]
            crash_after: None,
        };
        keeper.restore();
        keeper.show();
        Ok(keeper)
    }

    /// What operators see; replaced after each step.
    pub(super) fn shown(&self) -> Arc<ArcSwap<LifeView>> {
        Arc::clone(&self.shown)
    }

    /// Counts up when other plugins serve.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Looks at the directory and takes what is new. True if a file is being written.
    pub(super) fn look(&mut self) -> bool {
        let sightings = match self.capture.look() {
            Ok(sightings) => sightings,
            Err(error) => {
                let problem = LifeProblem::Unreadable(error);
                let file = self.settings.directory.display().to_string();
                if self.pending.get(&file).is_none_or(|it| it.cause != problem.to_string()) {
                    self.set_aside(&file, None, &Stopped::at(Phase::Capture, problem));
                    self.show();
                }
                return false;
            }
        };
        self.pending.remove(&self.settings.directory.display().to_string());
        let unsettled = sightings.unsettled;
        self.take_all(sightings);
        self.show();
        unsettled
    }

    fn take_all(&mut self, sightings: Sightings) {
        let Sightings { found, problems, gone, .. } = sightings;
        for (file, problem) in problems {
            self.set_aside(&file, None, &Stopped::at(Phase::Capture, problem));
        }
        for captured in found {
            // What stops it is noted for operators.
            let _ = self.take(&captured, Will::Arrived, None);
        }
        for file in gone {
            self.lose(&file);
        }
    }

    /// Takes a file through the steps. What stops it is noted for operators.
    fn take(
        &mut self,
        captured: &Captured,
        will: Will,
        rollout: Option<Rollout>,
    ) -> Result<(), LifeProblem> {
        match self.install(captured, will, rollout) {
            Ok(()) => {
                self.pending.remove(&captured.file);
                Ok(())
            }
            Err(stopped) => {
                self.set_aside(&captured.file, Some(&captured.digest), &stopped);
                Err(stopped.problem)
            }
        }
    }

    fn set_aside(&mut self, file: &str, digest: Option<&Digest>, stopped: &Stopped) {
        let cause = stopped.problem.to_string();
        let (plugin, version) = stopped.names.clone().unzip();
        let text = format!("{file} does not serve: {}: {cause}", stopped.phase);
        self.events.note(EventKind::Refused, (plugin.as_deref(), digest), text);
        let pending = Pending {
            file: file.to_owned(),
            plugin,
            version,
            digest: digest.cloned(),
            phase: stopped.phase,
            cause,
            widened: stopped.widened.clone(),
            asks: stopped.asks.clone(),
        };
        self.pending.insert(file.to_owned(), pending);
    }

    /// A file is gone: its plugin serves no more, and whoever waited for its name is looked at.
    fn lose(&mut self, file: &str) {
        self.pending.remove(file);
        let names = self.record.plugins.iter();
        let of_file = names.filter(|(_, plugin)| plugin.file.as_deref() == Some(file));
        let names: Vec<String> = of_file.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.withdraw(&name, &format!("{file} is gone"));
            if let Some(plugin) = self.record.plugins.get_mut(&name) {
                plugin.file = None;
                plugin.pinned = false;
                plugin.held = None;
            }
            self.save();
            self.look_again_at(&name);
        }
    }

    /// Lets the next look find the files that wait under a name.
    fn look_again_at(&mut self, name: &str) {
        let of_name = self.pending.values().filter(|it| it.plugin.as_deref() == Some(name));
        for file in of_name.map(|it| it.file.clone()).collect::<Vec<_>>() {
            self.capture.forget(&file);
        }
    }

    /// Lets a plugin serve no more; the bundled one of its name comes back.
    fn withdraw(&mut self, name: &str, why: &str) {
        if let Some(entry) = self.registry.installed(name) {
            self.end_canary(name);
            self.registry.remove(name);
            self.drain(&entry);
            let told = (Some(name), Some(&entry.digest));
            self.events.note(EventKind::Removed, told, format!("{name} serves no more: {why}"));
            self.count_change();
        }
        self.trials.remove(name);
        if let Some(plugin) = self.record.plugins.get_mut(name) {
            plugin.serving = None;
            plugin.canary = None;
        }
    }

    fn drain(&mut self, entry: &Entry) {
        let signer = self.signer_of(&entry.plugin.manifest.name, &entry.digest);
        self.draining.add(entry, signer);
    }

    fn signer_of(&self, name: &str, digest: &Digest) -> Option<String> {
        self.record.plugins.get(name)?.version(digest)?.signer.clone()
    }

    fn count_change(&self) {
        self.show();
        self.changes.send_modify(|count| *count += 1);
    }

    /// Remembers the state. That it cannot be is reported, and what serves goes on.
    fn save(&mut self) {
        self.record.keep_small();
        self.unsaved = self.archive.save(&self.record).err();
        if let Some(problem) = &self.unsaved {
            self.events.note(EventKind::NotKept, (None, None), problem.to_string());
        }
    }

    /// Does what an operator wants, and says so only if it is on the disk.
    ///
    /// # Errors
    /// Why it is not done, or not remembered.
    pub(super) fn durably<T>(
        &mut self,
        action: impl FnOnce(&mut Self) -> Result<T, LifeProblem>,
    ) -> Result<T, LifeProblem> {
        self.unsaved = None;
        let done = action(self)?;
        self.unsaved.take().map_or(Ok(done), Err)
    }
}
