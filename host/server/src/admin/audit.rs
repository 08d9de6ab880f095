//! What operators did, and what callers used.

use std::sync::Arc;

use administration::{AdminProblem, AuditChunk, AuditFilter, AuditQuery, UsageQuery};
use bytes::Bytes;
use exchange::Failure;
use futures_util::stream;
use http::{HeaderValue, header};
use time::OffsetDateTime;

use super::AdminParts;
use super::access::Viewing;
use super::answer::Answer;
use super::asked::Asked;
use super::resources::Answered;

/// `GET /admin/audit`
pub(crate) async fn page(who: Viewing, asked: Asked) -> Answered {
    let query = AuditQuery::parse(asked.query())?;
    Ok(Answer::document(&who.administration().audit(&query).await?))
}

/// `GET /admin/audit/export`: one entry a line, read from the store as it is sent. An export that
/// cannot be read to its end breaks off, so that nobody takes it for whole.
pub(crate) async fn export(who: Viewing, asked: Asked) -> Answered {
    let filter = AuditFilter::parse(asked.query())?;
    // What cannot be read at all is still answered with a status.
    let first = who.administration().audit_chunk(&filter, None).await?;
    let export = Export { parts: Arc::clone(who.parts()), filter, next: Some(first) };
    let chunks = stream::try_unfold(export, Export::step);
    let answer = Answer::chunks("application/x-ndjson", Box::pin(chunks), None);
    let disposition = HeaderValue::from_static("attachment; filename=\"audit.ndjson\"");
    Ok(answer.with(header::CONTENT_DISPOSITION, disposition))
}

/// `GET /admin/usage`
pub(crate) async fn usage(who: Viewing, asked: Asked) -> Answered {
    let query = UsageQuery::parse(asked.query(), OffsetDateTime::now_utc())?;
    Ok(Answer::document(&who.administration().usage(&query).await?))
}

/// An export on its way: at most one chunk of entries is held.
struct Export {
    parts: Arc<AdminParts>,
    filter: AuditFilter,
    /// What is sent next; `None` after the last one.
    next: Option<AuditChunk>,
}

impl Export {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, Failure> {
        loop {
            let Some(chunk) = self.next.take() else { return Ok(None) };
            let mut lines = Vec::new();
            for entry in &chunk.entries {
                serde_json::to_writer(&mut lines, entry).expect("an entry has a JSON");
                lines.push(b'\n');
            }
            if let Some(after) = chunk.next {
                let asked = self.parts.administration.audit_chunk(&self.filter, Some(after));
                self.next = Some(asked.await.map_err(broken)?);
            }
            if !lines.is_empty() {
                return Ok(Some((lines.into(), self)));
            }
        }
    }
}

fn broken(problem: AdminProblem) -> Failure {
    Failure::new(problem.kind(), problem.to_string())
}
