//! A log of entries that the test writes itself, at times that it chooses.

use exchange::RequestId;
use serde_json::json;
use store::{Batch, Kind, MemoryStore, Put, Store as _};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::audit_log::entry::Change;
use crate::audit_log::{AuditAction, AuditEntry, AuditFilter, AuditQuery};
use crate::operator::{Acting, Operator, Role};
use crate::problem::AdminProblem;

/// When these tests happen.
pub(super) const NOON: OffsetDateTime = datetime!(2026-01-31 12:00 UTC);

/// What an entry says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed<'a> {
    pub(super) actor: &'a str,
    pub(super) action: AuditAction,
    pub(super) target: &'a str,
    pub(super) at: OffsetDateTime,
}

/// Olivia changes the provider `main` at noon.
pub(super) const DEED: Deed<'_> =
    Deed { actor: "olivia", action: AuditAction::ProviderUpdate, target: "main", at: NOON };

#[derive(Default)]
pub(super) struct Log {
    pub(super) store: MemoryStore,
}

impl Log {
    /// One entry a minute, from noon on.
    pub(super) async fn of_minutes(minutes: i64) -> Self {
        let log = Self::default();
        for minute in 0..minutes {
            log.write(Deed { at: NOON + Duration::minutes(minute), ..DEED }).await;
        }
        log
    }

    /// Writes an entry and returns its id.
    pub(super) async fn write(&self, deed: Deed<'_>) -> String {
        self.write_with(deed, json!({ "id": deed.target })).await
    }

    /// Writes an entry with this document.
    pub(super) async fn write_with(&self, deed: Deed<'_>, after: serde_json::Value) -> String {
        let operator = Operator { subject: deed.actor.to_owned(), role: Role::Admin };
        let acting = Acting { operator, request_id: RequestId::parse("req-1").unwrap() };
        let change =
            Change { action: deed.action, target: deed.target, before: None, after: Some(after) };
        self.put(AuditEntry::at(deed.at, &acting, change).put()).await
    }

    /// Writes a record that is no entry.
    pub(super) async fn write_rubbish(&self, body: &str) -> String {
        self.put(Put { kind: Kind::Audit, key: None, body: body.as_bytes().to_vec() }).await
    }

    async fn put(&self, put: Put) -> String {
        let batch = Batch { puts: vec![put], ..Batch::default() };
        format!("{:020}", self.store.commit(batch).await.unwrap())
    }

    /// Ids of what is stored, oldest first.
    pub(super) async fn ids(&self) -> Vec<String> {
        let records = self.store.load(Kind::Audit).await.unwrap().records;
        records.into_iter().map(|record| record.key).collect()
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn query(pairs: &[(&str, &str)]) -> Result<AuditQuery, AdminProblem> {
    AuditQuery::parse(&owned(pairs))
}

pub(super) fn filter(pairs: &[(&str, &str)]) -> Result<AuditFilter, AdminProblem> {
    AuditFilter::parse(&owned(pairs))
}

pub(super) fn ids(entries: &[AuditEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}
