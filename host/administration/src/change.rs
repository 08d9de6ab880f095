//! The way of every change: judged, committed with its audit entry, then switched to.

use std::collections::HashSet;
use std::sync::Arc;

use resources::Problem;
use store::{Batch, Expectation, Kind, MAX_BODY_BYTES, Put, StoreProblem};
use tokio::sync::MutexGuard;

use crate::administration::Target;
use crate::audit_log::{AuditAction, AuditEntry, Change};
use crate::board::{Misfit, Noun};
use crate::entry::{Entry, Resource};
use crate::inventory::Inventory;
use crate::operator::Acting;
use crate::problem::AdminProblem;
use crate::records::SealedCredentials;
use crate::shown;
use crate::workings::Workings;

/// Largest document, as JSON.
const MAX_DOCUMENT_BYTES: usize = MAX_BODY_BYTES / 4;

/// The turn of one change. No other one happens until it is dropped.
pub(crate) struct Turn<'a> {
    /// What all actions share.
    pub(crate) workings: &'a Workings,
    /// What the store holds; nobody else replaces it.
    pub(crate) inventory: Arc<Inventory>,
    _guard: MutexGuard<'a, ()>,
}

/// A change that was read, and not yet judged.
pub(crate) struct Draft {
    /// What is done, for the audit log.
    pub(crate) action: AuditAction,
    /// What is there; `None` if it is made.
    pub(crate) before: Option<Arc<Entry>>,
    /// What there shall be.
    pub(crate) after: Entry,
    /// Whether it must serve.
    pub(crate) fit: Fit,
}

/// Whether a change is refused where what it writes does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is.
    Required,
    /// It is done anyway: taking a key back must always be possible.
    Indifferent,
}

impl Workings {
    /// Waits for the turn.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let guard = self.turn.lock().await;
        Turn { workings: self, inventory: self.now_held(), _guard: guard }
    }
}

