//! Which transport runs a provider's programs.
//!
//! Programs are child processes ([`ProcessUpstream`]) unless the provider demands a driver that is
//! no process of this machine; each of those is a transport of its own, known by its name.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Failure, ProcessExchange, ProcessTransport, UpstreamReply};
use upstream::ProcessUpstream;

/// Sandboxes that are no driver of the room `sandbox` but a transport here, and the layers that
/// each of them stands for, by name.
pub(super) const ELSEWHERE: [(&str, &[&str]); 0] = [];

/// All transports that run programs.
pub(super) struct Programs {
    local: Arc<ProcessUpstream>,
    elsewhere: Vec<(&'static str, Arc<dyn ProcessTransport>)>,
}

impl Programs {
    /// Child processes alone.
    pub(super) fn new(local: Arc<ProcessUpstream>) -> Self {
        Self { local, elsewhere: Vec::new() }
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
