//! Pages, export and the end of an entry's time.

use serde::Serialize;
use store::{Batch, Kind, PageQuery, Store};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::entry::AuditEntry;
use super::query::{AuditFilter, AuditQuery};
use crate::administration::Administration;
use crate::page::encode_cursor;
use crate::problem::AdminProblem;

/// Records that are read from the store at once.
const STORE_PAGE_RECORDS: usize = 200;

/// Records that one page or chunk looks at, so that a rare filter cannot keep the disk busy.
const MAX_LOOKED_AT: usize = 2000;

/// Most entries of a chunk of the export.
const CHUNK_ENTRIES: usize = 200;

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    /// `list`
    #[schema(example = "list")]
    pub object: &'static str,
    /// The entries. May be fewer than asked for, or none, though there are more: a page looks at
    /// 2000 entries at most.
    pub data: Vec<AuditEntry>,
    /// What stands for the next page; `null` on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Some entries of an export, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditChunk {
    /// The entries; may be none though there are more.
    pub entries: Vec<AuditEntry>,
    /// After which entry the next chunk begins; `None` after the last one.
    pub next: Option<String>,
}

impl Administration {
    /// A page of the audit log.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, AdminProblem> {
        page(self.store(), query).await
    }

    /// The entries of an export after the one that the last chunk named as `next`, from the
    /// oldest on if `None`. Whoever streams asks again until `next` is `None`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn audit_chunk(
        &self,
        filter: &AuditFilter,
        after: Option<String>,
    ) -> Result<AuditChunk, AdminProblem> {
        chunk(self.store(), filter, after).await
    }
}

/// [`Administration::audit`]
async fn page(store: &dyn Store, query: &AuditQuery) -> Result<AuditPage, AdminProblem> {
    let scan = Scan {
        after: query.page.cursor.clone(),
        max_entries: query.page.limit,
        newest_first: true,
    };
    let (data, next) = scan.run(store, &query.filter).await?;
    Ok(AuditPage { object: "list", data, next_cursor: next.as_deref().map(encode_cursor) })
}

/// [`Administration::audit_chunk`]
async fn chunk(
    store: &dyn Store,
    filter: &AuditFilter,
    after: Option<String>,
) -> Result<AuditChunk, AdminProblem> {
    let scan = Scan { after, max_entries: CHUNK_ENTRIES, newest_first: false };
    let (entries, next) = scan.run(store, filter).await?;
    Ok(AuditChunk { entries, next })
}

/// Removes entries older than some days and says how many. Entries whose time cannot be read stay.
///
/// # Errors
/// If the store does not take it; what was removed until then stays so.
pub(crate) async fn retire(
    store: &dyn Store,
    now: OffsetDateTime,
    days: u32,
) -> Result<usize, AdminProblem> {
    let oldest = now - Duration::days(i64::from(days));
    let filter = AuditFilter::before(oldest);
    let (mut after, mut removed) = (None, 0);
    loop {
        let chunk = chunk(store, &filter, after).await?;
        let old = chunk.entries.iter().filter(|entry| entry.time().is_some());
        let removals: Vec<_> = old.map(|entry| (Kind::Audit, entry.id.clone())).collect();
        if !removals.is_empty() {
            removed += removals.len();
            store.commit(Batch { removals, ..Batch::default() }).await?;
        }
        let Some(next) = chunk.next else { return Ok(removed) };
        after = Some(next);
    }
}

/// A walk over entries that ends where enough was found or looked at.
struct Scan {
    after: Option<String>,
    max_entries: usize,
    newest_first: bool,
}

impl Scan {
    /// What was found, and the last key looked at if there is more behind it.
    async fn run(
        mut self,
        store: &dyn Store,
        filter: &AuditFilter,
    ) -> Result<(Vec<AuditEntry>, Option<String>), AdminProblem> {
        let mut found = Vec::new();
        let mut looked_at = 0;
        while looked_at < MAX_LOOKED_AT {
            let query = PageQuery {
                after: self.after.clone(),
                limit: STORE_PAGE_RECORDS,
                descending: self.newest_first,
            };
            let page = store.page(Kind::Audit, query).await?;
            // A page of damaged records only would be the same one for ever.
            let more = page.more && !page.records.is_empty();
            let mut records = page.records.into_iter();
            while let Some(record) = records.next() {
                looked_at += 1;
                self.after = Some(record.key.clone());
                let Some(entry) = AuditEntry::read(record) else { continue };
                if filter.ends_at(&entry, self.newest_first) {
                    return Ok((found, None));
                }
                if filter.admits(&entry) {
                    found.push(entry);
                }
                if found.len() == self.max_entries {
                    let more = more || records.len() > 0;
                    return Ok((found, self.after.filter(|_| more)));
                }
            }
            if !more {
                return Ok((found, None));
            }
        }
        Ok((found, self.after))
    }
}
