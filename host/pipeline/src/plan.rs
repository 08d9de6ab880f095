//! Plans of exchanges, remembered.
//!
//! `plan` and `prepare` are pure functions of the call by contract. So the answer for one
//! provider, operation, model and way of answering is asked for once and used until a plugin's
//! generation or the snapshot changes. A request in a dialect that is canonical already then
//! costs no guest call at all.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use exchange::{
    Adapter, Call, CredentialUse, EgressDialect, EgressPlan, Failure, FailureKind, GenerationId,
    HttpPlan, Operation, PluginCatalog, ProcessPlan, RequestHead, RequestId, SigningScope,
};
use http::{HeaderMap, Method};
use url::Url;

use crate::snapshot::{Provider, Reach};

/// Most plans a provider keeps. A provider that takes any model can reach it, or one whose plugins
/// were replaced often; the cache is then emptied, which costs a few guest calls.
const MAX_PLANS: usize = 1024;

/// How a request goes through a provider's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From canonical to the dialect and back.
    Translated,
    /// As it is: the caller speaks the dialect.
    Untouched,
}

/// Which of a provider's dialects is spoken for a request, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Place in [`Provider::dialects`].
    pub(crate) dialect: usize,
    pub(crate) way: Way,
}

/// Chooses a dialect that has the operation: the caller's own if the provider speaks it, else
/// the provider's first. `None`: the provider does not offer the operation.
pub(crate) fn choose(
    catalog: &dyn PluginCatalog,
    provider: &Provider,
    operation: Operation,
    spoken: Option<&str>,
) -> Option<Choice> {
    let mut usable =
        (0..).zip(&provider.dialects).filter(|(_, dialect)| catalog.supports(dialect, operation));
    let own = spoken.and_then(|name| usable.clone().find(|(_, dialect)| &***dialect == name));
    match own {
        Some((dialect, _)) => Some(Choice { dialect, way: Way::Untouched }),
        None => usable.next().map(|(dialect, _)| Choice { dialect, way: Way::Translated }),
    }
}

/// The plugins of a provider, as they serve now.
pub(crate) struct Plugins {
    pub(crate) dialect: Arc<dyn EgressDialect>,
    pub(crate) adapter: Adapter,
}

impl Plugins {
    /// Looks the provider's plugins up for a request.
    ///
    /// # Errors
    /// `ProviderMisconfigured` naming the plugin that is not loaded.
    pub(crate) fn find(
        catalog: &dyn PluginCatalog,
        request: &RequestId,
        (provider, dialect): (&Provider, usize),
    ) -> Result<Self, Failure> {
        let missing = |sort: &str, name: &str| {
            let message =
                format!("{sort} \"{name}\" of provider \"{}\" is not loaded", provider.id);
            Failure::new(FailureKind::ProviderMisconfigured, message)
        };
        let name = provider.dialects.get(dialect).map_or("", |name| name);
        let dialect = catalog.dialect_for(name, request);
        let adapter = catalog.adapter_for(&provider.adapter, request);
        Ok(Self {
            dialect: dialect.ok_or_else(|| missing("dialect", name))?,
            adapter: adapter.ok_or_else(|| missing("adapter", &provider.adapter))?,
        })
    }

    fn generations(&self) -> [GenerationId; 2] {
        let adapter = match &self.adapter {
            Adapter::Http(adapter) => adapter.generation(),
            Adapter::Process(adapter) => adapter.generation(),
        };
        [self.dialect.generation(), adapter]
    }
}

/// What is sent, but for body, secret and what belongs to one request.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    Http(Box<HttpDelivery>),
    Process(ProcessDelivery),
}

#[derive(Clone, Debug)]
pub(crate) struct HttpDelivery {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Slot and use.
    pub(crate) credential: Option<(String, CredentialUse)>,
    pub(crate) signing: SigningScope,
}

#[derive(Clone, Debug)]
pub(crate) struct ProcessDelivery {
    pub(crate) plan: Arc<ProcessPlan>,
    /// Slot and variable.
    pub(crate) credential: Option<(String, String)>,
}

/// A whole plan.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) egress: EgressPlan,
    pub(crate) delivery: Delivery,
}

#[derive(PartialEq, Eq, Hash)]
struct PlanKey {
    dialect: usize,
    operation: Operation,
    streaming: bool,
    model: Arc<str>,
    /// Of dialect and adapter: two of each may share the traffic.
    generations: [GenerationId; 2],
}

/// The remembered plans of one provider.
#[derive(Default)]
pub struct PlanCache(RwLock<HashMap<PlanKey, Arc<Prepared>>>);

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlanCache")
    }
}

