//! Pages, export and the end of an entry's time.

use serde::Serialize;
use store::{Batch, Kind, PageQuery, Store};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::entry::AuditEntry;
use super::query::{AuditFilter, AuditQuery};
use crate::administration::Administration;
use crate::moment;
use crate::page::encode_cursor;
use crate::problem::AdminProblem;

/// Records that are read from the store at once; each may have a megabyte.
const STORE_PAGE_RECORDS: usize = 32;

/// Records that one page or chunk looks at, so that a rare filter cannot keep the disk busy.
const MAX_LOOKED_AT: usize = 2000;

/// Entries in a row, beyond the asked time, after which a search ends. Fewer may be what a wrong
/// clock left, with entries that are asked for behind them.
const MAX_STRAYS: usize = 500;

/// Bytes of entries after which a page or chunk ends early: an entry holds two documents, which
/// may be large.
const MAX_FOUND_BYTES: usize = 4 << 20;

/// Most entries of a chunk of the export.
const CHUNK_ENTRIES: usize = 200;

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    /// `list`
    #[schema(example = "list")]
    pub object: &'static str,
    /// The entries. May be fewer than asked for, or none, though there are more: a page looks at
    /// 2000 entries at most, and holds little more than 4 MiB of them.
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
pub(super) async fn page(store: &dyn Store, query: &AuditQuery) -> Result<AuditPage, AdminProblem> {
    let scan = Scan {
        after: query.page.cursor.clone(),
        max_entries: query.page.limit,
        newest_first: true,
    };
    let (data, next) = scan.run(store, &query.filter).await?;
    Ok(AuditPage { object: "list", data, next_cursor: next.as_deref().map(encode_cursor) })
}

/// [`Administration::audit_chunk`]
pub(super) async fn chunk(
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
    let Some(oldest) = moment::days_before(now, days) else { return Ok(0) };
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
        let (mut looked_at, mut found_bytes, mut strays) = (0, 0, 0);
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
                let bytes = record.body.len();
                let Some(entry) = AuditEntry::read(record) else { continue };
                let passed = filter.is_passed_by(&entry, self.newest_first);
                strays = if passed { strays + 1 } else { 0 };
                if strays == MAX_STRAYS {
                    return Ok((found, None));
                }
                if filter.admits(&entry) {
                    found_bytes += bytes;
                    found.push(entry);
                }
                if found.len() == self.max_entries || found_bytes >= MAX_FOUND_BYTES {
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
