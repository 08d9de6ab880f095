//! What the loaded plugins offer, as far as a configuration has to fit it.

mod settings;

use std::collections::BTreeMap;

use plugin_runtime::{AdapterFacts, Manifest, PluginKind, Registry};
use resources::Sandbox;
use serde_json::{Map, Value};

pub(crate) use settings::SettingsOffer;

/// Adapters and dialects by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Offer {
    /// What reaches providers.
    pub(crate) adapters: BTreeMap<String, AdapterOffer>,
    /// What speaks their formats.
    pub(crate) dialects: BTreeMap<String, SettingsOffer>,
}

/// One adapter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AdapterOffer {
    /// What is at the far end.
    pub(crate) far_end: FarEnd,
    /// The dialect of a provider that names none.
    pub(crate) default_dialect: Option<String>,
    /// Credential slots, and whether a provider must fill them.
    pub(crate) slots: BTreeMap<String, bool>,
    /// The settings it reads.
    pub(crate) settings: SettingsOffer,
    /// Providers that it knows beforehand.
    pub(crate) presets: BTreeMap<String, PresetOffer>,
}

/// A provider that an adapter knows beforehand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PresetOffer {
    /// Where it is.
    pub(crate) base_url: Option<String>,
    /// What it speaks, if not the adapter's default.
    pub(crate) dialect: Option<String>,
    /// Settings below the operator's own.
    pub(crate) settings: Map<String, Value>,
    /// What its programs are kept in, where the operator says nothing; or what is wrong with it.
    pub(crate) sandbox: Option<Result<Sandbox, String>>,
}

/// What an adapter reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FarEnd {
    /// An HTTP server.
    Http,
    /// A program.
    Process,
}

impl Offer {
    /// Of all plugins that serve.
    pub(crate) fn of(registry: &Registry) -> Self {
        let mut offer = Self::default();
        for plugin in registry.list() {
            offer.add(&plugin.manifest);
        }
        offer
    }

    fn add(&mut self, manifest: &Manifest) {
        let settings = manifest.settings.as_ref().map(SettingsOffer::of).unwrap_or_default();
        if let Some(dialect) = &manifest.dialect {
            // One that only callers speak is no provider's.
            if dialect.operations.is_empty() {
                return;
            }
            self.dialects.insert(dialect.name.clone(), settings);
            return;
        }
        let far_end = match manifest.kind {
            PluginKind::HttpAdapter => FarEnd::Http,
            PluginKind::ProcessAdapter => FarEnd::Process,
            PluginKind::Normalizer => return,
        };
        let slots = manifest.credentials.iter();
        let adapter = AdapterOffer {
            far_end,
            default_dialect: manifest.adapter.as_ref().map(|it| it.default_dialect.clone()),
            slots: slots.map(|it| (it.slot.clone(), it.required)).collect(),
            settings,
            presets: manifest.adapter.iter().flat_map(presets_of).collect(),
        };
        self.adapters.insert(manifest.name.clone(), adapter);
    }
}

fn presets_of(facts: &AdapterFacts) -> impl Iterator<Item = (String, PresetOffer)> {
    facts.presets.iter().map(|(name, preset)| {
        let offer = PresetOffer {
            base_url: preset.base_url.clone(),
            dialect: preset.dialect.clone(),
            settings: preset.settings.clone(),
            sandbox: preset.sandbox.as_ref().map(Sandbox::of_preset),
        };
        (name.clone(), offer)
    })
}

#[cfg(test)]
mod tests;
