//! Reports from what is stored, and the end of a row's time.

use std::collections::BTreeMap;

use serde::Serialize;
use store::{Batch, Kind, PageQuery, Record, Store};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::ledger::UsageLedger;
use super::query::{Dimension, UsageQuery};
use super::row::{Hour, StoredRow, UsageCounts};
use crate::administration::Administration;
use crate::moment;
use crate::problem::AdminProblem;

/// Records that are read from the store, or removed from it, at once.
const STORE_PAGE_RECORDS: usize = 500;

/// Most rows of a report.
const MAX_REPORT_ROWS: usize = 10_000;

/// Shown where there was no such part: a request that came to no provider.
const NONE: &str = "(none)";

/// What was used in a span of time.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UsageReport {
    /// `usage`
    #[schema(example = "usage")]
    pub object: &'static str,
    /// Beginning of the first hour that is counted, RFC 3339.
    #[schema(example = "2026-01-31T09:00:00Z", format = DateTime)]
    pub from: String,
    /// End of the last hour that is counted, RFC 3339.
    #[schema(example = "2026-02-01T09:00:00Z", format = DateTime)]
    pub to: String,
    /// One row for each group in which there was a request, in the order of their members.
    pub data: Vec<UsageRow>,
}

/// Counts of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageRow {
    /// What they have in common.
    #[serde(flatten)]
    pub group: UsageGroup,
    /// The counts.
    #[serde(flatten)]
    pub counts: UsageCounts,
}

/// What the requests of a row have in common: the members that were asked for in `group_by`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct UsageGroup {
    /// Id of the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Provider of the last attempt; `(none)` where there was no attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model that the caller named; `(none)` where that is not a configured one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `chat`, `embeddings` or `count-tokens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Beginning of the hour, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01-31T09:00:00Z", format = DateTime)]
    pub hour: Option<String>,
    /// The day, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01-31", format = Date)]
    pub day: Option<String>,
}

impl Administration {
    /// What was used, up to this moment.
    ///
    /// # Errors
    /// If the store cannot be read, or the report would have more than 10 000 rows.
    pub async fn usage(&self, query: &UsageQuery) -> Result<UsageReport, AdminProblem> {
        report(self.store(), self.ledger(), query).await
    }
}

/// [`Administration::usage`]. Flushes first; where the store does not take that, the report is of
/// what was written before.
pub(crate) async fn report(
    store: &dyn Store,
    ledger: &UsageLedger,
    query: &UsageQuery,
) -> Result<UsageReport, AdminProblem> {
    if let Err(problem) = ledger.flush(store).await {
        tracing::warn!(%problem, "a report of use is without what was used since the last flush");
    }
    let mut groups = BTreeMap::<UsageGroup, UsageCounts>::new();
    let mut pages = Pages::after(query.from.prefix());
    'pages: while let Some(records) = pages.next(store).await? {
        for record in &records {
            let Some(row) = StoredRow::read(record) else { continue };
            let Some(hour) = row.hour() else { continue };
            if hour >= query.to {
                break 'pages;
            }
            let counts = row.counts;
            groups.entry(group_of(row, hour, query)).or_default().add(counts);
            if groups.len() > MAX_REPORT_ROWS {
                let text = format!(
                    "the report has more than {MAX_REPORT_ROWS} rows; ask for a shorter span or \
                     group by less"
                );
                return Err(AdminProblem::BadRequest(text));
            }
        }
    }
    let data = groups.into_iter().map(|(group, counts)| UsageRow { group, counts }).collect();
    Ok(UsageReport { object: "usage", from: query.from.rfc3339(), to: query.to.rfc3339(), data })
}

fn group_of(row: StoredRow, hour: Hour, query: &UsageQuery) -> UsageGroup {
    let by = |dimension| query.group_by.contains(&dimension);
    let or_none = |part: Option<String>| part.unwrap_or_else(|| NONE.to_owned());
    UsageGroup {
        api_key: by(Dimension::ApiKey).then_some(row.api_key),
        provider: by(Dimension::Provider).then(|| or_none(row.provider)),
        model: by(Dimension::Model).then(|| or_none(row.model)),
        operation: by(Dimension::Operation).then_some(row.operation),
        hour: by(Dimension::Hour).then(|| hour.rfc3339()),
        day: by(Dimension::Day).then(|| hour.day()),
    }
}

/// Removes rows older than some days and says how many.
///
/// # Errors
/// If the store does not take it; what was removed until then stays so.
pub(crate) async fn retire(
    store: &dyn Store,
    now: OffsetDateTime,
    days: u32,
) -> Result<usize, AdminProblem> {
    let Some(oldest) = moment::days_before(now, days) else { return Ok(0) };
    let oldest = Hour::of(oldest).prefix();
    let mut removed = 0;
    let mut pages = Pages { after: None, more: true };
    while let Some(records) = pages.next(store).await? {
        let seen = records.len();
        let old = records.into_iter().filter(|record| record.key < oldest);
        let removals: Vec<_> = old.map(|record| (Kind::Usage, record.key)).collect();
        let (old, young) = (removals.len(), seen - removals.len());
        if old > 0 {
            store.commit(Batch { removals, ..Batch::default() }).await?;
            removed += old;
        }
        if young > 0 {
            break;
        }
    }
    Ok(removed)
}

/// Walks over stored rows in the order of hours.
struct Pages {
    after: Option<String>,
    more: bool,
}

impl Pages {
    /// Behind a key, or behind what would be there.
    fn after(key: String) -> Self {
        Self { after: Some(key), more: true }
    }

    async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<Record>>, AdminProblem> {
        if !self.more {
            return Ok(None);
        }
        let limit = STORE_PAGE_RECORDS;
        let query = PageQuery { after: self.after.take(), limit, descending: false };
        let page = store.page(Kind::Usage, query).await?;
        let Some(last) = page.records.last() else { return Ok(None) };
        self.after = Some(last.key.clone());
        self.more = page.more;
        Ok(Some(page.records))
    }
}
