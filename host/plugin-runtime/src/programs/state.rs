//! What the host keeps beside a running program.

use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::meter::Meter;
use super::quota::Quota;

/// Data of one store, for modules and components alike.
pub(super) struct ProgramState {
    pub(super) wasi: WasiP1Ctx,
    pub(super) meter: Meter,
    pub(super) quota: Quota,
}

impl WasiView for ProgramState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}
