//! What routes can name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::ids::{ModelName, ProviderId};
use crate::problem::{Problems, element_path, member_path};
use crate::route::Route;
use crate::suggestion::did_you_mean;

/// What providers there are and which models they list, wherever they come from.
#[derive(Clone, Debug, Default)]
pub struct Offered(BTreeMap<String, BTreeSet<String>>);

impl Offered {
    /// Of ids of providers and the models that each lists; `None` for one that discovers them,
    /// which is taken to have any.
    #[must_use]
    pub fn new(providers: impl IntoIterator<Item = (String, Option<Vec<String>>)>) -> Self {
        let providers = providers.into_iter();
        Self(providers.map(|(id, models)| (id, models.into_iter().flatten().collect())).collect())
    }

    /// Of a list of providers as it was written, those with problems among them: so a route that
    /// names one of those is not blamed.
    pub(crate) fn written(providers: Option<&Value>) -> Self {
        let providers = providers.and_then(Value::as_array);
        let mut offered: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for provider in providers.map_or(&[][..], Vec::as_slice) {
            if let Some(id) = provider.get("id").and_then(Value::as_str) {
                let models = provider.get("models").and_then(Value::as_array);
                let models = models.map_or(&[][..], Vec::as_slice).iter();
                let offered = offered.entry(id.to_owned()).or_default();
                offered.extend(models.filter_map(Value::as_str).map(str::to_owned));
            }
        }
        Self(offered)
    }

    /// Reports what a route names that is not there. Paths start at the route's members.
    pub fn check(&self, route: &Route, problems: &mut Problems) {
        self.check_route_name(&route.model, ("", problems));
        for (index, candidate) in route.candidates.iter().enumerate() {
            let path = element_path("candidates", index);
            let named = (Some(&candidate.provider), Some(&candidate.model));
            self.check_candidate(named, (&path, problems));
        }
    }

    /// `provider-id/…` is how callers name a provider directly.
    pub(crate) fn check_route_name(
        &self,
        model: &ModelName,
        (path, problems): (&str, &mut Problems),
    ) {
        let first = model.as_str().split_once('/').map(|(first, _)| first);
        if let Some(provider) = first.filter(|first| self.0.contains_key(*first)) {
            problems.report(
                member_path(path, "model"),
                format!("{:?} names a model of provider {provider:?}", model.as_str()),
                "choose a name that does not start with a provider's id and a slash",
            );
        }
    }

    /// A provider that lists no model discovers them, or has been reported.
    pub(crate) fn check_candidate(
        &self,
        (provider, model): (Option<&ProviderId>, Option<&ModelName>),
        (path, problems): (&str, &mut Problems),
    ) {
        let Some(provider) = provider.map(ProviderId::as_str) else {
            return;
        };
        let Some(models) = self.0.get(provider) else {
            let fix = did_you_mean(provider, self.0.keys().map(String::as_str));
            let message = format!("unknown provider {provider:?}");
            problems.report(member_path(path, "provider"), message, fix);
            return;
        };
        let model = model.map(ModelName::as_str).filter(|model| !models.contains(*model));
        if let Some(model) = model.filter(|_| !models.is_empty()) {
            let message = format!("provider {provider:?} does not list model {model:?}");
            let fix = did_you_mean(model, models.iter().map(String::as_str));
            problems.report(member_path(path, "model"), message, fix);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_is_checked_against_providers_of_any_origin() {
        let offered = Offered::new([
            ("main".to_owned(), Some(vec!["m-large".to_owned()])),
            ("local".to_owned(), None),
        ]);
        for (route, expected) in [
            (json!({"model": "r", "candidates": [{"provider": "main", "model": "m-large"}]}), None),
            (json!({"model": "r", "candidates": [{"provider": "local", "model": "any"}]}), None),
            (
                json!({"model": "r", "candidates": [
                    {"provider": "local", "model": "any"}, {"provider": "mian", "model": "x"}]}),
                Some("candidates[1].provider: unknown provider \"mian\"; did you mean \"main\"?"),
            ),
            (
                json!({"model": "r", "candidates": [{"provider": "main", "model": "m-larg"}]}),
                Some(
                    "candidates[0].model: provider \"main\" does not list model \"m-larg\"; did you mean \"m-large\"?",
                ),
            ),
            (
                json!({"model": "local/x", "candidates": [{"provider": "local", "model": "x"}]}),
                Some(
                    "model: \"local/x\" names a model of provider \"local\"; choose a name that does not start with a provider's id and a slash",
                ),
            ),
        ] {
            let mut problems = Problems::default();
            offered.check(&Route::from_document(&route).unwrap(), &mut problems);
            let problems = problems.into_vec();
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(texts, Vec::from_iter(expected), "{route}");
        }
    }
}
