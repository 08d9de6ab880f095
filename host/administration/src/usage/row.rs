//! One row: what is counted apart, and the counts.

use std::fmt::Write as _;
use std::sync::Arc;

use exchange::{AccessRecord, Operation, Outcome};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{Kind, Put, Record};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

/// Stands for what is counted together because there is too much of it.
pub(super) const OTHER: &str = "(other)";

/// Longest part of a key in the store; longer ones are replaced by their digest. With it a key has
/// at most 13 + 4 + 4 * 100 bytes, of the 512 that the store takes.
const MAX_PART_BYTES: usize = 100;

const SECONDS_PER_HOUR: i64 = 3600;

/// An hour, by its number since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hour(i64);

impl Hour {
    /// The hour that a time is in.
    pub(super) fn of(at: OffsetDateTime) -> Self {
        Self(at.unix_timestamp().div_euclid(SECONDS_PER_HOUR))
    }

    /// The first hour that begins at a time or after it.
    pub(super) fn from(at: OffsetDateTime) -> Self {
        let hour = Self::of(at);
        if hour.start() < at { Self(hour.0 + 1) } else { hour }
    }

    /// When it begins.
    pub(super) fn start(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0 * SECONDS_PER_HOUR)
            .expect("hours come from times")
            .to_offset(UtcOffset::UTC)
    }

    /// `2026-01-31T09:00:00Z`
    pub(super) fn rfc3339(self) -> String {
        self.start().format(&Rfc3339).expect("years from 1970 to 9000 have four digits")
    }

    /// `2026-01-31`
    pub(super) fn day(self) -> String {
        self.rfc3339().chars().take_while(|c| *c != 'T').collect()
    }

    /// `2026-01-31T09`: keys that begin with it stand in the order of hours.
    pub(super) fn prefix(self) -> String {
        self.rfc3339().chars().take_while(|c| *c != ':').collect()
    }
}

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowKey {
    pub(super) hour: Hour,
    pub(super) api_key: Arc<str>,
    pub(super) provider: Option<Arc<str>>,
    pub(super) model: Option<Arc<str>>,
    pub(super) operation: Operation,
}

impl RowKey {
    /// Where a request counts; `None` if it does not.
    pub(super) fn of(record: &AccessRecord, hour: Hour) -> Option<Self> {
        Some(Self {
            hour,
            api_key: record.caller.clone()?,
            provider: record.provider.clone(),
            model: record.model.clone(),
            operation: record.operation?,
        })
    }

    /// Its key in the store: the parts in order, `|` between them. An absent part is empty; a
    /// present one is never, and neither `|` nor `%` nor a control character stands in it as
    /// itself, so that no two rows have one key.
    pub(super) fn stored(&self) -> String {
        let mut key = self.hour.prefix();
        let parts = [Some(&*self.api_key), self.provider.as_deref(), self.model.as_deref()];
        for part in parts {
            key.push('|');
            if let Some(part) = part {
                push_part(&mut key, part);
            }
        }
        key.push('|');
        key.push_str(self.operation.as_str());
        key
    }
}

fn push_part(key: &mut String, part: &str) {
    let start = key.len();
    if part.is_empty() {
        key.push('%');
    }
    for c in part.chars() {
        if c.is_control() || matches!(c, '|' | '%' | '#') {
            let _ = write!(key, "%{:02x}", u32::from(c));
        } else {
            key.push(c);
        }
    }
    if key.len() - start > MAX_PART_BYTES {
        key.truncate(start);
        key.push('#');
        for byte in Sha256::digest(part) {
            let _ = write!(key, "{byte:02x}");
        }
    }
}

/// Requests and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageCounts {
    /// Requests, however they ended.
    pub requests: u64,
    /// Requests that ended in a failure; those whose caller went away are none.
    pub failed_requests: u64,
    /// Tokens of requests, as the provider counted.
    pub prompt_tokens: u64,
    /// Tokens of replies, reasoning included.
    pub completion_tokens: u64,
    /// Part of `prompt_tokens` that a cache served.
    pub cached_tokens: u64,
    /// Part of `completion_tokens` spent on reasoning.
    pub reasoning_tokens: u64,
}

impl UsageCounts {
    /// Those of one request.
    pub(super) fn of(record: &AccessRecord) -> Self {
        let usage = record.usage.unwrap_or_default();
        Self {
            requests: 1,
            failed_requests: u64::from(matches!(record.outcome, Outcome::Failed(_))),
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cached_tokens: usage.cached_tokens,
            reasoning_tokens: usage.reasoning_tokens,
        }
    }

    /// Adds others. A count that is full stays full: providers say what they like.
    pub(super) fn add(&mut self, other: Self) {
        let pairs = [
            (&mut self.requests, other.requests),
            (&mut self.failed_requests, other.failed_requests),
            (&mut self.prompt_tokens, other.prompt_tokens),
            (&mut self.completion_tokens, other.completion_tokens),
            (&mut self.cached_tokens, other.cached_tokens),
            (&mut self.reasoning_tokens, other.reasoning_tokens),
        ];
        for (count, more) in pairs {
            *count = count.saturating_add(more);
        }
    }
}

/// A row as it is kept. Reports read this, never the key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredRow {
    pub(super) hour: String,
    pub(super) api_key: String,
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
    pub(super) operation: String,
    #[serde(flatten)]
    pub(super) counts: UsageCounts,
}

impl StoredRow {
    /// A row as it was kept, or `None` if the record holds something else.
    pub(super) fn read(record: &Record) -> Option<Self> {
        let row = serde_json::from_slice(&record.body).ok();
        if row.is_none() {
            tracing::warn!(key = record.key, "a record of use cannot be read");
        }
        row
    }

    /// The write of a row.
    pub(super) fn put(key: &RowKey, counts: UsageCounts) -> Put {
        let row = Self {
            hour: key.hour.rfc3339(),
            api_key: key.api_key.to_string(),
            provider: key.provider.as_deref().map(str::to_owned),
            model: key.model.as_deref().map(str::to_owned),
            operation: key.operation.as_str().to_owned(),
            counts,
        };
        let body = serde_json::to_vec(&row).expect("a row has text keys only");
        Put { kind: Kind::Usage, key: Some(key.stored()), body }
    }

    /// Its hour; `None` if that cannot be read.
    pub(super) fn hour(&self) -> Option<Hour> {
        OffsetDateTime::parse(&self.hour, &Rfc3339).ok().map(Hour::of)
    }
}
