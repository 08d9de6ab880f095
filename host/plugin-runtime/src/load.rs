//! From bytes to a generation that has been proved to start.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use exchange::{EgressDialect, GenerationId, HttpAdapter, IngressDialect, ProcessAdapter};
use wasmtime::component::{Component, InstancePre, Linker};

use crate::egress::Egress;
use crate::engine::Runtime;
use crate::exchanges::Exchanges;
use crate::fit::{Exported, check_imports, exported, refused};
use crate::generation::Generation;
use crate::grant::Grant;
use crate::http_adapter::Http;
use crate::ingress::Ingress;
use crate::inspect::{Inspected, Needs, WASM_PAGE_BYTES, inspect};
use crate::lazy::{Code, LazyGeneration, Source};
use crate::limits::InstanceLimits;
use crate::load_error::LoadError;
use crate::manifest::{LimitsAsked, Manifest, PluginKind};
use crate::process_adapter::Process;
use crate::state::{self, GuestState, WasiWorld};
use crate::stats::PluginStats;
use crate::world::World;

/// A loaded plugin.
pub(crate) struct Plugin {
    pub(crate) id: GenerationId,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) grant: Grant,
    pub(crate) wasi: WasiWorld,
    pub(crate) face: Face,
    pub(crate) source: Arc<Source>,
    sides: Vec<Side>,
}

/// What can be done with one side without knowing its world.
struct Side {
    make: Box<dyn Fn() -> Result<(), LoadError> + Send + Sync>,
    stats: Box<dyn Fn() -> PluginStats + Send + Sync>,
}

/// The ports it implements.
#[derive(Clone)]
pub(crate) enum Face {
    /// One of the two sides, or both.
    Dialect {
        egress: Option<Arc<dyn EgressDialect>>,
        ingress: Option<Arc<dyn IngressDialect>>,
    },
    Http(Arc<dyn HttpAdapter>),
    Process(Arc<dyn ProcessAdapter>),
}

impl Plugin {
    pub(crate) fn stats(&self) -> PluginStats {
        let each = self.sides.iter().map(|side| (side.stats)());
        each.fold(PluginStats::default(), PluginStats::plus)
    }

    /// Compiles the plugin and proves that it starts, if that was not done yet. Takes as long as
    /// that takes.
    ///
    /// # Errors
    /// If it needs more than there is, or does not start.
    pub(crate) fn make(&self) -> Result<(), LoadError> {
        self.sides.iter().try_for_each(|side| (side.make)())
    }
}

/// A plugin whose manifest has been read, and nothing been compiled.
pub(crate) struct Candidate {
    manifest: Arc<Manifest>,
    imports: Vec<String>,
    exported: Exported,
    needs: Needs,
}

impl Candidate {
    /// Reads manifest, imports and exports.
    ///
    /// # Errors
    /// If the bytes are not a plugin for this contract.
    pub(crate) fn inspect(runtime: &Runtime, bytes: &[u8]) -> Result<Self, LoadError> {
        let Inspected { manifest, imports, exports, needs } = inspect(bytes, runtime.limits())?;
        let (kind, exported) = exported(&exports)?;
        if kind != manifest.kind {
            return Err(LoadError::KindMismatch { said: manifest.kind, exported: kind });
        }
        check_sides(&manifest, exported)?;
        Ok(Self { manifest: Arc::new(manifest), imports, exported, needs })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Names of what it imports.
    pub(crate) fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Makes a plugin of it, to be compiled by [`Plugin::make`] or at its first use.
    ///
    /// # Errors
    /// If it imports what it must not, or needs more than there is.
    pub(crate) fn load(
        self,
        runtime: &Runtime,
        grant: Grant,
        bytes: Cow<'static, [u8]>,
    ) -> Result<Plugin, LoadError> {
        let wasi = check_imports(&self.imports, grant)?;
        let limits = narrow(&runtime.limits().instance, self.manifest.limits)?;
        self.needs.check(&limits)?;
        let id = next_generation();
        let manifest = self.manifest;
        let source = Arc::new(Source {
            runtime: runtime.clone(),
            manifest: Arc::clone(&manifest),
            code: Code::of(bytes),
            id,
            grant,
            limits,
            wasi,
            exchanges: Arc::new(Exchanges::default()),
        });
        let mut sides = Sides { source: Arc::clone(&source), sides: Vec::new() };
        let face = match manifest.kind {
            PluginKind::Normalizer => sides.dialect(self.exported),
            PluginKind::HttpAdapter => Face::Http(Arc::new(Http::new(sides.add()))),
            PluginKind::ProcessAdapter => Face::Process(Arc::new(Process::new(sides.add()))),
        };
        Ok(Plugin { id, manifest, grant, wasi, face, source, sides: sides.sides })
    }
}

/// The sides of one plugin in the making.
struct Sides {
    source: Arc<Source>,
    sides: Vec<Side>,
}

impl Sides {
    /// A stock of instances for each side: a request that is translated on both takes one of
    /// each, and neither waits for the other.
    fn dialect(&mut self, exported: Exported) -> Face {
        let egress = exported.egress.then(|| {
            let side: Arc<dyn EgressDialect> = Arc::new(Egress::new(self.add()));
            side
        });
        let ingress = exported.ingress.then(|| {
            let side: Arc<dyn IngressDialect> = Arc::new(Ingress::new(self.add()));
            side
        });
        Face::Dialect { egress, ingress }
    }

