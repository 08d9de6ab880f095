//! The pipeline, as the edge sees it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use exchange::{Entrance, Failure, PluginCatalog as _};
use pipeline::{Caller, CallerReply, CallerRequest, Pipeline};
use plugin_runtime::{Allocator, Registry};
use server::{ModelEntry, Readiness, ReadinessCheck, Service};

/// Answers requests by the pipeline.
pub(crate) struct GatewayService {
    pipeline: Arc<Pipeline>,
    registry: Arc<Registry>,
    started: u64,
}

impl GatewayService {
    pub(crate) fn new(pipeline: Arc<Pipeline>, registry: Arc<Registry>) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self { pipeline, registry, started: since_epoch.unwrap_or_default().as_secs() }
    }

    fn plugins(&self) -> ReadinessCheck {
        let slow = self.registry.runtime().allocator() == Allocator::OnDemand;
        let reason = "running without the instance pool: slower, see the log";
        ReadinessCheck {
            name: "plugins".to_owned(),
            ok: true,
            reason: slow.then(|| reason.to_owned()),
        }
    }

    /// One provider whose plugins are loaded is enough to be of use.
    fn providers(&self) -> ReadinessCheck {
        let snapshot = self.pipeline.snapshot();
        let mut missing: Vec<&str> = Vec::new();
        for provider in snapshot.providers.values() {
            let adapter = self.registry.adapter(&provider.adapter);
            let mut dialects = provider.dialects.iter();
            if adapter.is_none() || dialects.any(|it| self.registry.dialect(it).is_none()) {
                missing.push(&provider.id);
            }
        }
        missing.sort_unstable();
        let reason = if snapshot.providers.is_empty() {
            Some("no provider is configured".to_owned())
        } else if missing.is_empty() {
            None
        } else {
            Some(format!("plugins are missing for: {}", missing.join(", ")))
        };
        ReadinessCheck {
            name: "providers".to_owned(),
            ok: missing.len() < snapshot.providers.len(),
            reason,
        }
    }
}

#[async_trait]
impl Service for GatewayService {
    fn authenticate(&self, key: &str) -> Result<Caller, Failure> {
        self.pipeline.authenticate(key)
    }

    fn entrance(&self, path: &str) -> Option<Entrance> {
        self.pipeline.entrance(path)
    }

    async fn run(&self, request: CallerRequest) -> Result<CallerReply, Failure> {
        self.pipeline.run(request).await
    }

    /// Nobody knows when a model was made; clients want a number, so it is when we started.
    fn models(&self, caller: &Caller) -> Vec<ModelEntry> {
        let entries = self.pipeline.models(caller).into_iter();
        let entries = entries.map(|entry| ModelEntry {
            id: entry.id,
            created: self.started,
            owned_by: entry.owned_by,
        });
        entries.collect()
    }

    fn readiness(&self) -> Readiness {
        let checks = vec![self.plugins(), self.providers()];
        Readiness { ready: checks.iter().all(|check| check.ok), checks }
    }
}
