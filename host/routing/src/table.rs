//! All public model names at one moment.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::route::{Candidate, FallbackOn, Route};

/// Which models a provider serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// These.
    Listed(Vec<Arc<str>>),
    /// Whatever the caller names after `provider-id/`.
    Any,
}

/// A provider's models, in the order in which the operator named the providers.
#[derive(Clone, Debug)]
pub struct ProviderModels {
    /// Id of the provider.
    pub provider: Arc<str>,
    /// What it serves.
    pub models: Models,
}

/// Public model names: configured routes, every listed model by its bare name, and
/// `provider-id/model`. A configured route wins over a bare name.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    routes: BTreeMap<Arc<str>, Arc<Route>>,
    any_model: HashSet<Arc<str>>,
}

impl RouteTable {
    /// Builds the table. A bare model name that several providers list goes to the provider
    /// named first; the others follow as fallback.
    #[must_use]
    pub fn new(configured: Vec<Route>, providers: &[ProviderModels]) -> Self {
        let mut bare: BTreeMap<Arc<str>, Vec<Candidate>> = BTreeMap::new();
        let mut table = Self::default();
        for ProviderModels { provider, models } in providers {
            let Models::Listed(models) = models else {
                table.any_model.insert(provider.clone());
                continue;
            };
            for model in models {
                let candidates = bare.entry(model.clone()).or_default();
                let order = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
                candidates.push(candidate(provider, model, order));
                table.insert(
                    format!("{provider}/{model}").into(),
                    vec![candidate(provider, model, 0)],
                );
            }
        }
        for (model, candidates) in bare {
            table.insert(model, candidates);
        }
        for route in configured {
            table.routes.insert(route.model().clone(), Arc::new(route));
        }
        table
    }

    /// The route of a public model name, if there is one.
    #[must_use]
    pub fn find(&self, model: &str) -> Option<Arc<Route>> {
        if let Some(route) = self.routes.get(model) {
            return Some(route.clone());
        }
        let (provider, model_there) = model.split_once('/')?;
        let provider = self.any_model.get(provider)?;
        let candidates = vec![candidate(provider, &model_there.into(), 0)];
        Route::try_new(model.into(), candidates, FallbackOn::default()).map(Arc::new)
    }

    /// Every name that can be listed, sorted, with its route.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Route>)> {
        self.routes.iter()
    }

    fn insert(&mut self, model: Arc<str>, candidates: Vec<Candidate>) {
        if let Some(route) = Route::try_new(model.clone(), candidates, FallbackOn::default()) {
            self.routes.insert(model, Arc::new(route));
        }
    }
}

fn candidate(provider: &Arc<str>, model: &Arc<str>, order: u32) -> Candidate {
    Candidate { provider: provider.clone(), model: model.clone(), weight: NonZeroU32::MIN, order }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(provider: &str, models: &[&str]) -> ProviderModels {
        let models = Models::Listed(models.iter().map(|&m| m.into()).collect());
        ProviderModels { provider: provider.into(), models }
    }

    fn providers_of(table: &RouteTable, model: &str) -> Option<String> {
        let route = table.find(model)?;
        let names: Vec<_> =
            route.candidates().iter().map(|c| format!("{}:{}", c.provider, c.model)).collect();
        Some(names.join(" "))
    }

    #[test]
    fn a_listed_model_has_its_bare_and_its_full_name() {
        let table = RouteTable::new(vec![], &[listed("a", &["org/m", "n"]), listed("b", &["n"])]);
        assert_eq!(providers_of(&table, "org/m").unwrap(), "a:org/m");
        assert_eq!(providers_of(&table, "a/org/m").unwrap(), "a:org/m");
        assert_eq!(providers_of(&table, "n").unwrap(), "a:n b:n");
        assert_eq!(providers_of(&table, "b/n").unwrap(), "b:n");
        assert_eq!(providers_of(&table, "b/org/m"), None);
        assert_eq!(providers_of(&table, ""), None);
    }

    #[test]
    fn a_configured_route_wins_over_a_bare_name() {
        let there: Arc<str> = "big".into();
        let route = Route::try_new(
            "n".into(),
            vec![candidate(&"b".into(), &there, 0)],
            FallbackOn::default(),
        );
        let table = RouteTable::new(vec![route.unwrap()], &[listed("a", &["n"])]);
        assert_eq!(providers_of(&table, "n").unwrap(), "b:big");
        assert_eq!(providers_of(&table, "a/n").unwrap(), "a:n");
    }

    #[test]
    fn an_open_provider_takes_any_model_by_its_full_name() {
        let open = ProviderModels { provider: "hub".into(), models: Models::Any };
        let table = RouteTable::new(vec![], &[open]);
        assert_eq!(providers_of(&table, "hub/org/m").unwrap(), "hub:org/m");
        assert_eq!(providers_of(&table, "org/m"), None);
        assert_eq!(table.iter().count(), 0);
    }
}
