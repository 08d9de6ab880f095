//! Public model names and what stands behind them.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::alone::{self, MEMBERS_OF_VIEWS};
use crate::fields::{Element, Fields, Member};
use crate::ids::{ModelName, ProviderId};
use crate::offered::Offered;
use crate::problem::Problem;
use crate::provider::{Retries, Timeouts};

/// A public model name and its candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What callers say.
    pub model: ModelName,
    /// What is tried; at least one.
    pub candidates: Vec<Candidate>,
    /// For which failures of the request itself the next candidate is tried; none.
    pub fallback_on: FallbackOn,
    /// Deadlines beside those of the providers.
    pub timeouts: RouteTimeouts,
    /// When a failed try is repeated; `None` is what the provider says.
    pub retries: Option<Retries>,
}

/// `fallback_on`: failures of the request itself after which another model may still answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FallbackOn {
    /// `"context-too-long"`: the next model may have a larger window.
    pub context_too_long: bool,
    /// `"content-filtered"`: the next provider may accept the content.
    pub content_filtered: bool,
}

/// Deadlines of a route, each 1 ms to 1 h; `None` leaves it to the providers. They make a
/// provider's shorter, never longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteTimeouts {
    /// `total_ms`: all attempts together, with the waits between them.
    pub total: Option<Duration>,
    /// `first_byte_ms`: from sending to the reply's head, in each attempt; not over `total`.
    pub first_byte: Option<Duration>,
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

impl Route {
    /// Reads a document that is one route. Paths of problems start at its members. Whether the
    /// providers are there that it names is not looked at: [`Offered::check`] does that.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn from_document(document: &Value) -> Result<Self, Vec<Problem>> {
        alone::read(document, |fields| {
            fields.ignore(&MEMBERS_OF_VIEWS);
            Self::read(fields, None)
        })
    }

    /// Reads a route, and checks it against what is offered where that is known.
    pub(crate) fn read(fields: &mut Fields<'_, '_>, offered: Option<&Offered>) -> Option<Self> {
        const FIX: &str = "add one: { provider = \"…\", model = \"…\" }";
        let model: Option<ModelName> =
            fields.member("model").required("add the name that callers say").parsed();
        if let (Some(offered), Some(model)) = (offered, &model) {
            let path = fields.path(None);
            offered.check_route_name(model, (&path, fields.problems()));
        }
        let member = fields.member("candidates").required(FIX);
        let empty = member.value == Some(&Value::Array(Vec::new()));
        let candidates = member
            .list(|element: Element<'_, '_>| element.table(|it| Candidate::read(it, offered)));
        if empty {
            fields.report(Some("candidates"), "is empty", FIX);
        }
        let fallback_on = FallbackOn::read(fields.member("fallback_on"));
        let timeouts = fields.member("timeouts").table(RouteTimeouts::read);
        let retries = fields.member("retries").table(Retries::read);
        let timeouts = timeouts.unwrap_or_default();
        Some(Self { model: model?, candidates: candidates?, fallback_on, timeouts, retries })
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

impl RouteTimeouts {
    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let mut read = |name| {
            let found = fields.member(name).integer(Timeouts::RANGE_MS);
            found.map(Duration::from_millis)
        };
        let (total, first_byte) = (read("total_ms"), read("first_byte_ms"));
        if let (Some(total), Some(first_byte)) = (total, first_byte)
            && first_byte > total
        {
            fields.report(
                Some("first_byte_ms"),
                format!("is longer than total_ms ({} ms)", total.as_millis()),
                "make first_byte_ms shorter or total_ms longer",
            );
        }
        Some(Self { total, first_byte })
    }
}

impl Candidate {
    /// What `weight` may be.
    pub const WEIGHTS: RangeInclusive<u64> = 1..=1000;

    /// What `order` may be.
    pub const ORDERS: RangeInclusive<u64> = 0..=1000;

    fn read(fields: &mut Fields<'_, '_>, offered: Option<&Offered>) -> Option<Self> {
        let provider: Option<ProviderId> =
            fields.member("provider").required("name the provider by its id").parsed();
        let model: Option<ModelName> =
            fields.member("model").required("name the model as the provider knows it").parsed();
        let weight = fields.member("weight").integer(Self::WEIGHTS);
        let order = fields.member("order").integer(Self::ORDERS);
        if let Some(offered) = offered {
            let path = fields.path(None);
            offered
                .check_candidate((provider.as_ref(), model.as_ref()), (&path, fields.problems()));
        }
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Some(Self {
            provider: provider?,
            model: model?,
            weight: weight.map_or(1, small),
            order: order.map_or(0, small),
        })
    }
}
