//! Machine code that becomes callable.

#![allow(unsafe_code, reason = "wasmtime cannot check machine code; who made it is checked here")]

use wasmtime::Engine;
use wasmtime::component::Component;

/// Takes code that this program's compiler made for this engine: from the child process that was
/// just asked for it, or from the cache, which authenticates what it returns. wasmtime refuses
/// code of another version or with other settings by itself.
///
/// # Errors
/// If the code is for another engine.
pub(super) fn of_our_own(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` was made by `Engine::precompile_component` or `Component::serialize` in this
    // program: both callers have it from the child's standard output, or from a file whose
    // authentication code they have checked.
    unsafe { Component::deserialize(engine, code) }
}
