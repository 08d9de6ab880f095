//! The steps from a captured file to a generation that serves.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use super::Keeper;
use crate::grant::Grant;
use crate::life::asks::{Asks, Widening};
use crate::life::capture::Captured;
use crate::life::events::{EventKind, now};
use crate::life::problem::LifeProblem;
use crate::life::record::{CanaryRecord, VersionRecord};
use crate::life::share::{CanaryPlan, Rollout};
use crate::life::vectors;
use crate::life::views::Phase;
use crate::load::Candidate;
use crate::load_error::LoadError;
use crate::manifest::Manifest;
use crate::registry::{Entry, Origin};

/// Why a version comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::life) enum Will {
    /// It lies in the directory.
    Arrived,
    /// An operator wants this very version.
    Wanted,
}

/// Where a version was stopped.
#[derive(Debug)]
pub(in crate::life) struct Stopped {
    pub(in crate::life) phase: Phase,
    pub(in crate::life) problem: LifeProblem,
    /// Plugin and version, if the manifest could be read.
    pub(super) names: Option<(String, String)>,
    pub(super) widened: Vec<Widening>,
    pub(super) asks: Option<Asks>,
}

/// A file that is trusted and whose manifest was read.
pub(super) struct Judged {
    candidate: Candidate,
    pub(super) name: String,
    version: String,
    signer: Option<String>,
    asks: Asks,
    grant: Grant,
}

/// A version that compiles and starts, and does not serve yet.
pub(super) struct Made {
    pub(super) entry: Arc<Entry>,
    pub(super) name: String,
    pub(super) asks: Asks,
    pub(super) version: VersionRecord,
}

impl Stopped {
    pub(super) fn at(phase: Phase, problem: impl Into<LifeProblem>) -> Self {
        Self { phase, problem: problem.into(), names: None, widened: Vec::new(), asks: None }
    }

    fn of(mut self, judged: &Judged) -> Box<Self> {
        self.names = Some((judged.name.clone(), judged.version.clone()));
        self.asks = Some(judged.asks.clone());
        Box::new(self)
    }
}

impl Keeper {
    /// Takes a captured file through all steps.
    pub(super) fn install(
        &mut self,
        captured: &Captured,
        will: Will,
        rollout: Option<Rollout>,
    ) -> Result<(), Box<Stopped>> {
        self.reach(Phase::Capture)?;
        let judged = self.judge(captured)?;
        self.check_owner(&judged, captured)?;
        if self.is_in_use(&judged.name, captured) {
            return Ok(());
        }
        self.check_wanted(&judged, captured, will)?;
        let made = self.make(judged, captured)?;
        let made = self.prove(made)?;
        self.adopt(&made, captured, rollout)
    }

    /// Trust and inspection.
    pub(super) fn judge(&self, captured: &Captured) -> Result<Judged, Box<Stopped>> {
        let trusted = self.settings.trust.check(&captured.bytes, captured.signature.as_deref());
        let signer = trusted.map_err(|problem| Box::new(Stopped::at(Phase::Trust, problem)))?;
        self.reach(Phase::Trust)?;
        let runtime = self.registry.runtime();
        let candidate = Candidate::inspect(runtime, &captured.bytes).map_err(|error| {
            // Half a file is not there yet; code for one machine is never trusted.
            let phase = match &error {
                LoadError::Truncated { .. } => Phase::Capture,
                LoadError::Precompiled => Phase::Trust,
                _ => Phase::Inspect,
            };
            Box::new(Stopped::at(phase, error))
        })?;
        self.reach(Phase::Inspect)?;
        let Manifest { name, version, .. } = candidate.manifest();
        let (name, version) = (name.clone(), version.clone());
        let grant = self.settings.grants.get(&name).copied().unwrap_or_default();
        let asks = Asks::of(&candidate);
        Ok(Judged { candidate, name, version, signer, asks, grant })
    }

    /// One file a plugin: the first one keeps the name as long as it is there.
    fn check_owner(&self, judged: &Judged, captured: &Captured) -> Result<(), Box<Stopped>> {
        let owner = self.record.plugins.get(&judged.name).and_then(|it| it.file.as_ref());
        match owner {
            Some(owner) if *owner != captured.file && self.capture.has(owner) => {
                let taken = LoadError::NameTaken(judged.name.clone());
                Err(Stopped::at(Phase::Inspect, taken).of(judged))
            }
            _ => Ok(()),
        }
    }

