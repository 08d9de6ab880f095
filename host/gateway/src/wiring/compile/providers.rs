//! Providers: plugins that exist and fit, secrets that are there, targets for the transports.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use exchange::{HttpTarget, NetworkReach, ProcessTarget, Timeouts};
use pipeline::{PlanCache, Provider, Reach};
use resources::{
    BaseUrl, Document, Models, Network, Problem, Problems, Retries, Sandbox, did_you_mean,
    member_path,
};
use routing::{ProviderModels, RetryBudget, RetryPolicy};
use secrets::Sources;

use super::program::{process_target, program_sandbox};
use super::{Complaint, Grounds, resolve};
use crate::wiring::credentials::{ProviderSecrets, SlotSecrets};
use crate::wiring::offer::{AdapterOffer, FarEnd, PresetOffer, SettingsOffer};

/// Providers by id.
pub(super) type ProviderTable = HashMap<Arc<str>, Arc<Provider>>;

/// What a provider serves.
pub(super) fn models(provider: &resources::Provider) -> ProviderModels {
    ProviderModels {
        provider: provider.id.as_str().into(),
        models: match &provider.models {
            Models::Listed(models) => {
                routing::Models::Listed(models.iter().map(|model| model.as_str().into()).collect())
            }
            Models::Discover => routing::Models::Any,
        },
    }
}

/// Looks all secrets of all providers up.
pub(super) fn resolve_secrets(
    document: &Document,
    sources: &Sources,
    problems: &mut Problems,
) -> ProviderSecrets {
    let mut secrets = ProviderSecrets::new();
    for provider in &document.providers {
        let path = member_path(&provider.path, "credentials");
        let mut slots = SlotSecrets::new();
        for (slot, secret) in &provider.credentials {
            match resolve(secret, sources) {
                Ok(secret) => {
                    slots.insert(slot.as_str().to_owned(), secret);
                }
                Err(Complaint { message, fix }) => {
                    problems.report(member_path(&path, slot.as_str()), message, fix);
                }
            }
        }
        secrets.insert(provider.id.as_str().to_owned(), slots);
    }
    secrets
}

/// The providers, as the pipeline knows them.
pub(super) fn compile(
    document: &Document,
    grounds: Grounds<'_>,
    problems: &mut Problems,
) -> ProviderTable {
    let mut compiled = ProviderTable::new();
    for provider in &document.providers {
        let slots = provider.credentials.keys().map(|slot| slot.as_str()).collect();
        if let Some(provider) = compile_one(provider, slots, grounds, problems) {
            compiled.insert(provider.id.clone(), Arc::new(provider));
        }
    }
    compiled
}

/// One provider whose secrets fill `slots`; `None` if there were problems.
pub(super) fn compile_one(
    provider: &resources::Provider,
    slots: BTreeSet<&str>,
    grounds: Grounds<'_>,
    problems: &mut Problems,
) -> Option<Provider> {
    Fitting { provider, slots, grounds, problems }.compile()
}

/// Whoever is to be recorded needs a place for it.
pub(super) fn check_recording(
    provider: &resources::Provider,
    has_recording: bool,
    problems: &mut Problems,
) {
    if provider.record && !has_recording {
        let path = member_path(&provider.path, "record");
        let fix = "add a section [recording] to the configuration file, or remove record";
        problems.report(path, "is true, but nothing is recorded here", fix);
    }
}

/// One provider beside what it has to fit.
struct Fitting<'a> {
    provider: &'a resources::Provider,
    slots: BTreeSet<&'a str>,
    grounds: Grounds<'a>,
    problems: &'a mut Problems,
}

impl<'a> Fitting<'a> {
    fn compile(&mut self) -> Option<Provider> {
        let adapter = self.adapter();
        let preset = self.preset(adapter);
        let dialects = self.dialects(adapter, preset);
        let adapter = adapter?;
        self.check_slots(adapter);
        let dialects = dialects?;
        let preset = preset?;
        let mut settings = preset.settings.clone();
        settings.extend(self.provider.settings.clone());
        self.check_settings(&settings, &adapter.settings, &dialects);
        Some(Provider {
            id: self.provider.id.as_str().into(),
            adapter: self.provider.adapter.as_str().into(),
            dialects: dialects.iter().map(|(name, _)| (*name).into()).collect(),
            reach: self.reach(adapter.far_end, preset, &settings)?,
            settings: serde_json::Value::Object(settings).to_string().into(),
            discovers: self.provider.models == Models::Discover,
            retry: self.retry(adapter.far_end),
            retry_budget: RetryBudget::new(Instant::now()),
            records: self.provider.record,
            plans: PlanCache::default(),
        })
    }

