//! Everything a request is decided by, at one moment. Swapped whole, never changed.

use std::collections::HashMap;
use std::sync::Arc;

use exchange::{HttpTarget, ProcessTarget};
use routing::RouteTable;
use url::Url;

use crate::caller::KeyRing;
use crate::plan::PlanCache;

/// Keys, routes and providers that are valid now.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// API keys.
    pub keys: KeyRing,
    /// Public model names.
    pub routes: RouteTable,
    /// Providers by id; every candidate of `routes` names one of them.
    pub providers: HashMap<Arc<str>, Arc<Provider>>,
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
    /// Name of the dialect it speaks.
    pub dialect: Box<str>,
    /// How it is reached.
    pub reach: Reach,
    /// Its settings, a JSON object.
    pub settings: Arc<str>,
    /// What the plugins answered for it; forgotten with the snapshot.
    pub plans: PlanCache,
}
