//! Which transport runs a provider's programs.
//!
//! Programs are child processes ([`ProcessUpstream`]) unless the provider demands a driver that is
//! no process of this machine; each of those is a transport of its own, known by its name.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Failure, ProcessExchange, ProcessTransport, UpstreamReply};
use kubernetes::{KubernetesPrograms, KubernetesSettings};
use plugin_runtime::{WasiPrograms, wasi_layers};
use sandbox::{Layer, LayerState};
use upstream::ProcessUpstream;

/// The driver of programs that are WebAssembly.
const WASI: &str = "wasi";
/// Layers of one sandbox.
pub(super) type Layers = Vec<(Layer, LayerState)>;

/// Sandboxes that are no driver of the room `sandbox` but a transport here, with their layers.
pub(super) fn elsewhere(cluster: Option<&KubernetesSettings>) -> Vec<(&'static str, Layers)> {
    let cluster = cluster.map(|cluster| (KubernetesPrograms::DRIVER, cluster.layers()));
    std::iter::once((WASI, wasi_layers())).chain(cluster).collect()
}

/// All transports that run programs.
pub(super) struct Programs {
    local: Arc<ProcessUpstream>,
    wasi: WasiPrograms,
    cluster: Option<KubernetesPrograms>,
}

impl Programs {
    /// Child processes, programs that are WebAssembly, and a cluster, if there is one.
    pub(super) fn new(
        local: Arc<ProcessUpstream>,
        wasi: WasiPrograms,
        cluster: Option<KubernetesPrograms>,
    ) -> Self {
        Self { local, wasi, cluster }
    }

    /// Does what needs the cluster's answer and nothing waits for.
    pub(super) async fn prepare(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.prepare().await;
        }
    }

    /// Waits until every program has ended and nothing of it is left.
    pub(super) async fn shutdown(&self) {
        let deleted = async {
            if let Some(cluster) = &self.cluster {
                cluster.shutdown().await;
            }
        };
        tokio::join!(self.local.shutdown(), self.wasi.shutdown(), deleted);
    }

    fn of(&self, driver: Option<&str>) -> &dyn ProcessTransport {
        match (driver, &self.cluster) {
            (Some(WASI), _) => &self.wasi,
            (Some(KubernetesPrograms::DRIVER), Some(cluster)) => cluster,
            _ => &*self.local,
        }
    }
}

#[async_trait]
impl ProcessTransport for Programs {
    async fn run(&self, exchange: ProcessExchange) -> Result<UpstreamReply, Failure> {
        self.of(exchange.target.sandbox.driver.as_deref()).run(exchange).await
    }
}
