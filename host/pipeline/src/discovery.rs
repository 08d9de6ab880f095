//! Which models providers have: asked for in the background, kept until the next answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use exchange::{Adapter, Failure, FailureKind, HttpExchange, HttpPlan, ResponseHead};
use futures_util::StreamExt as _;
use routing::{Models, ProviderModels, RouteTable};

use crate::attempt::Ports;
use crate::plan;
use crate::snapshot::{Provider, Reach, Snapshot};

/// Most bytes of a model list.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// What providers said they have.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// By provider.
    models: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    pub(crate) routes: RouteTable,
}

/// How asking one provider went.
#[derive(Debug)]
pub struct DiscoveryReport {
    /// Id of the provider.
    pub provider: Arc<str>,
    /// How many models it has; `None` if there is nothing to ask.
    pub outcome: Result<Option<usize>, Failure>,
}

impl Discovered {
    /// With a new answer of one provider; the others' are kept if they are still configured.
    pub(crate) fn with(
        &self,
        snapshot: &Snapshot,
        provider: &Arc<str>,
        found: &[Arc<str>],
    ) -> Self {
        let mut models = self.models.clone();
        let is_there = |id: &Arc<str>| snapshot.providers.get(id).is_some_and(|it| it.discovers);
        models.retain(|id, _| is_there(id));
        if is_there(provider) {
            models.insert(provider.clone(), found.to_vec());
        }
        let listed: Vec<ProviderModels> = models
            .iter()
            .map(|(provider, models)| ProviderModels {
                provider: provider.clone(),
                models: Models::Listed(models.clone()),
            })
            .collect();
        Self { routes: RouteTable::new(Vec::new(), &listed), models }
    }
}

/// Asks a provider for its models. `None`: its adapter knows no way to ask.
///
/// # Errors
/// The plugin's, the transport's, or what the provider said instead of a list.
pub(crate) async fn ask(
    ports: &Ports,
    provider: &Provider,
) -> Result<Option<Vec<String>>, Failure> {
    let adapter = ports.catalog.adapter(&provider.adapter).ok_or_else(|| {
        let message = format!("adapter \"{}\" is not loaded", provider.adapter);
        Failure::new(FailureKind::ProviderMisconfigured, message)
    })?;
    let (Adapter::Http(adapter), Reach::Http { .. }) = (adapter, &provider.reach) else {
        return Ok(None);
    };
    let Some(plan) = adapter.list_models(&provider.settings).await? else {
        return Ok(None);
    };
    let (head, body) = fetch(ports, provider, plan).await?;
    adapter.read_models(&head, body).await.map(Some)
}

async fn fetch(
    ports: &Ports,
    provider: &Provider,
    plan: HttpPlan,
) -> Result<(ResponseHead, Bytes), Failure> {
    let Reach::Http { base_url, target } = &provider.reach else {
        return Err(Failure::new(FailureKind::Internal, "a program has no list of models"));
    };
    let delivery = plan::http_delivery(base_url, plan)?;
    let credential = delivery
        .credential
        .and_then(|(slot, used)| Some((used, ports.credentials.secret(&provider.id, &slot)?)));
    let reply = ports
        .http
        .send(HttpExchange {
            target: target.clone(),
            method: delivery.method,
            url: delivery.url,
            headers: delivery.headers,
            credential,
            signing: delivery.signing,
            body: Bytes::new(),
        })
        .await?;
    let secrets = reply.sent_secrets;
    let mut chunks = reply.body;
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|failure| secrets.redact(failure))?;
        if body.len() + chunk.len() > MAX_LIST_BYTES {
            let message = "the provider's list of models is over 4 MiB";
            return Err(Failure::new(FailureKind::UpstreamError, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((reply.head, body.into()))
}
