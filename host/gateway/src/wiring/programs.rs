//! Which transport runs a provider's programs.
//!
//! Programs are child processes ([`ProcessUpstream`]) unless the provider demands a driver that is
//! no process of this machine; each of those is a transport of its own, known by its name.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Failure, ProcessExchange, ProcessTransport, UpstreamReply};
use plugin_runtime::WasiPrograms;
use upstream::ProcessUpstream;

/// The driver of programs that are WebAssembly.
const WASI: &str = "wasi";

/// All transports that run programs.
pub(super) struct Programs {
    local: Arc<ProcessUpstream>,
    wasi: Arc<WasiPrograms>,
    elsewhere: Vec<(&'static str, Arc<dyn ProcessTransport>)>,
}

impl Programs {
    /// Child processes, and programs that are WebAssembly.
    pub(super) fn new(local: Arc<ProcessUpstream>, wasi: Arc<WasiPrograms>) -> Self {
        let elsewhere = vec![(WASI, Arc::clone(&wasi) as Arc<dyn ProcessTransport>)];
        Self { local, wasi, elsewhere }
    }

    /// Waits until every program has ended and nothing of it is left.
    pub(super) async fn shutdown(&self) {
        tokio::join!(self.local.shutdown(), self.wasi.shutdown());
    }

    fn of(&self, driver: Option<&str>) -> &dyn ProcessTransport {
        let other = self.elsewhere.iter().find(|(name, _)| Some(*name) == driver);
        other.map_or(&*self.local, |(_, transport)| &**transport)
    }
}

#[async_trait]
impl ProcessTransport for Programs {
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        self.of(exchange.target.sandbox.driver.as_deref()).run(exchange).await
    }
}
