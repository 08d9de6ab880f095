//! The operator's actions.

use std::path::Path;
use std::sync::Arc;

use secrets::Vault;
use serde_json::{Map, Value};
use store::{BackupSummary, Batch, Store};

use crate::audit_log::{AuditAction, AuditEntry, Change};
use crate::board::{Board, Noun};
use crate::change::not_found;
use crate::edit::{self, Edit};
use crate::entry::{Entry, Resource};
use crate::holdings::Holdings;
use crate::inventory::Inventory;
use crate::maintenance::Retention;
use crate::operator::Acting;
use crate::page::{PageRequest, encode_cursor};
use crate::plugins::Plugins;
use crate::precondition::Precondition;
use crate::problem::AdminProblem;
use crate::shown;
use crate::usage::UsageLedger;
use crate::views::{ListView, View};
use crate::workings::Workings;

/// What is to be changed, and what the operator has seen of it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its sort.
    pub noun: Noun,
    /// Its id; a text that can be none is not found.
    pub id: &'a str,
    /// `If-Match`.
    pub precondition: Precondition,
}

/// What the actions work with.
pub struct AdministrationParts {
    /// Keeps what operators enter.
    pub store: Arc<dyn Store>,
    /// Seals credentials.
    pub vault: Arc<Vault>,
    /// What serves.
    pub board: Arc<dyn Board>,
    /// Counts use.
    pub ledger: Arc<UsageLedger>,
    /// Looks after plugins.
    pub plugins: Arc<dyn Plugins>,
}

/// The operator's actions, one method each.
///
/// What changes something runs to its end once it has begun, even if its future is dropped; then
/// nobody hears how it ended, but the audit log tells.
pub struct Administration {
    pub(crate) workings: Arc<Workings>,
    pub(crate) retention: Retention,
}

impl Administration {
    /// Of its parts and what was loaded from the store. The board serves what was loaded already.
    #[must_use]
    pub fn new(parts: AdministrationParts, inventory: Inventory) -> Self {
        let workings = Arc::new(Workings::new(parts, inventory));
        Self { workings, retention: Retention::DEFAULT }
    }

    /// The same, keeping what was written down for another time.
    #[must_use]
    pub fn with_retention(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// What the store holds.
    #[must_use]
    pub fn holdings(&self) -> Holdings {
        self.workings.now_held().holdings.clone()
    }

    /// A page of the resources of a sort in the order of ids, those of the file among them.
    ///
    /// # Errors
    /// None now; a list that is read from elsewhere may fail.
    pub fn list(&self, noun: Noun, page: &PageRequest) -> Result<ListView, AdminProblem> {
        let after = page.cursor.as_deref();
        let filed = self.workings.parts.board.filed();
        let inventory = self.workings.now_held();
        let misfits = self.workings.parts.board.misfits();
        let filed = shown::filed_of(&filed, noun);
        // One more than the page has, of each: so it is known whether there is another page.
        let most = page.limit.saturating_add(1);
        let of_file = filed.keys().map(String::as_str);
        let of_file = of_file.filter(|id| after.is_none_or(|after| *id > after)).take(most);
        let of_store = inventory.after(noun, after).map(|(id, _)| id).take(most);
        let mut ids: Vec<_> = of_file.chain(of_store).collect();
        ids.sort_unstable();
        ids.dedup();
        let more = ids.len() > page.limit;
        ids.truncate(page.limit);
        let view = |id: &&str| match filed.get(*id) {
            Some(document) => Some(self.workings.view_of_filed(noun, id, document).body),
            None => {
                let entry = inventory.get(noun, id)?;
                Some(shown::stored_view(entry, &misfits, self.workings.last_used(entry)).body)
            }
        };
        let next_cursor = ids.last().filter(|_| more).map(|id| encode_cursor(id));
        Ok(ListView { data: ids.iter().filter_map(view).collect(), next_cursor })
    }

    /// One resource. The file's wins over a stored one of the same id.
    ///
    /// # Errors
    /// [`AdminProblem::NotFound`]
    pub fn show(&self, noun: Noun, id: &str) -> Result<View, AdminProblem> {
        if let Some(document) = shown::filed(&self.workings.parts.board.filed(), noun, id) {
            return Ok(self.workings.view_of_filed(noun, id, document));
        }
        let inventory = self.workings.now_held();
        let entry = inventory.get(noun, id).ok_or_else(|| not_found(noun, id))?;
        Ok(self.workings.view_of(entry))
    }

    /// Makes a resource. The view of a new API key has the key in its member `key`; nothing shows
    /// it again.
    ///
    /// # Errors
    /// [`AdminProblem::Invalid`] with every problem of the document, or of how it fits what else
    /// there is; [`AdminProblem::Exists`]; [`AdminProblem::InUse`] if another resource would not
    /// fit any more; [`AdminProblem::Store`] and [`AdminProblem::Vault`], after which nothing has
    /// changed.
    pub async fn create(
        &self,
        acting: &Acting,
        noun: Noun,
        document: Value,
    ) -> Result<View, AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let change = async move { edit::create(&workings, &acting, (noun, document)).await };
        self.workings.uninterrupted(change).await
    }

