//! The plugins that serve: one table, swapped whole.
//!
//! Promises: a plugin that does not load changes nothing; an exchange keeps the generation it
//! looked up until it ends, whatever is installed meanwhile; an installed plugin serves instead
//! of the bundled one of the same name, which comes back when the installed one is removed.
//! Watching a directory, trust and roll-back are in `life`.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use exchange::{
    Adapter, EgressDialect, Entrance, GenerationId, IngressDialect, Operation, PluginCatalog,
    RequestId,
};

use crate::digest::Digest;
use crate::engine::Runtime;
use crate::grant::{Grant, Isolation, SocketImports};
use crate::load::{Candidate, Face};
use crate::load_error::LoadError;
use crate::manifest::{Manifest, PluginKind};
use crate::state::WasiWorld;
use crate::stats::PluginStats;
use canary::SharedIngress;
use table::{Serving, Table};

mod canary;
mod table;

pub(crate) use canary::Canary;
pub(crate) use table::Entry;

/// Loads plugins and hands out the ones that serve.
pub struct Registry {
    runtime: Runtime,
    table: ArcSwap<Table>,
    /// Held while a plugin is loaded: one after the other, so that the last one asked for wins.
    loading: Mutex<()>,
}

/// Where a plugin came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is inside the gateway's binary.
    Bundled,
    /// An operator installed it; the file, if it came as one.
    Installed(Option<PathBuf>),
}

/// A plugin that serves, for the readiness report.
#[derive(Clone, Debug)]
pub struct PluginStatus {
    /// Name in the manifest.
    pub name: String,
    /// Version in the manifest.
    pub version: String,
    /// What it is.
    pub kind: PluginKind,
    /// Where it came from.
    pub origin: Origin,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its generation.
    pub generation: GenerationId,
    /// How its exchanges are kept apart.
    pub isolation: Isolation,
    /// What became of sockets that it imports.
    pub sockets: SocketImports,
    /// Whether it runs in the empty WASI world, its calls on the blocking pool.
    pub uses_wasi: bool,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// What it has done.
    pub stats: PluginStats,
}

impl Registry {
    /// A registry without plugins.
    #[must_use]
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, table: ArcSwap::default(), loading: Mutex::new(()) }
    }

    /// The runtime that the plugins run on.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Takes a plugin of the gateway's own, to be compiled by [`Registry::prepare`] or at its first
    /// use.
    ///
    /// # Errors
    /// Says what is wrong with the plugin; the table is as it was.
    pub fn install_bundled(
        &self,
        bytes: &'static [u8],
        grant: Grant,
    ) -> Result<GenerationId, LoadError> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let candidate = Candidate::inspect(&self.runtime, bytes)?;
        let loaded = self.load(candidate, Cow::Borrowed(bytes), (Origin::Bundled, grant))?;
        Ok(self.put(loaded))
    }

    /// Compiles those of the plugins that are not compiled yet: the adapters and dialects of
    /// these names. Names that no plugin has are passed over. Not for a task's thread.
    ///
    /// # Errors
    /// Names the first plugin that cannot be used.
    pub fn prepare<'a>(
        &self,
        adapters: impl IntoIterator<Item = &'a str>,
        dialects: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), (String, LoadError)> {
        let table = self.table.load_full();
        let adapters = adapters.into_iter().filter_map(|name| table.plugin(name));
        let dialects = dialects.into_iter().filter_map(|name| table.dialect(name));
        for entry in adapters.chain(dialects) {
            let plugin = &entry.plugin;
            plugin.make().map_err(|error| (plugin.manifest.name.clone(), error))?;
        }
        Ok(())
    }

    /// Loads a plugin and lets it serve from the next attempt on, instead of an earlier
    /// generation of the same name and origin. Compiles: not for a task's thread.
    ///
    /// # Errors
    /// Says what is wrong with the plugin; the table is as it was.
    pub fn install(
        &self,
        bytes: &[u8],
        origin: Origin,
        grant: Grant,
    ) -> Result<GenerationId, LoadError> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let candidate = Candidate::inspect(&self.runtime, bytes)?;
        let loaded = self.load(candidate, Cow::Owned(bytes.to_vec()), (origin, grant))?;
        loaded.plugin.make()?;
        Ok(self.put(loaded))
    }

    /// Removes an installed plugin; a bundled one of the same name serves again. False if none
    /// of that name is installed. Its exchanges go on to their end.
    pub fn remove(&self, name: &str) -> bool {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.table.load_full();
        match table.without_installed(name) {
            Some(smaller) => {
                self.table.store(Arc::new(smaller));
                true
            }
            None => false,
        }
    }

    /// The plugins that serve, by name.
    #[must_use]
    pub fn list(&self) -> Vec<PluginStatus> {
        self.table.load().serving().map(|entry| entry.status()).collect()
    }

    fn load(
        &self,
        candidate: Candidate,
        bytes: Cow<'static, [u8]>,
        (origin, grant): (Origin, Grant),
    ) -> Result<Entry, LoadError> {
        self.table.load().check_dialect(candidate.manifest())?;
        let digest = Digest::of(&bytes);
        let plugin = candidate.load(&self.runtime, grant, bytes)?;
        Ok(Entry { plugin, origin, digest })
    }

    fn put(&self, entry: Entry) -> GenerationId {
        let id = entry.plugin.id;
        self.table.store(Arc::new(self.table.load().with(Arc::new(entry))));
        id
    }
}

