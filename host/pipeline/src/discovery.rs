//! Which models providers have: asked for in the background, kept until the next answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange::{Adapter, Failure};
use routing::{Models, ProviderModels, RouteTable};

use crate::attempt::Ports;
use crate::inquiry::{self, Inquiry};
use crate::snapshot::{Provider, Reach, Snapshot};

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
    let adapter = inquiry::adapter(&*ports.catalog, provider)?;
    let (Adapter::Http(adapter), Reach::Http { .. }) = (adapter, &provider.reach) else {
        return Ok(None);
    };
    let inquiry = Inquiry { http: &*ports.http, provider, credentials: &*ports.credentials };
    inquiry.models(&*adapter).await
}