    /// Whether the version serves already, or takes its share. Then only its file may be new.
    fn is_in_use(&mut self, name: &str, captured: &Captured) -> bool {
        let serving = self.registry.installed(name);
        let canary = self.registry.canary(name);
        let mut entries = serving.into_iter().chain(canary.map(|it| it.entry));
        let in_use = entries.any(|entry| entry.digest == captured.digest);
        if in_use && let Some(plugin) = self.record.plugins.get_mut(name) {
            let file = Some(captured.file.clone());
            // What was in the file before is not there any more.
            if plugin.file != file || plugin.held.is_some() {
                plugin.file = file;
                plugin.held = None;
                self.save();
            }
        }
        in_use
    }

    /// Whether anybody objects to this version.
    fn check_wanted(
        &self,
        judged: &Judged,
        captured: &Captured,
        will: Will,
    ) -> Result<(), Box<Stopped>> {
        if will == Will::Wanted {
            return Ok(());
        }
        let stopped = |phase, problem| Err(Stopped::at(phase, problem).of(judged));
        if let Some(entry) = self.record.quarantine.get(&captured.digest) {
            let cause = entry.cause.clone();
            return stopped(Phase::Quarantined, LifeProblem::Quarantined { cause });
        }
        let Some(plugin) = self.record.plugins.get(&judged.name) else { return Ok(()) };
        if plugin.pinned {
            let reason = "an operator has pinned the version that serves".into();
            return stopped(Phase::Held, LifeProblem::Held { reason });
        }
        if plugin.held.as_ref() == Some(&captured.digest) {
            let reason = "an operator went back from this version".into();
            return stopped(Phase::Held, LifeProblem::Held { reason });
        }
        let widened = judged.asks.wider_than(&plugin.approved);
        if widened.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = widened.iter().map(ToString::to_string).collect();
        let problem = LifeProblem::NeedsApproval { widened: list.join(", ") };
        Err(Stopped { widened, ..Stopped::at(Phase::NeedsApproval, problem) }.of(judged))
    }

    /// Compilation, and the first instance.
    pub(super) fn make(
        &mut self,
        judged: Judged,
        captured: &Captured,
    ) -> Result<Made, Box<Stopped>> {
        let Judged { candidate, name, version, signer, asks, grant } = judged;
        let names = Some((name.clone(), version.clone()));
        let stopped = |phase, error: LoadError| {
            let (names, asks) = (names.clone(), Some(asks.clone()));
            Box::new(Stopped { names, asks, ..Stopped::at(phase, error) })
        };
        let path = self.settings.directory.join(&captured.file);
        let origin = (Origin::Installed(Some(path)), grant);
        let entry = self
            .registry
            .prepared(candidate, &captured.bytes, origin)
            .map_err(|error| stopped(Phase::Inspect, error))?;
        let making = Arc::clone(&entry);
        self.meanwhile(move || making.plugin.make())
            .unwrap_or_else(|lost| Err(LoadError::Start(lost)))
            .map_err(|error| stopped(Phase::Compile, error))?;
        self.reach(Phase::Compile)?;
        let digest = captured.digest.clone();
        let version = VersionRecord { digest, version, signer, installed_at: now() };
        Ok(Made { entry, name, asks, version })
    }

    /// The self-test.
    pub(super) fn prove(&mut self, made: Made) -> Result<Made, Box<Stopped>> {
        let (entry, within) = (Arc::clone(&made.entry), self.settings.limits.proof);
        let proved = self.meanwhile(move || {
            let plugin = &entry.plugin;
            vectors::prove(&plugin.manifest.self_test, &plugin.face, within)
        });
        match proved {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => return Err(made.stopped(Phase::Prove, problem)),
            Err(lost) => return Err(made.stopped(Phase::Prove, LoadError::Start(lost))),
        }
        self.reach(Phase::Prove)?;
        Ok(made)
    }