    /// What the adapter knows of the provider beforehand; nothing if none is named.
    fn preset(&mut self, adapter: Option<&'a AdapterOffer>) -> Option<&'a PresetOffer> {
        static NOTHING: LazyLock<PresetOffer> = LazyLock::new(PresetOffer::default);
        let Some(name) = self.provider.preset.as_ref().map(|name| name.as_str()) else {
            return Some(&NOTHING);
        };
        let presets = &adapter?.presets;
        let found = presets.get(name);
        if found.is_none() {
            let adapter = self.provider.adapter.as_str();
            let message = format!("adapter {adapter:?} has no preset {name:?}");
            self.report(
                &["preset"],
                message,
                did_you_mean(name, presets.keys().map(String::as_str)),
            );
        }
        found
    }

    fn retry(&self, far_end: FarEnd) -> RetryPolicy {
        let retries = match (self.provider.retries, far_end) {
            (Some(retries), _) => retries,
            (None, FarEnd::Http) => Retries::default(),
            // Running a program twice may do twice what it does.
            (None, FarEnd::Process) => return RetryPolicy::NEVER,
        };
        retry_policy(retries)
    }

    fn report(&mut self, member: &[&str], message: impl Into<String>, fix: impl Into<String>) {
        let names = member.iter();
        let path = names.fold(self.provider.path.clone(), |path, name| member_path(&path, name));
        self.problems.report(path, message, fix);
    }

    fn adapter(&mut self) -> Option<&'a AdapterOffer> {
        let name = self.provider.adapter.as_str();
        let found = self.grounds.offer.adapters.get(name);
        if found.is_none() {
            let names = self.grounds.offer.adapters.keys().map(String::as_str);
            let message = format!("no adapter {name:?} is loaded");
            self.report(&["adapter"], message, did_you_mean(name, names));
        }
        found
    }

    /// The dialects that the provider names, else the preset's or the adapter's default.
    fn dialects(
        &mut self,
        adapter: Option<&'a AdapterOffer>,
        preset: Option<&'a PresetOffer>,
    ) -> Option<Vec<(&'a str, &'a SettingsOffer)>> {
        let mut names: Vec<&str> =
            self.provider.dialects.iter().map(|name| name.as_str()).collect();
        if names.is_empty() {
            let preset = preset.and_then(|preset| preset.dialect.as_deref());
            names.extend(preset.or_else(|| adapter?.default_dialect.as_deref()));
        }
        if names.is_empty() {
            if adapter.is_some() {
                let message = "is missing, and the adapter has no default";
                let known = self.grounds.offer.dialects.keys().map(String::as_str);
                self.report(&["dialect"], message, did_you_mean("", known));
            }
            return None;
        }
        let mut found = Vec::with_capacity(names.len());
        for name in &names {
            match self.grounds.offer.dialects.get_key_value(*name) {
                Some((name, settings)) => found.push((name.as_str(), settings)),
                None => {
                    let known = self.grounds.offer.dialects.keys().map(String::as_str);
                    let message = format!("no normalizer for dialect {name:?} is loaded");
                    let member = if names.len() > 1 { "dialects" } else { "dialect" };
                    self.report(&[member], message, did_you_mean(name, known));
                }
            }
        }
        (found.len() == names.len()).then_some(found)
    }

    fn check_slots(&mut self, adapter: &AdapterOffer) {
        let provider = self.provider;
        for slot in self.slots.clone() {
            if !adapter.slots.contains_key(slot) {
                let message = format!(
                    "adapter {:?} has no credential slot {slot:?}",
                    provider.adapter.as_str()
                );
                let fix = did_you_mean(slot, adapter.slots.keys().map(String::as_str));
                self.report(&["credentials", slot], message, fix);
            }
        }
        let required = adapter.slots.iter().filter(|(_, required)| **required);
        for (slot, _) in required {
            if !self.slots.contains(slot.as_str()) {
                let message = format!("slot {slot:?} is missing, which the adapter needs");
                let fix = format!("write credentials = {{ {slot} = \"${{env:NAME}}\" }}");
                self.report(&["credentials"], message, fix);
            }
        }
    }

    /// Adapter and dialects read the same settings. A member is unknown if none knows it.
    fn check_settings(
        &mut self,
        settings: &serde_json::Map<String, serde_json::Value>,
        adapter: &SettingsOffer,
        dialects: &[(&str, &SettingsOffer)],
    ) {
        let readers = || std::iter::once(adapter).chain(dialects.iter().map(|(_, it)| *it));
        let known: BTreeSet<&str> =
            readers().flat_map(|it| &it.known).map(String::as_str).collect();
        let open = readers().any(|it| it.open);
        for name in self.provider.settings.keys().map(String::as_str) {
            if !open && !known.contains(name) {
                let fix = did_you_mean(name, known.iter().copied());
                self.report(&["settings", name], "unknown setting", fix);
            }
        }
        let required: BTreeSet<&str> =
            readers().flat_map(|it| &it.required).map(String::as_str).collect();
        for name in required {
            if !settings.contains_key(name) {
                let message = format!("setting {name:?} is missing, which a plugin needs");
                self.report(&["settings"], message, format!("add {name} to settings"));
            }
        }
        self.check_values(settings, adapter, dialects);
    }