impl Turn<'_> {
    /// The stored resource of an id, if it is what the operator has seen.
    ///
    /// # Errors
    /// [`AdminProblem::ReadOnly`], [`AdminProblem::NotFound`], [`AdminProblem::Stale`], and
    /// [`AdminProblem::Conflict`] if its record is damaged.
    pub(crate) fn find(&self, target: Target<'_>) -> Result<Arc<Entry>, AdminProblem> {
        find(self.workings, &self.inventory, target)
    }

    /// Refuses an id that is taken.
    ///
    /// # Errors
    /// [`AdminProblem::Exists`], and [`AdminProblem::Conflict`] if a damaged record has it.
    pub(crate) fn check_free(&self, noun: Noun, id: &str) -> Result<(), AdminProblem> {
        let filed = shown::filed(&self.workings.parts.board.filed(), noun, id).is_some();
        if filed || self.inventory.get(noun, id).is_some() {
            return Err(AdminProblem::Exists { noun, id: id.to_owned() });
        }
        if self.inventory.is_damaged(noun, id) { Err(damaged(noun, id)) } else { Ok(()) }
    }

    /// Does it: afterwards it is on the disk and serves, or nothing has changed.
    ///
    /// # Errors
    /// If it does not fit, if others would not fit any more, or if the store does not take it.
    pub(crate) async fn write(
        self,
        acting: &Acting,
        draft: Draft,
    ) -> Result<Arc<Entry>, AdminProblem> {
        let Draft { action, before, after, fit } = draft;
        let (noun, id) = (after.resource.noun(), after.resource.id().to_owned());
        let expected = before
            .as_ref()
            .map_or(Expectation::Absent, |before| Expectation::Revision(before.written_by));
        let entry = AuditEntry::new(
            acting,
            Change {
                action,
                target: &id,
                before: before.as_ref().map(|before| shown::audited(before)),
                after: Some(shown::audited(&after)),
            },
        );
        let record = Put { kind: noun.kind(), key: Some(id.clone()), body: after.body() };
        if fit == Fit::Required {
            check_size(&after, &record)?;
        }
        let batch = Batch {
            expectations: vec![(noun.kind(), id.clone(), expected)],
            puts: vec![record, entry.put()],
            removals: Vec::new(),
        };
        let inventory = self.inventory.with(after);
        let next = Next { noun, id: id.clone(), inventory, fit };
        let inventory = self.carry_out(next, batch).await?;
        inventory.get(noun, &id).cloned().ok_or_else(|| not_found(noun, &id))
    }

    /// Removes the entry of an id, or what is damaged there.
    ///
    /// # Errors
    /// As [`Turn::write`].
    pub(crate) async fn erase(
        self,
        acting: &Acting,
        (action, noun, id): (AuditAction, Noun, &str),
    ) -> Result<(), AdminProblem> {
        let before = self.inventory.get(noun, id);
        let entry = AuditEntry::new(
            acting,
            Change {
                action,
                target: id,
                before: before.map(|before| shown::audited(before)),
                after: None,
            },
        );
        let expectations = before
            .map(|before| (noun.kind(), id.to_owned(), Expectation::Revision(before.written_by)));
        let mut removals = vec![(noun.kind(), id.to_owned())];
        if noun == Noun::ApiKey {
            removals.push((Kind::KeyUse, id.to_owned()));
        }
        let expectations = expectations.into_iter().collect();
        let batch = Batch { expectations, puts: vec![entry.put()], removals };
        let inventory = self.inventory.without(noun, id);
        let next = Next { noun, id: id.to_owned(), inventory, fit: Fit::Required };
        let workings = self.workings;
        self.carry_out(next, batch).await?;
        if noun == Noun::ApiKey {
            workings.parts.ledger.forget_key(id);
        }
        Ok(())
    }

    /// Destroys what a rotation replaced.
    ///
    /// # Errors
    /// If the store does not take it.
    pub(crate) async fn forget_previous(
        self,
        acting: &Acting,
        before: &Entry,
    ) -> Result<(), AdminProblem> {
        let Resource::Provider(provider) = &before.resource else { return Ok(()) };
        let credentials = SealedCredentials { previous: None, ..provider.credentials.clone() };
        let after = before.with_credentials(credentials);
        let entry = AuditEntry::new(
            acting,
            Change {
                action: AuditAction::ProviderUpdate,
                target: before.resource.id(),
                before: Some(shown::audited(before)),
                after: Some(shown::audited(&after)),
            },
        );
        self.rewrite(vec![after], Some(entry.put())).await
    }

    /// Stores entries that are only kept in another way: entity tags stay, so that an operator's
    /// is not stale for what no operator did, and what serves is not touched.
    ///
    /// # Errors
    /// If the store does not take it.
    pub(crate) async fn rewrite(
        self,
        entries: Vec<Entry>,
        audit: Option<Put>,
    ) -> Result<(), AdminProblem> {
        let mut batch = Batch::default();
        for entry in &entries {
            let (kind, key) = (entry.resource.noun().kind(), entry.resource.id().to_owned());
            let expected = Expectation::Revision(entry.written_by);
            batch.expectations.push((kind, key.clone(), expected));
            batch.puts.push(Put { kind, key: Some(key), body: entry.body_keeping_etag() });
        }
        batch.puts.extend(audit);
        let revision = self.workings.commit(batch).await?;
        let next = self.inventory.rewritten(entries, revision);
        self.workings.inventory.store(Arc::new(next));
        Ok(())
    }

    async fn carry_out(self, next: Next, batch: Batch) -> Result<Arc<Inventory>, AdminProblem> {
        let board = &self.workings.parts.board;
        let fitting = board.fit(next.inventory.holdings.clone()).await;
        // While a fitting is there the file is not reloaded, so both lists tell of the same file.
        judge(&next, &board.misfits(), fitting.misfits())?;
        let Next { noun, id, inventory, .. } = next;
        let revision = self.workings.commit(batch).await.map_err(|problem| match problem {
            // Only a record that was damaged at start and is not any more can be there unknown.
            StoreProblem::Conflict { found: Some(current), .. } => {
                AdminProblem::Stale { noun, id: id.clone(), current }
            }
            problem => problem.into(),
        })?;
        // From here to the end nothing waits: what is on the disk serves.
        fitting.switch();
        let inventory = Arc::new(inventory.committed((noun, &id), revision));
        self.workings.inventory.store(Arc::clone(&inventory));
        Ok(inventory)
    }
}