    /// Does what takes long on a thread of its own, and watches what serves meanwhile: a
    /// generation that fails does not wait for the compilation of another.
    ///
    /// # Errors
    /// If there is no thread, or it panicked.
    fn meanwhile<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let (done, outcome) = sync_channel(1);
        thread::Builder::new()
            .name("plugin-maker".into())
            .spawn(move || {
                // Whoever waits is there until the end.
                let _ = done.send(work());
            })
            .map_err(|error| format!("no thread to load it on: {error}"))?;
        loop {
            match outcome.recv_timeout(self.settings.limits.tick) {
                Ok(made) => return Ok(made),
                Err(RecvTimeoutError::Timeout) => self.watch(Instant::now()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err("the runtime panicked; its log says where".into());
                }
            }
        }
    }

    /// Keeps the version, remembers what is going to serve, and switches.
    pub(super) fn adopt(
        &mut self,
        made: &Made,
        captured: &Captured,
        rollout: Option<Rollout>,
    ) -> Result<(), Box<Stopped>> {
        let plan = self.plan_of(made, rollout)?;
        if let Err(problem) = self.archive.keep(captured) {
            let told = (Some(&*made.name), Some(&captured.digest));
            self.events.note(EventKind::NotKept, told, problem.to_string());
        }
        self.reach(Phase::Keep)?;
        self.remember(made, captured, plan);
        self.save();
        self.reach(Phase::Switch)?;
        match plan {
            Some(plan) => self.begin_canary(&made.entry, plan),
            None => {
                let text = format!("{} {} serves", made.name, made.version.version);
                self.switch(&made.entry, EventKind::Switched, text);
            }
        }
        Ok(())
    }

    fn remember(&mut self, made: &Made, captured: &Captured, plan: Option<CanaryPlan>) {
        let first = !self.record.plugins.contains_key(&made.name);
        let plugin = self.record.plugins.entry(made.name.clone()).or_default();
        if first {
            plugin.approved = made.asks.clone();
        }
        plugin.file = Some(captured.file.clone());
        plugin.add_version(made.version.clone());
        plugin.canary = plan.map(|plan| CanaryRecord { digest: captured.digest.clone(), plan });
        if plan.is_none() {
            plugin.serving = Some(captured.digest.clone());
            plugin.trial_starts = 0;
        }
        plugin.keep_versions(self.settings.limits.versions.max(2));
    }

    /// How a version starts: with a share only if another one serves.
    fn plan_of(
        &self,
        made: &Made,
        rollout: Option<Rollout>,
    ) -> Result<Option<CanaryPlan>, Box<Stopped>> {
        let kept = self.record.plugins.get(&made.name).map(|plugin| plugin.rollout);
        let Rollout::Canary(plan) = rollout.or(kept).unwrap_or_default() else {
            return Ok(None);
        };
        let Some(old) = self.registry.installed(&made.name) else { return Ok(None) };
        check_alike(&old.plugin.manifest, &made.entry.plugin.manifest)
            .map_err(|problem| made.stopped(Phase::Canary, problem))?;
        Ok(Some(plan))
    }

    /// The end of a step. Tests let the gateway crash here.
    #[cfg(test)]
    fn reach(&self, phase: Phase) -> Result<(), Box<Stopped>> {
        match self.crash_after {
            Some(crash) if crash == phase => {
                Err(Box::new(Stopped::at(phase, LifeProblem::Stopped)))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests stop here")]
    fn reach(&self, _: Phase) -> Result<(), Box<Stopped>> {
        Ok(())
    }
}

impl Made {
    fn stopped(&self, phase: Phase, problem: impl Into<LifeProblem>) -> Box<Stopped> {
        let names = Some((self.name.clone(), self.version.version.clone()));
        let asks = Some(self.asks.clone());
        Box::new(Stopped { names, asks, ..Stopped::at(phase, problem) })
    }
}

/// Whether two versions answer to the same names.
fn check_alike(old: &Manifest, new: &Manifest) -> Result<(), LifeProblem> {
    let differs = |member| Err(LifeProblem::NoCanary { member });
    if old.kind != new.kind {
        return differs("kind");
    }
    match (&old.dialect, &new.dialect) {
        (Some(old), Some(new)) if old.name != new.name => differs("dialect.name"),
        (Some(old), Some(new)) if old.endpoints != new.endpoints => differs("dialect.endpoints"),
        (Some(old), Some(new)) if old.operations != new.operations => differs("dialect.operations"),
        _ => Ok(()),
    }
}
