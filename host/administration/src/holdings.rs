//! What the store holds, in memory: replaced whole, never changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use resources::{ApiKey, KeyId, ModelName, Provider, ProviderId, Route};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Opened secrets by slot.
pub type SlotSecrets = HashMap<String, Arc<SecretString>>;

/// Every stored resource that could be read. Cloning is cheap; a map that a change does not
/// concern stays the same allocation, so whoever compiles it can tell by [`Arc::ptr_eq`].
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Providers.
    pub providers: Arc<BTreeMap<ProviderId, Arc<HeldProvider>>>,
    /// API keys.
    pub api_keys: Arc<BTreeMap<KeyId, Arc<HeldKey>>>,
    /// Routes.
    pub routes: Arc<BTreeMap<ModelName, Arc<HeldRoute>>>,
}

/// A stored provider.
#[derive(Debug)]
pub struct HeldProvider {
    /// The document as the operator wrote it, without credentials.
    pub document: Map<String, Value>,
    /// The document, read; `credentials` is empty.
    pub provider: Provider,
    /// Its secrets, opened. A slot whose secret could not be opened is missing.
    pub secrets: SlotSecrets,
}

/// A stored API key.
#[derive(Debug)]
pub struct HeldKey {
    /// The document as the operator wrote it.
    pub document: Map<String, Value>,
    /// The document, read; its source is the digest.
    pub key: ApiKey,
}

/// A stored route.
#[derive(Debug)]
pub struct HeldRoute {
    /// The document as the operator wrote it.
    pub document: Map<String, Value>,
    /// The document, read.
    pub route: Route,
}