/// What there is if a change is done.
struct Next {
    noun: Noun,
    id: String,
    inventory: Inventory,
    fit: Fit,
}

/// The stored resource of an id in an inventory, if it is what the operator has seen.
///
/// # Errors
/// As [`Turn::find`].
pub(crate) fn find(
    workings: &Workings,
    inventory: &Inventory,
    target: Target<'_>,
) -> Result<Arc<Entry>, AdminProblem> {
    let Target { noun, id, precondition } = target;
    if shown::filed(&workings.parts.board.filed(), noun, id).is_some() {
        return Err(AdminProblem::ReadOnly { noun, id: id.to_owned() });
    }
    let Some(entry) = inventory.get(noun, id) else {
        return Err(if inventory.is_damaged(noun, id) {
            damaged(noun, id)
        } else {
            not_found(noun, id)
        });
    };
    if precondition.admits(entry.etag) {
        Ok(Arc::clone(entry))
    } else {
        Err(AdminProblem::Stale { noun, id: id.to_owned(), current: entry.etag })
    }
}

/// There is none of this id, whether or not it can be an id.
pub(crate) fn not_found(noun: Noun, id: &str) -> AdminProblem {
    /// As long as the longest id there is.
    const MAX_SHOWN_CHARS: usize = 256;
    AdminProblem::NotFound { noun, id: id.chars().take(MAX_SHOWN_CHARS).collect() }
}

fn damaged(noun: Noun, id: &str) -> AdminProblem {
    AdminProblem::Conflict(format!(
        "the stored record of {noun} {id:?} is damaged; remove it with DELETE and If-Match: *, \
         then make it again"
    ))
}

/// Refuses what could not be kept: a record with its secrets, or an entry of the audit log, which
/// has the document as it was and as it is.
fn check_size(after: &Entry, record: &Put) -> Result<(), AdminProblem> {
    let document_bytes = shown::audited(after).to_string().len();
    let (what, most) = if document_bytes > MAX_DOCUMENT_BYTES {
        ("the document", MAX_DOCUMENT_BYTES)
    } else if record.body.len() > MAX_BODY_BYTES {
        ("the document with its sealed credentials", MAX_BODY_BYTES)
    } else {
        return Ok(());
    };
    Err(AdminProblem::Invalid(vec![Problem {
        path: String::new(),
        message: format!("{what} is over {} KiB", most / 1024),
        fix: "make it smaller".to_owned(),
    }]))
}

/// Refuses what would serve nothing, or what would make something else serve nothing.
fn judge(next: &Next, before: &[Misfit], after: &[Misfit]) -> Result<(), AdminProblem> {
    let changed = (next.noun, next.id.as_str());
    let name = |misfit: &Misfit| (misfit.noun, misfit.id.clone());
    let own = after.iter().find(|misfit| (misfit.noun, misfit.id.as_str()) == changed);
    if let Some(misfit) = own.filter(|_| next.fit == Fit::Required) {
        return Err(AdminProblem::Invalid(misfit.problems.clone()));
    }
    let known: HashSet<_> = before.iter().map(name).collect();
    let others = after.iter().map(name).filter(|(noun, id)| (*noun, id.as_str()) != changed);
    let mut by: Vec<_> = others
        .filter(|misfit| !known.contains(misfit))
        .map(|(noun, id)| format!("{noun} {id:?}"))
        .collect();
    by.sort();
    if by.is_empty() {
        Ok(())
    } else {
        Err(AdminProblem::InUse { noun: next.noun, id: next.id.clone(), by })
    }
}
