//! Generations that are compiled when they are first needed.
//!
//! A gateway carries more plugins than one operator uses, and compiling one takes a good part of
//! a second. So a bundled plugin is inspected when the gateway starts and compiled at its first
//! use, unless the configuration names it: [`Registry::prepare`](crate::Registry::prepare). What
//! an operator installs is compiled and proved before it serves.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use exchange::{Failure, FailureKind, GenerationId};
use wasmtime::component::InstancePre;

use crate::engine::Runtime;
use crate::exchanges::Exchanges;
use crate::generation::Generation;
use crate::grant::{Grant, Isolation};
use crate::instance::InstanceSource;
use crate::limits::InstanceLimits;
use crate::load::{link, prove, types};
use crate::load_error::LoadError;
use crate::manifest::Manifest;
use crate::state::{GuestState, WasiWorld};
use crate::stats::PluginStats;
use crate::world::World;

/// What the sides of one plugin are made of.
pub(crate) struct Source {
    pub(crate) runtime: Runtime,
    pub(crate) id: GenerationId,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) grant: Grant,
    pub(crate) limits: InstanceLimits,
    pub(crate) wasi: WasiWorld,
    pub(crate) code: Mutex<Code>,
    pub(crate) exchanges: Arc<Exchanges>,
}

/// The component, before and after it was compiled.
pub(crate) enum Code {
    Bytes(Cow<'static, [u8]>),
    Linked(InstancePre<GuestState>),
}

impl Code {
    /// A component that is to be compiled.
    pub(crate) fn of(bytes: Cow<'static, [u8]>) -> Mutex<Self> {
        Mutex::new(Self::Bytes(bytes))
    }
}

impl Source {
    /// The compiled component; both sides of a plugin share it.
    fn linked(&self) -> Result<InstancePre<GuestState>, LoadError> {
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        match &*code {
            Code::Linked(linked) => Ok(linked.clone()),
            Code::Bytes(bytes) => {
                let linked = link(&self.runtime, bytes, &self.limits, self.wasi)?;
                *code = Code::Linked(linked.clone());
                Ok(linked)
            }
        }
    }
}

/// One side of a plugin, compiled or not.
pub(crate) struct LazyGeneration<W: World> {
    source: Arc<Source>,
    ready: OnceLock<Arc<Generation<W>>>,
    /// Held while it is made, so that it is made once.
    making: Mutex<()>,
}

impl<W: World> LazyGeneration<W> {
    pub(crate) fn new(source: Arc<Source>) -> Arc<Self> {
        Arc::new(Self { source, ready: OnceLock::new(), making: Mutex::new(()) })
    }

    pub(crate) fn id(&self) -> GenerationId {
        self.source.id
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        &self.source.manifest
    }

    pub(crate) fn isolation(&self) -> Isolation {
        self.source.grant.isolation
    }

    pub(crate) fn exchanges(&self) -> &Arc<Exchanges> {
        &self.source.exchanges
    }

    /// The generation, if it was made.
    pub(crate) fn ready(&self) -> Option<&Arc<Generation<W>>> {
        self.ready.get()
    }

    pub(crate) fn stats(&self) -> PluginStats {
        self.ready.get().map(|generation| generation.stats()).unwrap_or_default()
    }

    /// Compiles it and proves that it starts, if that was not done yet. Not for a task's thread.
    ///
    /// # Errors
    /// If it has not the exports that its world needs, or does not start.
    pub(crate) fn make(&self) -> Result<Arc<Generation<W>>, LoadError> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(generation) = self.ready.get() {
            return Ok(Arc::clone(generation));
        }
        let Source { runtime, manifest, grant, limits, wasi, .. } = &*self.source;
        let exports = W::look_up(self.source.linked()?).map_err(|error| types(&error))?;
        let name = Arc::from(&*manifest.name);
        let source = InstanceSource::new(runtime.clone(), name, exports, (*limits, *wasi));
        let generation = Generation::new(grant.isolation, source);
        prove(&generation)?;
        Ok(Arc::clone(self.ready.get_or_init(|| generation)))
    }

    /// The generation; compiled now, on the blocking pool, at its first use.
    ///
    /// # Errors
    /// `PluginFault` if it cannot be made.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Arc<Generation<W>>, Failure> {
        if let Some(generation) = self.ready.get() {
            return Ok(Arc::clone(generation));
        }
        let lazy = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || lazy.make()).await;
        let unusable = || {
            let name = &self.source.manifest.name;
            let message = format!("the plugin {name:?} cannot be used");
            Failure::new(FailureKind::PluginFault, message)
        };
        match made {
            Ok(Ok(generation)) => Ok(generation),
            Ok(Err(error)) => Err(unusable().with_cause(error)),
            Err(error) => Err(unusable().with_cause(error)),
        }
    }
}
