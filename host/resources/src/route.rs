//! Public model names and what stands behind them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::fields::{Element, Fields, Member};
use crate::ids::{ModelName, ProviderId};
use crate::suggestion::did_you_mean;

/// A public model name and its candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What callers say.
    pub model: ModelName,
    /// What is tried; at least one.
    pub candidates: Vec<Candidate>,
    /// For which failures of the request itself the next candidate is tried; none.
    pub fallback_on: FallbackOn,
}

/// `fallback_on`: failures of the request itself after which another model may still answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FallbackOn {
    /// `"context-too-long"`: the next model may have a larger window.
    pub context_too_long: bool,
    /// `"content-filtered"`: the next provider may accept the content.
    pub content_filtered: bool,
}

/// One provider and model to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The provider.
    pub provider: ProviderId,
    /// The model, as the provider knows it.
    pub model: ModelName,
    /// Share of the traffic among candidates of the same order, 1 to 1000; 1.
    pub weight: u32,
    /// Lower ones are tried first, 0 to 1000; 0.
    pub order: u32,
}

/// What providers there are and which models they list, the providers with problems among them:
/// so a route that names one of those is not blamed.
pub(crate) struct OfferedModels<'v>(BTreeMap<&'v str, BTreeSet<&'v str>>);

impl Route {
    pub(crate) fn read(fields: &mut Fields<'_, '_>, offered: &OfferedModels<'_>) -> Option<Self> {
        const FIX: &str = "add one: { provider = \"…\", model = \"…\" }";
        let model: Option<ModelName> =
            fields.member("model").required("add the name that callers say").parsed();
        if let Some(model) = &model {
            offered.check_route_name(fields, model);
        }
        let member = fields.member("candidates").required(FIX);
        let empty = member.value == Some(&Value::Array(Vec::new()));
        let candidates = member
            .list(|element: Element<'_, '_>| element.table(|it| Candidate::read(it, offered)));
        if empty {
            fields.report(Some("candidates"), "is empty", FIX);
        }
        let fallback_on = FallbackOn::read(fields.member("fallback_on"));
        Some(Self { model: model?, candidates: candidates?, fallback_on })
    }
}

impl FallbackOn {
    fn read(member: Member<'_, '_>) -> Self {
        let mut fallback_on = Self::default();
        let found = member.list(|element| {
            element.choice(&[("context-too-long", true), ("content-filtered", false)])
        });
        for context in found.unwrap_or_default() {
            fallback_on.context_too_long |= context;
            fallback_on.content_filtered |= !context;
        }
        fallback_on
    }
}

impl Candidate {
    fn read(fields: &mut Fields<'_, '_>, offered: &OfferedModels<'_>) -> Option<Self> {
        let provider: Option<ProviderId> =
            fields.member("provider").required("name the provider by its id").parsed();
        let model: Option<ModelName> =
            fields.member("model").required("name the model as the provider knows it").parsed();
        let weight = fields.member("weight").integer(1..=1000);
        let order = fields.member("order").integer(0..=1000);
        offered.check_candidate(fields, provider.as_ref(), model.as_ref());
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Some(Self {
            provider: provider?,
            model: model?,
            weight: weight.map_or(1, small),
            order: order.map_or(0, small),
        })
    }
}

impl<'v> OfferedModels<'v> {
    pub(crate) fn of(providers: Option<&'v Value>) -> Self {
        let providers = providers.and_then(Value::as_array);
        let mut offered: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for provider in providers.map_or(&[][..], Vec::as_slice) {
            if let Some(id) = provider.get("id").and_then(Value::as_str) {
                let models = provider.get("models").and_then(Value::as_array);
                let models = models.map_or(&[][..], Vec::as_slice);
                let offered = offered.entry(id).or_default();
                offered.extend(models.iter().filter_map(Value::as_str));
            }
        }
        Self(offered)
    }

    /// `provider-id/…` is how callers name a provider directly.
    fn check_route_name(&self, fields: &mut Fields<'_, '_>, model: &ModelName) {
        let first = model.as_str().split_once('/').map(|(first, _)| first);
        if let Some(provider) = first.filter(|first| self.0.contains_key(first)) {
            fields.report(
                Some("model"),
                format!("{:?} names a model of provider {provider:?}", model.as_str()),
                "choose a name that does not start with a provider's id and a slash",
            );
        }
    }

    /// A provider that lists no model discovers them, or has been reported.
    fn check_candidate(
        &self,
        fields: &mut Fields<'_, '_>,
        provider: Option<&ProviderId>,
        model: Option<&ModelName>,
    ) {
        let Some(provider) = provider.map(ProviderId::as_str) else {
            return;
        };
        let Some(models) = self.0.get(provider) else {
            let fix = did_you_mean(provider, self.0.keys().copied());
            fields.report(Some("provider"), format!("unknown provider {provider:?}"), &fix);
            return;
        };
        let model = model.map(ModelName::as_str).filter(|model| !models.contains(model));
        if let Some(model) = model.filter(|_| !models.is_empty()) {
            let message = format!("provider {provider:?} does not list model {model:?}");
            let fix = did_you_mean(model, models.iter().copied());
            fields.report(Some("model"), message, &fix);
        }
    }
}