impl PlanCache {
    fn get(&self, key: &PlanKey) -> Option<Arc<Prepared>> {
        let plans = self.0.read().unwrap_or_else(PoisonError::into_inner);
        plans.get(key).cloned()
    }

    fn put(&self, key: PlanKey, plan: Arc<Prepared>) {
        let mut plans = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= MAX_PLANS {
            plans.clear();
        }
        plans.insert(key, plan);
    }
}

/// The plan for a call: remembered, or asked for now.
///
/// # Errors
/// The plugins' failures; `ProviderMisconfigured` if adapter and provider do not fit.
pub(crate) async fn prepare(
    provider: &Provider,
    (dialect, plugins): (usize, &Plugins),
    call: &Call,
) -> Result<Arc<Prepared>, Failure> {
    let Call { operation, streaming, .. } = *call;
    let generations = plugins.generations();
    let key = PlanKey { dialect, operation, streaming, model: call.model.clone(), generations };
    if let Some(plan) = provider.plans.get(&key) {
        return Ok(plan);
    }
    let egress = plugins.dialect.plan(call).await?;
    let delivery = deliver(provider, &plugins.adapter, call, &egress.head).await?;
    let plan = Arc::new(Prepared { egress, delivery });
    provider.plans.put(key, plan.clone());
    Ok(plan)
}

/// Asks the adapter how a head is delivered.
///
/// # Errors
/// As [`prepare`].
pub(crate) async fn deliver(
    provider: &Provider,
    adapter: &Adapter,
    call: &Call,
    head: &RequestHead,
) -> Result<Delivery, Failure> {
    match (adapter, &provider.reach) {
        (Adapter::Http(adapter), Reach::Http { base_url, .. }) => {
            let delivery = http_delivery(base_url, adapter.prepare(call, head).await?)?;
            Ok(Delivery::Http(Box::new(delivery)))
        }
        (Adapter::Process(adapter), Reach::Process { .. }) => {
            let (plan, used) = adapter.prepare(call).await?;
            let credential = plan.credential.clone().and_then(|slot| match used {
                Some(CredentialUse::Environment(variable)) => Some((slot, variable)),
                _ => None,
            });
            Ok(Delivery::Process(ProcessDelivery { plan: Arc::new(plan), credential }))
        }
        (Adapter::Http(_), Reach::Process { .. }) => {
            Err(misfit(provider, "speaks HTTP, and the provider has no base_url"))
        }
        (Adapter::Process(_), Reach::Http { .. }) => {
            Err(misfit(provider, "runs a program, and the provider has a base_url"))
        }
    }
}

fn misfit(provider: &Provider, why: &str) -> Failure {
    let message = format!("adapter \"{}\" of provider \"{}\" {why}", provider.adapter, provider.id);
    Failure::new(FailureKind::ProviderMisconfigured, message)
}

/// Puts an adapter's plan below the operator's base URL.
///
/// # Errors
/// `PluginFault` if the path leaves it.
pub(crate) fn http_delivery(base_url: &Url, plan: HttpPlan) -> Result<HttpDelivery, Failure> {
    let url = join(base_url, plan.head.path_and_query()).ok_or_else(|| {
        Failure::new(FailureKind::PluginFault, "a plugin built a request that cannot be sent")
            .with_cause(format!("path {:?} leaves {base_url}", plan.head.path_and_query()))
    })?;
    Ok(HttpDelivery {
        method: plan.head.method().clone(),
        url,
        headers: plan.head.headers().clone(),
        credential: plan.credential,
        signing: plan.signing,
    })
}

/// The plugin's path below the operator's base URL, or `None` if it would leave it.
fn join(base_url: &Url, path_and_query: &str) -> Option<Url> {
    let base = base_url.as_str().trim_end_matches('/');
    let url = Url::parse(&format!("{base}{path_and_query}")).ok()?;
    let base_path = base_url.path().trim_end_matches('/');
    let below = url.path().strip_prefix(base_path)?.starts_with('/');
    (below && url.origin() == base_url.origin() && url.username().is_empty()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_appended_to_the_base_url() {
        for (base, path, joined) in [
            ("http://a:1/v1", "/chat?x=1", "http://a:1/v1/chat?x=1"),
            ("http://a:1/", "/chat", "http://a:1/chat"),
            ("https://a/openai/v1/", "/m/a%2Fb", "https://a/openai/v1/m/a%2Fb"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(join(&base, path).map(String::from).as_deref(), Some(joined));
        }
    }

    #[test]
    fn a_path_cannot_leave_the_base_url() {
        let base = Url::parse("http://a:1/v1").unwrap();
        for path in ["/../admin", "/%2e%2e/admin", "@evil/x", ".evil/x", ""] {
            assert_eq!(join(&base, path), None, "{path}");
        }
    }
}