    /// A member has to be what each of its readers asks for.
    fn check_values(
        &mut self,
        settings: &serde_json::Map<String, serde_json::Value>,
        adapter: &SettingsOffer,
        dialects: &[(&str, &SettingsOffer)],
    ) {
        let member = if dialects.len() > 1 { "dialects" } else { "dialect" };
        let adapter = ("adapter", self.provider.adapter.as_str(), adapter);
        let dialects = dialects.iter().map(|(name, it)| (member, *name, *it));
        let mut told: Vec<Problem> = Vec::new();
        for (member, name, reader) in std::iter::once(adapter).chain(dialects) {
            if let Some(reason) = reader.unusable() {
                let message = format!("the settings schema of {name:?} cannot be used: {reason}");
                let fix = "install a version of the plugin with a valid schema";
                self.report(&[member], message, fix);
            }
            for problem in reader.problems(settings) {
                // Two readers that ask for the same need not both say so.
                if !told.contains(&problem) {
                    self.problems.report(
                        path_below(&self.provider.path, &problem.path),
                        problem.message.as_str(),
                        problem.fix.as_str(),
                    );
                    told.push(problem);
                }
            }
        }
    }

    fn reach(
        &mut self,
        far_end: FarEnd,
        preset: &PresetOffer,
        settings: &serde_json::Map<String, serde_json::Value>,
    ) -> Option<Reach> {
        let provider = self.provider;
        let known: Option<BaseUrl> = preset.base_url.as_ref().and_then(|url| url.parse().ok());
        match (far_end, provider.base_url.as_ref().or(known.as_ref())) {
            (FarEnd::Http, _) if provider.sandbox.is_some() => {
                let message = "is of no use: the adapter speaks HTTP and runs no program";
                self.report(&["sandbox"], message, "remove it");
                None
            }
            (FarEnd::Http, Some(base_url)) => Some(Reach::Http {
                base_url: base_url.as_url().clone(),
                target: Arc::new(http_target(provider)),
            }),
            (FarEnd::Process, None) => {
                let target = self.process_target(preset, settings)?;
                Some(Reach::Process { target: Arc::new(target) })
            }
            (FarEnd::Http, None) => {
                let fix = "add base_url = \"https://…\"";
                self.report(&["base_url"], "is missing, and the adapter speaks HTTP", fix);
                None
            }
            (FarEnd::Process, Some(_)) => {
                self.report(&["base_url"], "is of no use: the adapter runs a program", "remove it");
                None
            }
        }
    }

    fn process_target(
        &mut self,
        preset: &PresetOffer,
        settings: &serde_json::Map<String, serde_json::Value>,
    ) -> Option<ProcessTarget> {
        let ordinary = Sandbox::default();
        let asked = match (&self.provider.sandbox, &preset.sandbox) {
            (Some(asked), _) | (None, Some(Ok(asked))) => asked,
            (None, None) => &ordinary,
            (None, Some(Err(reason))) => {
                let message = format!("what the preset wishes of a sandbox is wrong: {reason}");
                self.report(&["preset"], message, "write a sandbox of your own");
                return None;
            }
        };
        match program_sandbox(asked, settings, self.grounds.sandboxes) {
            Ok(sandbox) => Some(process_target(self.provider, sandbox)),
            Err(complaints) => {
                for (member, Complaint { message, fix }) in complaints {
                    let names: Vec<_> = std::iter::once("sandbox").chain(member).collect();
                    self.report(&names, message, fix);
                }
                None
            }
        }
    }
}

/// A path within a table, as one within the document.
fn path_below(table: &str, path: &str) -> String {
    if table.is_empty() { path.to_owned() } else { format!("{table}.{path}") }
}

/// What an operator says of retries, as routing takes it.
pub(super) fn retry_policy(retries: Retries) -> RetryPolicy {
    RetryPolicy { max_retries: retries.max, base: retries.base, max_wait: retries.max_wait }
}

fn http_target(provider: &resources::Provider) -> HttpTarget {
    let timeouts = &provider.timeouts;
    HttpTarget {
        provider: provider.id.as_str().into(),
        timeouts: Timeouts {
            connect: timeouts.connect,
            first_byte: timeouts.first_byte,
            idle: timeouts.idle,
            total: timeouts.total,
        },
        reach: match provider.network {
            Network::Default => NetworkReach::NoLinkLocal,
            Network::Anywhere => NetworkReach::Anywhere,
        },
        max_response_bytes: provider.limits.max_response_bytes,
    }
}
