//! The store's resources beside those of the file.
//!
//! Three tables, each compiled only if something it depends on has changed: providers; keys;
//! routes, which depend on providers. A provider that has not changed keeps what the pipeline
//! remembers of it: plans, and its budget of retries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use administration::{HeldProvider, Holdings, Misfit, Noun};
use pipeline::{KeyDigest, KeyRing, Meters, Provider, Snapshot};
use resources::{ModelName, Offered, Problem, Problems, ProviderId, Route};
use routing::{ProviderModels, RouteTable};

use super::providers::{self, ProviderTable};
use super::{FileTables, Grounds, keys, route};
use crate::wiring::credentials::ProviderSecrets;
use crate::wiring::offer::Offer;
use crate::wiring::sandboxes::Sandboxes;

/// Everything that requests are decided by. Never changed.
pub(crate) struct Tables {
    file: Arc<FileTables>,
    holdings: Holdings,
    providers: Arc<Providers>,
    keys: Arc<Part<KeyRing>>,
    routes: Arc<Part<RouteTable>>,
}

/// What stored resources are joined with, beside the file.
pub(crate) struct Joining<'a> {
    /// What plugins offer.
    pub(crate) offer: &'a Offer,
    /// What programs can be kept in.
    pub(crate) sandboxes: &'a dyn Sandboxes,
    /// What each key has used.
    pub(crate) meters: &'a Meters,
    /// Makes the plugins of a provider ready, or says why that is not possible.
    pub(crate) ready: &'a (dyn Fn(&Provider) -> Result<(), String> + Sync),
}

impl Joining<'_> {
    fn grounds(&self) -> Grounds<'_> {
        Grounds { offer: self.offer, sandboxes: self.sandboxes }
    }
}

/// One table, and what was left out of it.
struct Part<T> {
    table: Arc<T>,
    misfits: Vec<Misfit>,
}

/// What each stored provider was compiled from, and what came of it.
type StoredProviders = HashMap<ProviderId, (Arc<HeldProvider>, Arc<Provider>)>;

struct Providers {
    table: Arc<ProviderTable>,
    secrets: ProviderSecrets,
    /// In the order in which a bare model name prefers them: the file's first.
    offered: Vec<ProviderModels>,
    stored: StoredProviders,
    misfits: Vec<Misfit>,
}

/// Compiles what is not the same as in the tables before.
pub(crate) fn join(
    file: Arc<FileTables>,
    holdings: Holdings,
    joining: &Joining<'_>,
    before: Option<&Tables>,
) -> Tables {
    let before = before.filter(|tables| Arc::ptr_eq(&tables.file, &file));
    let providers = before
        .filter(|tables| Arc::ptr_eq(&tables.holdings.providers, &holdings.providers))
        .map(|tables| Arc::clone(&tables.providers));
    let providers = providers.unwrap_or_else(|| {
        let known = before.map(|tables| &tables.providers.stored);
        Arc::new(Providers::join(&file, &holdings, joining, known))
    });
    let keys = before
        .filter(|tables| Arc::ptr_eq(&tables.holdings.api_keys, &holdings.api_keys))
        .map(|tables| Arc::clone(&tables.keys));
    let keys = keys.unwrap_or_else(|| Arc::new(join_keys(&file, &holdings, joining.meters)));
    let routes = before
        .filter(|tables| Arc::ptr_eq(&tables.providers, &providers))
        .filter(|tables| Arc::ptr_eq(&tables.holdings.routes, &holdings.routes))
        .map(|tables| Arc::clone(&tables.routes));
    let routes = routes.unwrap_or_else(|| Arc::new(join_routes(&file, &holdings, &providers)));
    Tables { file, holdings, providers, keys, routes }
}

impl Tables {
    /// What the file says.
    pub(crate) fn file(&self) -> &Arc<FileTables> {
        &self.file
    }

    /// What the store holds.
    pub(crate) fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// What requests are decided by.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            keys: Arc::clone(&self.keys.table),
            routes: Arc::clone(&self.routes.table),
            providers: Arc::clone(&self.providers.table),
        }
    }

    /// What providers are reached with.
    pub(crate) fn secrets(&self) -> ProviderSecrets {
        self.providers.secrets.clone()
    }

    /// What is set aside.
    pub(crate) fn misfits(&self) -> impl Iterator<Item = &Misfit> {
        let parts = [&self.providers.misfits, &self.keys.misfits, &self.routes.misfits];
        parts.into_iter().flatten()
    }

    /// A stored provider as it was compiled.
    pub(crate) fn stored_provider(&self, id: &ProviderId) -> Option<&Arc<Provider>> {
        self.providers.stored.get(id).map(|(_, provider)| provider)
    }
}

