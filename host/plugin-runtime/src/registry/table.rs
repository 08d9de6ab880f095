//! One state of the registry. Never changed, only replaced.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::load::Plugin;
use crate::load_error::LoadError;
use crate::manifest::Manifest;
use crate::registry::Origin;

/// A loaded plugin and where it came from.
pub(super) struct Entry {
    pub(super) plugin: Plugin,
    pub(super) origin: Origin,
    pub(super) sha256: String,
}

/// All plugins by name, and who speaks which dialect.
#[derive(Default)]
pub(super) struct Table {
    plugins: BTreeMap<String, Slot>,
    dialects: HashMap<String, Arc<Entry>>,
    /// By path, with the endpoint as the manifest has it.
    endpoints: HashMap<String, (Arc<str>, Arc<Entry>)>,
}

/// What is loaded under one name.
#[derive(Clone, Default)]
struct Slot {
    bundled: Option<Arc<Entry>>,
    installed: Option<Arc<Entry>>,
}

impl Slot {
    fn serving(&self) -> Option<&Arc<Entry>> {
        self.installed.as_ref().or(self.bundled.as_ref())
    }
}

impl Table {
    pub(super) fn serving(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.plugins.values().filter_map(Slot::serving)
    }

    pub(super) fn plugin(&self, name: &str) -> Option<&Arc<Entry>> {
        self.plugins.get(name)?.serving()
    }

    pub(super) fn dialect(&self, name: &str) -> Option<&Arc<Entry>> {
        self.dialects.get(name)
    }

    pub(super) fn endpoint(&self, path: &str) -> Option<(&Arc<str>, &Arc<Entry>)> {
        self.endpoints.get(path).map(|(endpoint, entry)| (endpoint, entry))
    }

    /// # Errors
    /// If a plugin of another name speaks the manifest's dialect or serves one of its endpoints,
    /// serving or not.
    pub(super) fn check_dialect(&self, manifest: &Manifest) -> Result<(), LoadError> {
        let Some(wanted) = &manifest.dialect else {
            return Ok(());
        };
        let others = self.plugins.iter().filter(|(name, _)| **name != manifest.name);
        for (name, slot) in others {
            for entry in slot.bundled.iter().chain(&slot.installed) {
                if entry.dialect() == Some(&wanted.name) {
                    let (dialect, by) = (wanted.name.clone(), name.clone());
                    return Err(LoadError::DialectTaken { dialect, by });
                }
                let taken = wanted.endpoints.iter().find(|it| entry.endpoints().contains(it));
                if let Some(endpoint) = taken {
                    let (endpoint, by) = (endpoint.clone(), name.clone());
                    return Err(LoadError::EndpointTaken { endpoint, by });
                }
            }
        }
        Ok(())
    }

    /// The table with one plugin more, or a later generation of it.
    pub(super) fn with(&self, entry: Entry) -> Self {
        let mut plugins = self.plugins.clone();
        let name = entry.plugin.manifest.name.clone();
        let slot = plugins.entry(name).or_default();
        match entry.origin {
            Origin::Bundled => slot.bundled = Some(Arc::new(entry)),
            Origin::Installed(_) => slot.installed = Some(Arc::new(entry)),
        }
        Self::of(plugins)
    }

    /// The table without an installed plugin, or `None` if there is no such plugin.
    pub(super) fn without_installed(&self, name: &str) -> Option<Self> {
        let mut plugins = self.plugins.clone();
        let slot = plugins.get_mut(name)?;
        slot.installed.take()?;
        if slot.bundled.is_none() {
            plugins.remove(name);
        }
        Some(Self::of(plugins))
    }

    fn of(plugins: BTreeMap<String, Slot>) -> Self {
        let dialects = plugins
            .values()
            .filter_map(Slot::serving)
            .filter_map(|entry| Some((entry.dialect()?.clone(), Arc::clone(entry))))
            .collect();
        let mut endpoints = HashMap::new();
        for entry in plugins.values().filter_map(Slot::serving) {
            for endpoint in entry.endpoints() {
                let path = endpoint.trim_start_matches("POST ").to_owned();
                endpoints.insert(path, (endpoint.as_str().into(), Arc::clone(entry)));
            }
        }
        Self { plugins, dialects, endpoints }
    }
}

impl Entry {
    fn dialect(&self) -> Option<&String> {
        self.plugin.manifest.dialect.as_ref().map(|facts| &facts.name)
    }

    fn endpoints(&self) -> &[String] {
        self.plugin.manifest.dialect.as_ref().map_or(&[], |facts| &facts.endpoints)
    }
}
