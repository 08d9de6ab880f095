//! Requests to count, and what a report says of them.

use exchange::{AccessRecord, Usage};
use store::{Kind, Store};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::tests::room::used_by;
use crate::usage::report::report;
use crate::usage::{UsageCounts, UsageLedger, UsageQuery, UsageReport};

/// When these tests happen.
pub(super) const NOON: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

/// A chat request by a key, of 10 and 5 tokens.
pub(super) fn request(key: &str, model: &str) -> AccessRecord {
    AccessRecord {
        model: Some(model.into()),
        provider: Some("main".into()),
        provider_model: Some("m".into()),
        usage: Some(Usage {
            prompt_tokens: 10,
            completion_tokens: 5,
            cached_tokens: 4,
            reasoning_tokens: 3,
        }),
        ..used_by(key)
    }
}

/// What so many of [`request`] come to.
pub(super) fn counts(requests: u64) -> UsageCounts {
    UsageCounts {
        requests,
        failed_requests: 0,
        prompt_tokens: 10 * requests,
        completion_tokens: 5 * requests,
        cached_tokens: 4 * requests,
        reasoning_tokens: 3 * requests,
    }
}

/// The query of these parameters.
pub(super) fn query(pairs: &[(&str, &str)]) -> UsageQuery {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    UsageQuery::parse(&pairs, NOON).unwrap()
}

/// The report of a year around [`NOON`], grouped by these.
pub(super) async fn grouped(store: &dyn Store, ledger: &UsageLedger, by: &str) -> UsageReport {
    let (from, to) = ("2025-08-01T00:00:00Z", "2026-08-01T00:00:00Z");
    let query = query(&[("from", from), ("to", to), ("group_by", by)]);
    report(store, ledger, &query).await.unwrap()
}

/// Everything that was counted.
pub(super) async fn total(store: &dyn Store, ledger: &UsageLedger) -> UsageCounts {
    let report = grouped(store, ledger, "").await;
    report.data.first().map(|row| row.counts).unwrap_or_default()
}

/// Number of stored rows.
pub(super) async fn rows(store: &dyn Store) -> usize {
    store.load(Kind::Usage).await.unwrap().records.len()
}
