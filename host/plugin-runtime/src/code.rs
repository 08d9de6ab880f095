//! Machine code of plugins: made in a process of its own, kept between starts.
//!
//! A compiler is large, and a component can be made to use it up: so a gateway compiles in a child
//! process of the same program with limits of memory and time ([`ChildCompiler`]), and a component
//! that breaks them is refused like any other that does not load. What was compiled is kept in a
//! private directory ([`cache`]), named after the component's digest and the engine, and
//! authenticated: code from anywhere else is never run.
//!
//! Without these settings, as in tests, components are compiled where they are loaded.

mod cache;
mod child;
mod native;
mod worker;

use std::path::PathBuf;

use tracing::warn;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::digest::Digest;
use crate::engine::Allocator;
use crate::load_error::LoadError;
use cache::Cache;
use native::Native;

pub use cache::CacheProblem;
pub use child::ChildCompiler;
pub use worker::{WorkerProblem, compile_for_parent};

/// How components become machine code.
#[derive(Clone, Debug, Default)]
pub struct Compilation {
    /// The process that compiles; `None` compiles in this one.
    pub child: Option<ChildCompiler>,
    /// The directory of compiled code; `None` keeps none. It is made, private, if it is not there.
    pub cache: Option<PathBuf>,
}

/// Makes machine code, or finds it.
pub(crate) struct CodeSource {
    child: Option<ChildCompiler>,
    cache: Option<Cache>,
    allocator: Allocator,
}

impl CodeSource {
    /// Opens the cache. A gateway without its cache is slower to start and nothing else, so a
    /// cache that cannot be used is reported and left alone.
    pub(crate) fn new(compilation: Compilation, engine: &Engine, allocator: Allocator) -> Self {
        let Compilation { child, cache } = compilation;
        let cache = cache.and_then(|directory| match Cache::open(&directory, engine) {
            Ok(cache) => Some(cache),
            Err(problem) => {
                warn!("compiled plugins are not kept: {problem}");
                None
            }
        });
        Self { child, cache, allocator }
    }

    /// The component, ready to be linked. Takes as long as compiling takes if it has to be.
    ///
    /// # Errors
    /// If it is not valid, or takes more than compiling may take.
    pub(crate) fn component(&self, engine: &Engine, bytes: &[u8]) -> Result<Component, LoadError> {
        self.native(engine, bytes)
    }

    /// The core module, ready to be linked. As [`component`](Self::component).
    ///
    /// # Errors
    /// As for a component.
    pub(crate) fn module(&self, engine: &Engine, bytes: &[u8]) -> Result<Module, LoadError> {
        self.native(engine, bytes)
    }

    fn native<N: Native>(&self, engine: &Engine, bytes: &[u8]) -> Result<N, LoadError> {
        let digest = Digest::of(bytes);
        if let Some(native) = self.cached(engine, &digest) {
            return Ok(native);
        }
        let Some(child) = &self.child else {
            let invalid = |error: wasmtime::Error| LoadError::Invalid(format!("{error:#}"));
            let native = N::compile(engine, bytes).map_err(invalid)?;
            if let Some(cache) = &self.cache {
                cache.keep(&digest, &native.code().map_err(invalid)?);
            }
            return Ok(native);
        };
        let code = child.compile(bytes, self.allocator)?;
        if let Some(cache) = &self.cache {
            cache.keep(&digest, &code);
        }
        N::of_our_own(engine, &code).map_err(|error| LoadError::Compile(format!("{error:#}")))
    }

    fn cached<N: Native>(&self, engine: &Engine, digest: &Digest) -> Option<N> {
        let cache = self.cache.as_ref()?;
        let code = cache.find(digest)?;
        match N::of_our_own(engine, &code) {
            Ok(native) => Some(native),
            Err(error) => {
                warn!(plugin.sha256 = %digest, "compiled code is not used: {error:#}");
                cache.forget(digest);
                None
            }
        }
    }
}