    fn add<W: World>(&mut self) -> Arc<LazyGeneration<W>> {
        let lazy = LazyGeneration::new(Arc::clone(&self.source));
        let (made, counted) = (Arc::clone(&lazy), Arc::clone(&lazy));
        self.sides.push(Side {
            make: Box::new(move || made.make().map(drop)),
            stats: Box::new(move || counted.stats()),
        });
        lazy
    }
}

/// Operations belong to the side towards providers, endpoints to the one towards callers.
fn check_sides(manifest: &Manifest, exported: Exported) -> Result<(), LoadError> {
    let Some(dialect) = &manifest.dialect else { return Ok(()) };
    let mismatch = |member, interface| Err(LoadError::SideMismatch { member, interface });
    if dialect.operations.is_empty() == exported.egress {
        return mismatch("dialect.operations", "egress");
    }
    if dialect.endpoints.is_empty() == exported.ingress {
        return mismatch("dialect.endpoints", "ingress");
    }
    Ok(())
}

/// Makes the first instance on a thread of its own: a WASI guest that waits while it starts
/// would otherwise block whatever runs on this one.
pub(crate) fn prove<W: World>(generation: &Generation<W>) -> Result<(), LoadError> {
    let proof = thread::scope(|scope| {
        let thread = thread::Builder::new().name("plugin-proof".into());
        let proving = thread.spawn_scoped(scope, || generation.prove());
        proving.map(thread::ScopedJoinHandle::join)
    });
    match proof {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(problem))) => Err(LoadError::Start(problem.to_string())),
        Ok(Err(_)) => Err(LoadError::Start("the runtime panicked; its log says where".into())),
        Err(error) => Err(LoadError::Start(format!("no thread to start it on: {error}"))),
    }
}

fn next_generation() -> GenerationId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    GenerationId(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The limits that a plugin gets: what it asks for, if that is less than it may have.
fn narrow(granted: &InstanceLimits, asked: LimitsAsked) -> Result<InstanceLimits, LoadError> {
    let mut limits = *granted;
    if let Some(bytes) = asked.memory_bytes {
        check_need("bytes of memory", bytes, granted.memory_bytes as u64)?;
        limits.memory_bytes = usize::try_from(bytes).unwrap_or(granted.memory_bytes);
    }
    if let Some(call_ms) = asked.call_ms {
        let most = u64::try_from(granted.call.as_millis()).unwrap_or(u64::MAX);
        check_need("milliseconds for a call", call_ms, most)?;
        limits.call = Duration::from_millis(call_ms);
    }
    Ok(limits)
}

pub(crate) fn link(
    runtime: &Runtime,
    bytes: &[u8],
    limits: &InstanceLimits,
    wasi: WasiWorld,
) -> Result<InstancePre<GuestState>, LoadError> {
    let component = runtime.code().component(runtime.engine(), bytes)?;
    check_resources(&component, limits)?;
    component
        .initialize_copy_on_write_image()
        .map_err(|error| LoadError::Start(format!("{error:#}")))?;
    let mut linker = Linker::new(runtime.engine());
    state::link(&mut linker, wasi).map_err(|error| types(&error))?;
    linker.instantiate_pre(&component).map_err(|error| types(&error))
}

fn check_resources(component: &Component, limits: &InstanceLimits) -> Result<(), LoadError> {
    let Some(needs) = component.resources_required() else {
        let advice = "core modules must be inside the component";
        return Err(refused("a core module", advice));
    };
    let pages = needs.max_initial_memory_size.unwrap_or(0);
    let needs = Needs {
        memories: needs.num_memories.into(),
        memory_bytes: pages.saturating_mul(WASM_PAGE_BYTES),
        tables: needs.num_tables.into(),
        table_elements: needs.max_initial_table_size.unwrap_or(0),
    };
    needs.check(limits)
}

impl Needs {
    fn check(&self, limits: &InstanceLimits) -> Result<(), LoadError> {
        let elements = limits.table_elements as u64;
        check_need("bytes of memory", self.memory_bytes, limits.memory_bytes as u64)?;
        check_need("memories", self.memories, limits.memories.into())?;
        check_need("tables", self.tables, limits.tables.into())?;
        check_need("elements in a table", self.table_elements, elements)
    }
}

fn check_need(what: &'static str, needed: u64, most: u64) -> Result<(), LoadError> {
    if needed > most {
        return Err(LoadError::NeedsTooMuch { what, needed, most });
    }
    Ok(())
}

pub(crate) fn types(error: &wasmtime::Error) -> LoadError {
    LoadError::Types(format!("{error:#}"))
}
