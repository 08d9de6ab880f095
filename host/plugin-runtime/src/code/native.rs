//! Machine code that becomes callable.

#![allow(unsafe_code, reason = "wasmtime cannot check machine code; who made it is checked here")]

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

/// What machine code becomes: a component, or a core module.
pub(super) trait Native: Sized {
    /// Compiles in this process.
    ///
    /// # Errors
    /// If the bytes are not valid.
    fn compile(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self>;

    /// The machine code.
    ///
    /// # Errors
    /// The engine's.
    fn code(&self) -> wasmtime::Result<Vec<u8>>;

    /// Takes code that this program's compiler made for this engine: from the child process that
    /// was just asked for it, or from the cache, which authenticates what it returns. wasmtime
    /// refuses code of another version, kind or with other settings by itself.
    ///
    /// # Errors
    /// If the code is for another engine.
    fn of_our_own(engine: &Engine, code: &[u8]) -> wasmtime::Result<Self>;
}

impl Native for Component {
    fn compile(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self> {
        Self::from_binary(engine, bytes)
    }

    fn code(&self) -> wasmtime::Result<Vec<u8>> {
        self.serialize()
    }

    fn of_our_own(engine: &Engine, code: &[u8]) -> wasmtime::Result<Self> {
        // SAFETY: `code` was made by `Engine::precompile_component` or `Component::serialize` in
        // this program: both callers have it from the child's standard output, or from a file
        // whose authentication code they have checked.
        unsafe { Self::deserialize(engine, code) }
    }
}

impl Native for Module {
    fn compile(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self> {
        Self::from_binary(engine, bytes)
    }

    fn code(&self) -> wasmtime::Result<Vec<u8>> {
        self.serialize()
    }

    fn of_our_own(engine: &Engine, code: &[u8]) -> wasmtime::Result<Self> {
        // SAFETY: as for components, by `Engine::precompile_module` or `Module::serialize`.
        unsafe { Self::deserialize(engine, code) }
    }
}
