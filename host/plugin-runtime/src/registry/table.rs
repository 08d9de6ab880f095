//! One state of the registry. Never changed, only replaced.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use exchange::RequestId;

use crate::digest::Digest;
use crate::load::Plugin;
use crate::load_error::LoadError;
use crate::manifest::Manifest;
use crate::registry::Origin;
use crate::registry::canary::Canary;

/// A loaded plugin and where it came from.
pub(crate) struct Entry {
    pub(crate) plugin: Plugin,
    pub(crate) origin: Origin,
    pub(crate) digest: Digest,
}

/// All plugins by name, and who speaks which dialect.
#[derive(Default)]
pub(super) struct Table {
    plugins: BTreeMap<String, Slot>,
    dialects: HashMap<String, Serving>,
    /// By path, with the endpoint as the manifest has it.
    endpoints: HashMap<String, (Arc<str>, Serving)>,
}

/// Who serves under one name.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) entry: Arc<Entry>,
    pub(super) canary: Option<Canary>,
}

/// What is loaded under one name.
#[derive(Clone, Default)]
struct Slot {
    bundled: Option<Arc<Entry>>,
    installed: Option<Arc<Entry>>,
    canary: Option<Canary>,
}

impl Slot {
    fn serving(&self) -> Option<&Arc<Entry>> {
        self.installed.as_ref().or(self.bundled.as_ref())
    }

    fn who_serves(&self) -> Option<Serving> {
        let entry = Arc::clone(self.serving()?);
        Some(Serving { entry, canary: self.canary.clone() })
    }
}

impl Serving {
    /// The entry for a request; without one, whatever is not the canary.
    pub(super) fn entry_for(&self, request: Option<&RequestId>) -> &Arc<Entry> {
        match (&self.canary, request) {
            (Some(canary), Some(request)) if canary.serves(request) => &canary.entry,
            _ => &self.entry,
        }
    }
}

impl Table {
    pub(super) fn serving(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.plugins.values().filter_map(Slot::serving)
    }

    pub(super) fn plugin(&self, name: &str) -> Option<&Arc<Entry>> {
        self.plugins.get(name)?.serving()
    }

    /// The plugin of a name for a request.
    pub(super) fn plugin_for(&self, name: &str, request: Option<&RequestId>) -> Option<Arc<Entry>> {
        let serving = self.plugins.get(name)?.who_serves()?;
        Some(Arc::clone(serving.entry_for(request)))
    }

    pub(super) fn dialect(&self, name: &str) -> Option<&Arc<Entry>> {
        self.dialects.get(name).map(|serving| &serving.entry)
    }

    /// The plugin that speaks a dialect for a request.
    pub(super) fn dialect_for(
        &self,
        name: &str,
        request: Option<&RequestId>,
    ) -> Option<&Arc<Entry>> {
        Some(self.dialects.get(name)?.entry_for(request))
    }

    pub(super) fn endpoint(&self, path: &str) -> Option<(&Arc<str>, &Serving)> {
        self.endpoints.get(path).map(|(endpoint, serving)| (endpoint, serving))
    }

    /// The installed plugin of a name.
    pub(super) fn installed(&self, name: &str) -> Option<&Arc<Entry>> {
        self.plugins.get(name)?.installed.as_ref()
    }

    pub(super) fn has_bundled(&self, name: &str) -> bool {
        self.plugins.get(name).is_some_and(|slot| slot.bundled.is_some())
    }

    /// The canary of a plugin.
    pub(super) fn canary(&self, name: &str) -> Option<&Canary> {
        self.plugins.get(name)?.canary.as_ref()
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
            let canary = slot.canary.as_ref().map(|canary| &canary.entry);
            for entry in slot.bundled.iter().chain(&slot.installed).chain(canary) {
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

    /// The table with one plugin more, or a later generation of it. An installed one ends the
    /// canary of its name.
    pub(super) fn with(&self, entry: Arc<Entry>) -> Self {
        let mut plugins = self.plugins.clone();
        let name = entry.plugin.manifest.name.clone();
        let slot = plugins.entry(name).or_default();
        match entry.origin {
            Origin::Bundled => slot.bundled = Some(entry),
            Origin::Installed(_) => {
                slot.installed = Some(entry);
                slot.canary = None;
            }
        }
        Self::of(plugins)
    }

    /// The table with another canary of a plugin, or none. `None` if no plugin of the name serves.
    pub(super) fn with_canary(&self, name: &str, canary: Option<Canary>) -> Option<Self> {
        let mut plugins = self.plugins.clone();
        let slot = plugins.get_mut(name)?;
        slot.canary = canary;
        Some(Self::of(plugins))
    }

    /// The table without an installed plugin, or `None` if there is no such plugin.
    pub(super) fn without_installed(&self, name: &str) -> Option<Self> {
        let mut plugins = self.plugins.clone();
        let slot = plugins.get_mut(name)?;
        slot.installed.take()?;
        slot.canary = None;
        if slot.bundled.is_none() {
            plugins.remove(name);
        }
        Some(Self::of(plugins))
    }

    fn of(plugins: BTreeMap<String, Slot>) -> Self {
        let dialects = plugins
            .values()
            .filter_map(Slot::who_serves)
            .filter_map(|serving| Some((serving.entry.dialect()?.clone(), serving)))
            .collect();
        let mut endpoints = HashMap::new();
        for serving in plugins.values().filter_map(Slot::who_serves) {
            for endpoint in serving.entry.endpoints() {
                let path = endpoint.trim_start_matches("POST ").to_owned();
                endpoints.insert(path, (endpoint.as_str().into(), serving.clone()));
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
