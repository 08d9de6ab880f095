//! The empty world for guests whose toolchain needs WASI 0.2: no files, no environment, no
//! network, one fixed argument, output to the log.
//!
//! Clocks and randomness work. Waiting does too, but no longer than the call's deadline: the
//! engine interrupts guest code, not a host function, so what can block has a limit of its own.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::bindings::sync::io::poll;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_io::bindings::wasi::io::poll as waiting;
use wasmtime_wasi_io::poll::DynPollable;

use crate::log::PluginLog;
use crate::state::GuestState;

/// Most resources (streams, timers) a guest may hold.
const MAX_RESOURCES: usize = 1024;
const MAX_RANDOM_BYTES: u64 = 1024 * 1024;
/// Longest line of output that is kept together; the log cuts it anyway.
const MAX_LINE_BYTES: usize = 4096;
const WRITE_BYTES: usize = 64 * 1024;

/// One guest's WASI state.
pub(crate) struct EmptyWorld {
    context: WasiCtx,
    table: ResourceTable,
    deadline: Instant,
}

impl EmptyWorld {
    pub(crate) fn new(log: &Arc<PluginLog>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self { context: empty_context(log), table, deadline: Instant::now() }
    }

    /// Sets the time until which host functions may wait.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

fn empty_context(log: &Arc<PluginLog>) -> WasiCtx {
    let output = |level| LogOutput { log: Arc::clone(log), level };
    WasiCtxBuilder::new()
        .arg("plugin")
        .stdout(output("info"))
        .stderr(output("warn"))
        .max_random_size(MAX_RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let world = empty_world(self);
        WasiCtxView { ctx: &mut world.context, table: &mut world.table }
    }
}

fn empty_world(state: &mut GuestState) -> &mut EmptyWorld {
    state.wasi.as_deref_mut().expect("WASI is linked only to plugins whose stores have this state")
}

/// Defines the empty world.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    poll::add_to_linker::<GuestState, LimitedWaiting>(linker, |state| {
        let world = empty_world(state);
        WaitingUntil { table: &mut world.table, deadline: world.deadline }
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

struct LimitedWaiting;

impl HasData for LimitedWaiting {
    type Data<'a> = WaitingUntil<'a>;
}

/// `wasi:io/poll`, ended by the call's deadline.
struct WaitingUntil<'a> {
    table: &'a mut ResourceTable,
    deadline: Instant,
}

impl WaitingUntil<'_> {
    fn wait<T>(
        &mut self,
        wait: impl AsyncFnOnce(&mut ResourceTable) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        let deadline = self.deadline.into();
        in_tokio(async { within(deadline, wait(self.table)).await })
    }
}

async fn within<T>(
    deadline: tokio::time::Instant,
    wait: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    tokio::time::timeout_at(deadline, wait)
        .await
        .unwrap_or_else(|_| Err(wasmtime::Trap::Interrupt.into()))
}

impl poll::Host for WaitingUntil<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        self.wait(async |table| waiting::Host::poll(table, pollables).await)
    }
}

impl poll::HostPollable for WaitingUntil<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        self.wait(async |table| waiting::HostPollable::ready(table, pollable).await)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.wait(async |table| waiting::HostPollable::block(table, pollable).await)
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        waiting::HostPollable::drop(self.table, pollable)
    }
}

/// Standard output or error, as lines of the log.
struct LogOutput {
    log: Arc<PluginLog>,
    level: &'static str,
}

impl IsTerminal for LogOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(LineStream { log: Arc::clone(&self.log), level: self.level, line: Vec::new() })
    }
}

struct LineStream {
    log: Arc<PluginLog>,
    level: &'static str,
    line: Vec<u8>,
}

impl LineStream {
    fn end_line(&mut self) {
        if !self.line.is_empty() && self.log.admit() {
            self.log.write(self.level, &String::from_utf8_lossy(&self.line));
        }
        self.line.clear();
    }
}

#[async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        for (index, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.end_line();
            }
            let room = MAX_LINE_BYTES.saturating_sub(self.line.len());
            self.line.extend(part.iter().take(room));
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

/// Writes what is left of an unfinished line.
impl Drop for LineStream {
    fn drop(&mut self) {
        self.end_line();
    }
}