    /// Puts a document in place of a stored one.
    ///
    /// # Errors
    /// As [`Administration::create`]; [`AdminProblem::NotFound`]; [`AdminProblem::ReadOnly`];
    /// [`AdminProblem::Stale`]; [`AdminProblem::Conflict`] for a revoked key.
    pub async fn replace(
        &self,
        acting: &Acting,
        target: Target<'_>,
        document: Value,
    ) -> Result<View, AdminProblem> {
        self.update(acting, target, (Edit::Replace, document)).await
    }

    /// Changes members of a stored document (JSON merge patch, RFC 7396).
    ///
    /// # Errors
    /// As [`Administration::replace`].
    pub async fn patch(
        &self,
        acting: &Acting,
        target: Target<'_>,
        patch: Value,
    ) -> Result<View, AdminProblem> {
        self.update(acting, target, (Edit::Patch, patch)).await
    }

    /// Removes a stored resource, its secrets with it.
    ///
    /// # Errors
    /// As [`Administration::replace`]; [`AdminProblem::InUse`] if a route names the provider.
    pub async fn remove(&self, acting: &Acting, target: Target<'_>) -> Result<(), AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let Target { noun, id, precondition } = target;
        let id = id.to_owned();
        let change = async move {
            let target = Target { noun, id: &id, precondition };
            edit::remove(&workings, &acting, target).await
        };
        self.workings.uninterrupted(change).await
    }

    /// Writes a backup to a new file, after the entry that says so, which is in it.
    ///
    /// # Errors
    /// If the entry cannot be stored, or the file not be written.
    pub async fn back_up(&self, acting: &Acting, to: &Path) -> Result<BackupSummary, AdminProblem> {
        let target = self.workings.now_held().latest().to_string();
        let change =
            Change { action: AuditAction::StoreBackup, target: &target, before: None, after: None };
        let puts = vec![AuditEntry::new(acting, change).put()];
        self.workings.commit(Batch { puts, ..Batch::default() }).await?;
        Ok(self.workings.parts.store.back_up(to).await?)
    }

    /// Keeps records.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.workings.parts.store
    }

    /// Counts use.
    pub(crate) fn ledger(&self) -> &UsageLedger {
        &self.workings.parts.ledger
    }

    async fn update(
        &self,
        acting: &Acting,
        target: Target<'_>,
        edit: (Edit, Value),
    ) -> Result<View, AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let Target { noun, id, precondition } = target;
        let id = id.to_owned();
        let change = async move {
            let target = Target { noun, id: &id, precondition };
            edit::update(&workings, &acting, target, edit).await
        };
        self.workings.uninterrupted(change).await
    }
}

impl Workings {
    /// A stored resource as `GET` shows it.
    pub(crate) fn view_of(&self, entry: &Entry) -> View {
        shown::stored_view(entry, &self.parts.board.misfits(), self.last_used(entry))
    }

    fn view_of_filed(&self, noun: Noun, id: &str, document: &Map<String, Value>) -> View {
        let last_used = (noun == Noun::ApiKey).then(|| self.parts.ledger.key_last_used(id));
        shown::filed_view(noun, document, last_used.flatten())
    }

    fn last_used(&self, entry: &Entry) -> Option<time::OffsetDateTime> {
        match &entry.resource {
            Resource::ApiKey(_) => self.parts.ledger.key_last_used(entry.resource.id()),
            Resource::Provider(_) | Resource::Route(_) => None,
        }
    }
}