impl Providers {
    fn join(
        file: &FileTables,
        holdings: &Holdings,
        joining: &Joining<'_>,
        known: Option<&StoredProviders>,
    ) -> Self {
        let mut joined = Self {
            table: Arc::default(),
            secrets: file.secrets.clone(),
            offered: file.offered.clone(),
            stored: HashMap::new(),
            misfits: Vec::new(),
        };
        let mut table = file.providers.clone();
        for (id, held) in holdings.providers.iter() {
            let kept = known.and_then(|known| known.get(id));
            let kept = kept.filter(|(before, _)| Arc::ptr_eq(before, held));
            let provider = match kept {
                Some((_, provider)) => Ok(Arc::clone(provider)),
                None => compile_stored(file, held, joining).map(Arc::new),
            };
            match provider {
                Ok(provider) => {
                    table.insert(provider.id.clone(), Arc::clone(&provider));
                    joined.secrets.insert(id.to_string(), held.secrets.clone());
                    joined.offered.push(providers::models(&held.provider));
                    joined.stored.insert(id.clone(), (Arc::clone(held), provider));
                }
                Err(problems) => joined.misfits.push(Misfit {
                    noun: Noun::Provider,
                    id: id.to_string(),
                    problems,
                }),
            }
        }
        joined.table = Arc::new(table);
        joined
    }
}

/// A stored provider beside the file, its plugins ready.
pub(crate) fn compile_stored(
    file: &FileTables,
    held: &HeldProvider,
    joining: &Joining<'_>,
) -> Result<Provider, Vec<Problem>> {
    let id = held.provider.id.as_str();
    if file.providers.contains_key(id) {
        return Err(vec![taken("id", id)]);
    }
    let mut problems = Problems::default();
    let slots = held.secrets.keys().map(String::as_str).collect();
    let compiled = providers::compile_one(&held.provider, slots, joining.grounds(), &mut problems);
    providers::check_recording(&held.provider, file.has_recording, &mut problems);
    let ready = compiled.map(|provider| match (joining.ready)(&provider) {
        Ok(()) => Some(provider),
        Err(reason) => {
            problems.report("adapter", reason, "install plugins that load");
            None
        }
    });
    match ready.flatten() {
        Some(provider) if problems.is_empty() => Ok(provider),
        _ => Err(problems.into_vec()),
    }
}

fn taken(member: &str, name: &str) -> Problem {
    Problem {
        path: member.to_owned(),
        message: format!("{name:?} is in the configuration file too, which wins"),
        fix: "remove one of the two, or give this one another name".to_owned(),
    }
}

fn join_keys(file: &FileTables, holdings: &Holdings, meters: &Meters) -> Part<KeyRing> {
    let mut entries = file.keys.clone();
    let mut digests: HashSet<KeyDigest> = entries.iter().map(|(digest, _)| *digest).collect();
    let mut misfits = Vec::new();
    for (id, held) in holdings.api_keys.iter() {
        let problem = if file.filed.api_keys.contains_key(id.as_str()) {
            Some(taken("id", id.as_str()))
        } else {
            match keys::of_store(&held.key, meters) {
                Ok(entry) if !digests.insert(entry.0) => Some(same_key()),
                Ok(entry) => {
                    entries.push(entry);
                    None
                }
                Err(problem) => Some(problem),
            }
        };
        misfits.extend(problem.map(|problem| Misfit {
            noun: Noun::ApiKey,
            id: id.to_string(),
            problems: vec![problem],
        }));
    }
    Part { table: Arc::new(KeyRing::new(entries)), misfits }
}

fn same_key() -> Problem {
    Problem {
        path: String::new(),
        message: "is the same key as another one".to_owned(),
        fix: "issue another key, or remove one of the two".to_owned(),
    }
}

fn join_routes(file: &FileTables, holdings: &Holdings, providers: &Providers) -> Part<RouteTable> {
    let offered = Offered::new(providers.offered.iter().map(|offered| {
        let models = match &offered.models {
            routing::Models::Listed(models) => {
                Some(models.iter().map(|model| model.to_string()).collect())
            }
            routing::Models::Any => None,
        };
        (offered.provider.to_string(), models)
    }));
    let mut routes = file.routes.clone();
    let mut misfits = Vec::new();
    for (model, held) in holdings.routes.iter() {
        match join_route(file, &offered, (model, &held.route)) {
            Ok(route) => routes.extend(route),
            Err(problems) => {
                misfits.push(Misfit { noun: Noun::Route, id: model.to_string(), problems });
            }
        }
    }
    Part { table: Arc::new(RouteTable::new(routes, &providers.offered)), misfits }
}

fn join_route(
    file: &FileTables,
    offered: &Offered,
    (model, stored): (&ModelName, &Route),
) -> Result<Option<routing::Route>, Vec<Problem>> {
    if file.filed.routes.contains_key(model.as_str()) {
        return Err(vec![taken("model", model.as_str())]);
    }
    let mut problems = Problems::default();
    offered.check(stored, &mut problems);
    if problems.is_empty() { Ok(route(stored)) } else { Err(problems.into_vec()) }
}
