//! What operators can do. Each action goes through the steps that a file goes through.

use super::Keeper;
use super::install::{Made, Will};
use crate::digest::Digest;
use crate::life::events::EventKind;
use crate::life::problem::LifeProblem;
use crate::life::record::PluginRecord;
use crate::life::share::{CanaryPlan, Rollout};

impl Keeper {
    /// Approves what a version asks for, or takes it out of quarantine. A version that waits for
    /// that serves then.
    ///
    /// # Errors
    /// If nothing of that name and digest waits, or a later step stops it.
    pub(in crate::life) fn approve(
        &mut self,
        name: &str,
        digest: &Digest,
    ) -> Result<(), LifeProblem> {
        let mut waiting = self.pending.values();
        let waiting = waiting
            .find(|it| it.plugin.as_deref() == Some(name) && it.digest.as_ref() == Some(digest))
            .cloned();
        let quarantined = self.record.quarantine.get(digest).is_some_and(|it| it.plugin == name);
        if waiting.is_none() && !quarantined {
            return Err(LifeProblem::NothingPending(name.to_owned()));
        }
        self.record.quarantine.remove(digest);
        if let Some(asks) = waiting.as_ref().and_then(|pending| pending.asks.as_ref()) {
            let plugin = self.record.plugins.entry(name.to_owned()).or_default();
            plugin.approved = asks.approved_with(&plugin.approved);
        }
        if let Some(plugin) = self.record.plugins.get_mut(name)
            && plugin.held.as_ref() == Some(digest)
        {
            plugin.held = None;
        }
        self.save();
        self.note_change(name, digest, "an operator approved it");
        let Some(pending) = waiting else { return Ok(()) };
        self.capture.forget(&pending.file);
        self.look_for(&pending.file, digest, (Will::Wanted, None))
    }

    /// Lets the serving version stay whatever comes, or not any more.
    ///
    /// # Errors
    /// If nothing of that name serves.
    pub(in crate::life) fn pin(&mut self, name: &str, pinned: bool) -> Result<(), LifeProblem> {
        let serving = self.serving(name)?;
        self.known(name)?.pinned = pinned;
        self.save();
        let text = if pinned { "it is pinned" } else { "it is pinned no more" };
        self.note_change(name, &serving, text);
        if !pinned {
            self.look_again_at(name);
            self.look();
        }
        Ok(())
    }

    /// Goes back: from a canary to the old version, else to a kept version, the one installed
    /// before if none is named. The version that is left does not come again by itself.
    ///
    /// # Errors
    /// If there is nothing to go back to, or it does not pass a step.
    pub(in crate::life) fn roll_back(
        &mut self,
        name: &str,
        to: Option<&Digest>,
    ) -> Result<(), LifeProblem> {
        let plugin = self.known(name)?.clone();
        if let (Some(canary), None) = (&plugin.canary, to) {
            self.drop_canary(name);
            self.known(name)?.held = Some(canary.digest.clone());
            self.save();
            return Ok(());
        }
        let serving = self.serving(name)?;
        let target = version_to_go_back_to(name, &plugin, to)?;
        if let Some(entry) = self.record.quarantine.get(&target) {
            return Err(LifeProblem::Quarantined { cause: entry.cause.clone() });
        }
        let made = self.proved_again(name, &plugin, &target)?;
        let known = self.known(name)?;
        known.serving = Some(target);
        known.canary = None;
        known.held.get_or_insert(serving);
        self.save();
        let text = format!("an operator went back to {name} {}", made.version.version);
        self.switch(&made.entry, EventKind::RolledBack, text);
        Ok(())
    }