/// What the life cycle does step by step.
impl Registry {
    /// Makes an installed plugin that does not serve yet; to be compiled by
    /// [`Plugin::make`](crate::load::Plugin::make).
    ///
    /// # Errors
    /// Says what is wrong with the plugin.
    pub(crate) fn prepared(
        &self,
        candidate: Candidate,
        bytes: &[u8],
        origin: (Origin, Grant),
    ) -> Result<Arc<Entry>, LoadError> {
        self.load(candidate, Cow::Owned(bytes.to_vec()), origin).map(Arc::new)
    }

    /// Lets a plugin serve from the next attempt on. Ends the canary of its name.
    pub(crate) fn serve(&self, entry: Arc<Entry>) {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        self.table.store(Arc::new(self.table.load().with(entry)));
    }

    /// Gives a plugin another canary, or none.
    pub(crate) fn set_canary(&self, name: &str, canary: Option<Canary>) {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = self.table.load().with_canary(name, canary) {
            self.table.store(Arc::new(table));
        }
    }

    /// The installed plugin of a name.
    pub(crate) fn installed(&self, name: &str) -> Option<Arc<Entry>> {
        self.table.load().installed(name).cloned()
    }

    /// Whether a bundled plugin would serve without the installed one of its name.
    pub(crate) fn has_bundled(&self, name: &str) -> bool {
        self.table.load().has_bundled(name)
    }

    /// The canary of a plugin.
    pub(crate) fn canary(&self, name: &str) -> Option<Canary> {
        self.table.load().canary(name).cloned()
    }

    fn adapter_of(&self, name: &str, request: Option<&RequestId>) -> Option<Adapter> {
        match &self.table.load().plugin_for(name, request)?.plugin.face {
            Face::Http(adapter) => Some(Adapter::Http(Arc::clone(adapter))),
            Face::Process(adapter) => Some(Adapter::Process(Arc::clone(adapter))),
            Face::Dialect { .. } => None,
        }
    }

    fn dialect_of(
        &self,
        name: &str,
        request: Option<&RequestId>,
    ) -> Option<Arc<dyn EgressDialect>> {
        match &self.table.load().dialect_for(name, request)?.plugin.face {
            Face::Dialect { egress, .. } => egress.clone(),
            Face::Http(_) | Face::Process(_) => None,
        }
    }
}

impl Serving {
    fn ingress(&self) -> Option<Arc<dyn IngressDialect>> {
        let old = self.entry.ingress()?;
        let Some(canary) = &self.canary else { return Some(old) };
        match canary.entry.ingress() {
            Some(new) => Some(Arc::new(SharedIngress { old, new, canary: canary.clone() })),
            None => Some(old),
        }
    }
}

impl Entry {
    fn ingress(&self) -> Option<Arc<dyn IngressDialect>> {
        match &self.plugin.face {
            Face::Dialect { ingress, .. } => ingress.clone(),
            Face::Http(_) | Face::Process(_) => None,
        }
    }

    fn status(&self) -> PluginStatus {
        let plugin = &self.plugin;
        PluginStatus {
            name: plugin.manifest.name.clone(),
            version: plugin.manifest.version.clone(),
            kind: plugin.manifest.kind,
            origin: self.origin.clone(),
            sha256: self.digest.to_string(),
            generation: plugin.id,
            isolation: plugin.grant.isolation,
            sockets: plugin.grant.sockets,
            uses_wasi: plugin.wasi == WasiWorld::Empty,
            manifest: plugin.manifest.clone(),
            stats: plugin.stats(),
        }
    }
}

impl PluginCatalog for Registry {
    fn dialect(&self, name: &str) -> Option<Arc<dyn EgressDialect>> {
        self.dialect_of(name, None)
    }

    fn dialect_for(&self, name: &str, request: &RequestId) -> Option<Arc<dyn EgressDialect>> {
        self.dialect_of(name, Some(request))
    }

    fn entrance(&self, path: &str) -> Option<Entrance> {
        let table = self.table.load();
        let (endpoint, serving) = table.endpoint(path)?;
        let dialect = serving.entry.plugin.manifest.dialect.as_ref()?;
        Some(Entrance {
            dialect: dialect.name.as_str().into(),
            endpoint: Arc::clone(endpoint),
            plugin: serving.ingress()?,
        })
    }

    fn adapter(&self, name: &str) -> Option<Adapter> {
        self.adapter_of(name, None)
    }

    fn adapter_for(&self, name: &str, request: &RequestId) -> Option<Adapter> {
        self.adapter_of(name, Some(request))
    }

    fn default_dialect(&self, adapter: &str) -> Option<String> {
        let table = self.table.load();
        let facts = table.plugin(adapter)?.plugin.manifest.adapter.as_ref()?;
        Some(facts.default_dialect.clone())
    }

    fn supports(&self, dialect: &str, operation: Operation) -> bool {
        let table = self.table.load();
        let facts = table.dialect(dialect).and_then(|entry| entry.plugin.manifest.dialect.as_ref());
        facts.is_some_and(|facts| facts.operations.contains(&operation))
    }
}
