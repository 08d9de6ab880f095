//! Which transport runs a provider's programs.
//!
//! Programs are child processes ([`ProcessUpstream`]) unless the provider demands a driver that is
//! no process of this machine; each of those is a transport of its own, known by its name.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Failure, ProcessExchange, ProcessTransport, UpstreamReply};
use upstream::ProcessUpstream;

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

    /// Adds a transport for the providers that demand it, by its name.
    pub(super) fn with<T>(mut self, driver: &'static str, transport: Option<Arc<T>>) -> Self
    where
        T: ProcessTransport + 'static,
    {
        let transport = transport.map(|it| (driver, it as Arc<dyn ProcessTransport>));
        self.elsewhere.extend(transport);
        self
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