    /// Gives a kept version a share of the exchanges.
    ///
    /// # Errors
    /// If the plan is out of bounds, the version is not kept, or does not pass a step.
    pub(in crate::life) fn start_canary(
        &mut self,
        name: &str,
        digest: &Digest,
        plan: CanaryPlan,
    ) -> Result<(), LifeProblem> {
        plan.check()?;
        let plugin = self.known(name)?.clone();
        if self.serving(name)? == *digest || plugin.version(digest).is_none() {
            return Err(LifeProblem::UnknownVersion(digest.clone()));
        }
        if let Some(entry) = self.record.quarantine.get(digest) {
            return Err(LifeProblem::Quarantined { cause: entry.cause.clone() });
        }
        let made = self.proved_again(name, &plugin, digest)?;
        let captured = self.archive.version(&plugin.file.unwrap_or_default(), digest)?;
        self.adopt(&made, &captured, Some(Rollout::Canary(plan))).map_err(|it| it.problem)
    }

    /// Lets the canary serve all exchanges.
    ///
    /// # Errors
    /// If there is none.
    pub(in crate::life) fn promote(&mut self, name: &str) -> Result<(), LifeProblem> {
        self.known(name)?;
        if self.registry.canary(name).is_none() {
            return Err(LifeProblem::NoCanaryRuns(name.to_owned()));
        }
        self.adopt_canary(name);
        Ok(())
    }

    /// Says how new versions of a plugin start.
    ///
    /// # Errors
    /// If the plan is out of bounds, or there is no such plugin.
    pub(in crate::life) fn set_rollout(
        &mut self,
        name: &str,
        rollout: Rollout,
    ) -> Result<(), LifeProblem> {
        rollout.check()?;
        self.known(name)?.rollout = rollout;
        self.save();
        Ok(())
    }

    /// Looks now, and says what became of one file.
    pub(super) fn look_for(
        &mut self,
        file: &str,
        digest: &Digest,
        (will, rollout): (Will, Option<Rollout>),
    ) -> Result<(), LifeProblem> {
        let mut sightings = self.capture.look().map_err(LifeProblem::Unreadable)?;
        let mut outcome = Err(LifeProblem::Unsettled);
        for captured in std::mem::take(&mut sightings.found) {
            if captured.file == file && captured.digest == *digest {
                outcome = self.take(&captured, will, rollout);
            } else {
                // What stops it is noted for operators.
                let _ = self.take(&captured, Will::Arrived, None);
            }
        }
        self.take_all(sightings);
        outcome
    }

    /// A kept version, made and proved anew.
    fn proved_again(
        &mut self,
        name: &str,
        plugin: &PluginRecord,
        digest: &Digest,
    ) -> Result<Made, LifeProblem> {
        let file = plugin.file.clone().unwrap_or_default();
        let made = self.recall(name, &file, digest).map_err(|stopped| stopped.problem)?;
        self.prove(made).map_err(|stopped| stopped.problem)
    }

    pub(super) fn known(&mut self, name: &str) -> Result<&mut PluginRecord, LifeProblem> {
        let known = self.record.plugins.get_mut(name);
        known.ok_or_else(|| LifeProblem::Unknown(name.to_owned()))
    }

    fn serving(&self, name: &str) -> Result<Digest, LifeProblem> {
        let entry = self.registry.installed(name);
        Ok(entry.ok_or_else(|| LifeProblem::Unknown(name.to_owned()))?.digest.clone())
    }

    fn note_change(&mut self, name: &str, digest: &Digest, text: &str) {
        let text = format!("{name}: {text}");
        self.events.note(EventKind::Changed, (Some(name), Some(digest)), text);
    }
}

fn version_to_go_back_to(
    name: &str,
    plugin: &PluginRecord,
    to: Option<&Digest>,
) -> Result<Digest, LifeProblem> {
    let kept = match to {
        Some(digest) => {
            plugin.version(digest).ok_or_else(|| LifeProblem::UnknownVersion(digest.clone()))?
        }
        None => {
            plugin.version_before().ok_or_else(|| LifeProblem::NothingBefore(name.to_owned()))?
        }
    };
    Ok(kept.digest.clone())
}
