//! What the host keeps beside one instance, and the one function a plugin can call.

use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmStr};

use crate::budget::Meter;
use crate::log::PluginLog;
use crate::wasi::{self, EmptyWorld};

/// Data of one store.
pub(crate) struct GuestState {
    pub(crate) meter: Meter,
    pub(crate) log: Arc<PluginLog>,
    /// Only for plugins that import WASI.
    pub(crate) wasi: Option<Box<EmptyWorld>>,
}

/// Whether a plugin gets the empty WASI world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasiWorld {
    Absent,
    Empty,
}

/// Defines everything a plugin may import.
///
/// # Errors
/// Not for any plugin's sake: only if the names here clash.
pub(crate) fn link(linker: &mut Linker<GuestState>, wasi_world: WasiWorld) -> wasmtime::Result<()> {
    linker.instance("patchbay:plugin/types@0.1.0")?;
    linker.instance("patchbay:plugin/host@0.1.0")?.func_wrap("log", log)?;
    match wasi_world {
        WasiWorld::Absent => Ok(()),
        WasiWorld::Empty => wasi::add_to_linker(linker),
    }
}

/// `host.log`. The texts stay in the guest's memory until the line is admitted.
fn log(
    store: StoreContextMut<'_, GuestState>,
    (level, message): (WasmStr, WasmStr),
) -> wasmtime::Result<()> {
    let log = Arc::clone(&store.data().log);
    if log.admit() {
        log.write(&level.to_str(&store)?, &message.to_str(&store)?);
    }
    Ok(())
}
