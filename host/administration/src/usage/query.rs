//! What an operator wants to know of use.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::row::Hour;
use crate::parameters::{Parameters, listed};
use crate::problem::AdminProblem;

/// The span of a report where the operator says nothing.
const DEFAULT_SPAN: Duration = Duration::hours(24);

/// Longest span.
const MAX_SPAN: Duration = Duration::days(400);

/// What rows are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dimension {
    ApiKey,
    Provider,
    Model,
    Operation,
    Hour,
    Day,
}

/// In the order of [`UsageQuery::GROUPS`].
const DIMENSIONS: [Dimension; 6] = [
    Dimension::ApiKey,
    Dimension::Provider,
    Dimension::Model,
    Dimension::Operation,
    Dimension::Hour,
    Dimension::Day,
];

/// Of which time, and grouped by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    pub(super) from: Hour,
    /// Not included.
    pub(super) to: Hour,
    pub(super) group_by: BTreeSet<Dimension>,
}

impl UsageQuery {
    /// What rows can be grouped by.
    pub const GROUPS: [&str; 6] = ["api_key", "provider", "model", "operation", "hour", "day"];

    /// What they are grouped by where the operator says nothing.
    pub const DEFAULT_GROUPS: &str = "api_key,model";

    /// Reads the query of `GET /admin/usage`, decoded: `from` and `to` in RFC 3339, the last 24
    /// hours if absent, at most 400 days; `group_by`, a list with commas of `api_key`,
    /// `provider`, `model`, `operation`, `hour`, `day`, by default `api_key,model`; an empty one
    /// asks for the total. Use is counted by the hour: `from` is moved back and `to` forward to
    /// a whole one.
    ///
    /// # Errors
    /// [`AdminProblem::BadRequest`] that names the parameter and what there is.
    pub fn parse(pairs: &[(String, String)], now: OffsetDateTime) -> Result<Self, AdminProblem> {
        let parameters = Parameters::try_new(pairs, &["from", "to", "group_by"])?;
        let to = parameters.time("to")?.unwrap_or(now);
        let from = parameters.time("from")?.unwrap_or(to - DEFAULT_SPAN);
        if from >= to {
            return Err(bad("from is not before to; exchange them or widen the span"));
        }
        if to - from > MAX_SPAN {
            return Err(bad("the span from from to to is longer than 400 days; ask for less"));
        }
        let group_by = dimensions(parameters.text("group_by").unwrap_or(Self::DEFAULT_GROUPS))?;
        Ok(Self { from: Hour::of(from), to: Hour::from(to), group_by })
    }
}

fn dimensions(list: &str) -> Result<BTreeSet<Dimension>, AdminProblem> {
    if list.is_empty() {
        return Ok(BTreeSet::new());
    }
    let read = |name: &str| {
        let mut known = UsageQuery::GROUPS.iter().zip(DIMENSIONS);
        let known = known.find(|(known, _)| **known == name.trim());
        known.map(|(_, dimension)| dimension).ok_or_else(|| {
            let known = listed(&UsageQuery::GROUPS);
            bad(&format!("use cannot be grouped by {name:?}; use {known}"))
        })
    };
    list.split(',').map(read).collect()
}

fn bad(text: &str) -> AdminProblem {
    AdminProblem::BadRequest(text.to_owned())
}
