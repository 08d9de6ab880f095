//! The pipeline, as the edge sees it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use administration::Administration;
use async_trait::async_trait;
use exchange::{Entrance, Failure, PluginCatalog as _};
use pipeline::{Caller, CallerReply, CallerRequest, Pipeline};
use plugin_runtime::{Allocator, Registry};
use server::{ModelEntry, Readiness, ReadinessCheck, Service};

use crate::wiring::board::Switchboard;

/// Answers requests by the pipeline.
pub(crate) struct GatewayService {
    pipeline: Arc<Pipeline>,
    registry: Arc<Registry>,
    administration: Option<Arc<Administration>>,
    board: Arc<Switchboard>,
    started: u64,
}

impl GatewayService {
    /// `administration` is there if there is a store.
    pub(crate) fn new(
        board: &Arc<Switchboard>,
        pipeline: Arc<Pipeline>,
        registry: Arc<Registry>,
        administration: Option<Arc<Administration>>,
    ) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let started = since_epoch.unwrap_or_default().as_secs();
        Self { pipeline, registry, administration, board: Arc::clone(board), started }
    }

    /// A store that fails takes nothing from callers: they are answered from memory.
    fn store_check(&self) -> Option<ReadinessCheck> {
        let problem = self.administration.as_ref()?.store_problem();
        let reason = "writes fail, requests are answered from memory; GET /admin/status says why";
        Some(ReadinessCheck {
            name: "store".to_owned(),
            ok: problem.is_none(),
            reason: problem.map(|_| reason.to_owned()),
        })
    }

    fn plugins_check(&self) -> ReadinessCheck {
        let slow = self.registry.runtime().allocator() == Allocator::OnDemand;
        let reason = "running without the instance pool: slower, see the log";
        ReadinessCheck {
            name: "plugins".to_owned(),
            ok: true,
            reason: slow.then(|| reason.to_owned()),
        }
    }

    /// Nothing to wait for: what programs are kept in was tried when the tables were compiled.
    fn sandbox_check(&self) -> ReadinessCheck {
        let programs = self.board.programs();
        let sandboxes = programs.sandboxes.iter().map(ToString::to_string);
        let providers = programs.providers.iter().map(ToString::to_string);
        let said: Vec<_> = sandboxes.chain(providers).collect();
        ReadinessCheck {
            name: "sandbox".to_owned(),
            ok: true,
            reason: (!said.is_empty()).then(|| said.join("; ")),
        }
    }

    /// One provider whose plugins are loaded is enough to be of use.
    fn providers_check(&self) -> ReadinessCheck {
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
        let mut checks = vec![self.plugins_check(), self.providers_check(), self.sandbox_check()];
        let ready = checks.iter().all(|check| check.ok);
        checks.extend(self.store_check());
        Readiness { ready, checks }
    }
}
