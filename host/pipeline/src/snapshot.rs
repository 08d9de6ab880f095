//! Everything a request is decided by, at one moment. Swapped whole, never changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use exchange::{HttpTarget, ProcessTarget};
use routing::{RetryBudget, RetryPolicy, RouteTable};
use url::Url;

use crate::caller::KeyRing;
use crate::plan::PlanCache;

/// Keys, routes and providers that are valid now. A snapshot that changes one of them shares the
/// others with the one before.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// API keys.
    pub keys: Arc<KeyRing>,
    /// Public model names.
    pub routes: Arc<RouteTable>,
    /// Providers by id; every candidate of `routes` names one of them.
    pub providers: Arc<HashMap<Arc<str>, Arc<Provider>>>,
}

/// How the far end of a provider is reached.
#[derive(Clone, Debug)]
pub enum Reach {
    /// Over HTTP.
    Http {
        /// Scheme, host, port and base path, without query and trailing slash.
        base_url: Url,
        /// Deadlines and limits.
        target: Arc<HttpTarget>,
    },
    /// By running a program.
    Process {
        /// Deadlines and limits.
        target: Arc<ProcessTarget>,
    },
}

/// A configured upstream account.
#[derive(Debug)]
pub struct Provider {
    /// Its id.
    pub id: Arc<str>,
    /// Name of the adapter plugin.
    pub adapter: Box<str>,
    /// Names of the dialects it speaks, the preferred one first. Not empty.
    pub dialects: Vec<Box<str>>,
    /// How it is reached.
    pub reach: Reach,
    /// Its settings, a JSON object.
    pub settings: Arc<str>,
    /// Whether its models are asked for.
    pub discovers: bool,
    /// Whether its exchanges are recorded, where a recorder is there.
    pub records: bool,
    /// When a failed try is repeated.
    pub retry: RetryPolicy,
    /// Keeps retries a small share of its traffic.
    pub retry_budget: RetryBudget,
    /// What the plugins answered for it; forgotten with the snapshot.
    pub plans: PlanCache,
}

impl Provider {
    /// The operator's limit for one whole exchange.
    pub(crate) fn total_timeout(&self) -> Duration {
        match &self.reach {
            Reach::Http { target, .. } => target.timeouts.total,
            Reach::Process { target } => target.total,
        }
    }
}
