//! Master keys: a new one begins, and what older ones wrap is wrapped by it, a little at a time.
//!
//! Every step may be the last one before a crash. A new key is durable before anything is wrapped
//! by it; each commit leaves every secret openable; older keys are forgotten only when no record
//! needs them. What was not finished is found at the next start.

use std::sync::{Arc, MutexGuard, PoisonError};

use secrets::{Vault, VaultProblem};
use serde_json::json;
use store::Batch;

use crate::administration::Administration;
use crate::audit_log::{AuditAction, AuditEntry, Change};
use crate::board::Noun;
use crate::entry::{Entry, Resource};
use crate::inventory::Inventory;
use crate::loading::place;
use crate::operator::Acting;
use crate::problem::AdminProblem;
use crate::records::{SealedCredentials, SealedSecret};
use crate::views::MasterKeyView;
use crate::workings::Workings;

/// Providers whose secrets are wrapped in one commit: so operators do not wait long, and the batch
/// is far from the most that a store takes.
const PROVIDERS_A_COMMIT: usize = 8;

impl Administration {
    /// Begins a new master key. What is stored is wrapped by it in the background, while
    /// everything serves.
    ///
    /// # Errors
    /// [`AdminProblem::Conflict`] if the key is not the gateway's to change;
    /// [`AdminProblem::Vault`] if it cannot be kept; [`AdminProblem::Store`] if the entry of the
    /// audit log cannot be stored: the new key is valid then.
    pub async fn rotate_master_key(&self, acting: &Acting) -> Result<MasterKeyView, AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let change = async move {
            let _turn = workings.turn().await;
            let vault = &workings.parts.vault;
            let before = vault.current_key();
            let current = vault.rotate().await.map_err(|problem| match problem {
                VaultProblem::Refused(text) => AdminProblem::Conflict(text),
                problem => problem.into(),
            })?;
            let change = Change {
                action: AuditAction::MasterKeyRotate,
                target: &current,
                before: Some(json!({ "current": before })),
                after: Some(json!({ "current": current })),
            };
            workings.wake.notify_one();
            let puts = vec![AuditEntry::new(&acting, change).put()];
            workings.commit(Batch { puts, ..Batch::default() }).await?;
            Ok(workings.master_key())
        };
        self.workings.uninterrupted(change).await
    }

    /// Which master key is valid, and how many secrets it wraps.
    #[must_use]
    pub fn master_key(&self) -> MasterKeyView {
        self.workings.master_key()
    }
}

/// What a round of wrapping came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewrap {
    /// There may be more.
    GoOn,
    /// What is left cannot be wrapped now, or nothing is.
    Done,
}

impl Workings {
    fn master_key(&self) -> MasterKeyView {
        let current = self.parts.vault.current_key();
        let inventory = self.now_held();
        let secrets = || inventory.after(Noun::Provider, None).flat_map(|(_, it)| secrets(it));
        let rewrapped = secrets().filter(|secret| secret.sealed.key() == current).count();
        let remaining = secrets().count() - rewrapped;
        MasterKeyView { current, rewrapped, remaining }
    }

    /// Wraps the secrets of some providers by the current key and stores that in one commit.
    ///
    /// # Errors
    /// If the key cannot be used now, or the store takes nothing; it is to be tried again later.
    pub(crate) async fn rewrap_some(&self) -> Result<Rewrap, AdminProblem> {
        let turn = self.turn().await;
        let vault = &self.parts.vault;
        let current = vault.current_key();
        if self.wrapped_by().as_ref() == Some(&current) {
            return Ok(Rewrap::Done);
        }
        let mut rewrapped = Vec::new();
        for (_, entry) in turn.inventory.after(Noun::Provider, None) {
            if rewrapped.len() == PROVIDERS_A_COMMIT {
                break;
            }
            rewrapped.extend(rewrap(vault, entry).await?);
        }
        if rewrapped.is_empty() {
            retire_others(vault, &turn.inventory).await?;
            *self.wrapped_by() = Some(current);
            return Ok(Rewrap::Done);
        }
        turn.rewrite(rewrapped, None).await?;
        Ok(Rewrap::GoOn)
    }

    fn wrapped_by(&self) -> MutexGuard<'_, Option<String>> {
        self.wrapped_by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry with all its secrets wrapped by the current key, as far as that is possible; `None`
/// if nothing of it changes.
///
/// # Errors
/// If the key cannot be used now.
async fn rewrap(vault: &Vault, entry: &Entry) -> Result<Option<Entry>, VaultProblem> {
    let Resource::Provider(provider) = &entry.resource else { return Ok(None) };
    let id = entry.resource.id();
    let mut credentials = provider.credentials.clone();
    let mut changed = false;
    for (slot, secret) in secrets_mut(&mut credentials) {
        match vault.rewrap(&secret.sealed, &place(id, slot, secret)).await {
            Ok(Some(sealed)) => {
                secret.sealed = sealed;
                changed = true;
            }
            Ok(None) => {}
            Err(problem @ VaultProblem::Wrapper(_)) => return Err(problem),
            // Waiting does not help; it stays as it is.
            Err(problem) => tracing::warn!(
                provider.id = id,
                "a secret of slot {slot:?} is not wrapped by the current master key: {problem}"
            ),
        }
    }
    Ok(changed.then(|| entry.with_credentials(credentials)))
}

/// Forgets older keys if nothing that is stored needs them. A damaged record may.
async fn retire_others(vault: &Vault, inventory: &Inventory) -> Result<(), VaultProblem> {
    let current = vault.current_key();
    let mut stored = inventory.after(Noun::Provider, None).flat_map(|(_, entry)| secrets(entry));
    let needed = stored.any(|secret| secret.sealed.key() != current);
    let mut damaged = inventory.damaged().iter().map(|damage| damage.kind);
    if needed || damaged.any(|kind| kind == Noun::Provider.kind()) {
        return Ok(());
    }
    vault.retire_others().await
}

fn secrets(entry: &Entry) -> impl Iterator<Item = &SealedSecret> {
    let credentials = match &entry.resource {
        Resource::Provider(provider) => Some(&provider.credentials),
        Resource::ApiKey(_) | Resource::Route(_) => None,
    };
    credentials.into_iter().flat_map(|credentials| {
        let previous = credentials.previous.iter().flat_map(|it| it.slots.values().flatten());
        credentials.slots.values().chain(previous)
    })
}

fn secrets_mut(
    credentials: &mut SealedCredentials,
) -> impl Iterator<Item = (&String, &mut SealedSecret)> {
    let previous = credentials.previous.iter_mut().flat_map(|previous| {
        let slots = previous.slots.iter_mut();
        slots.filter_map(|(slot, secret)| Some((slot, secret.as_mut()?)))
    });
    credentials.slots.iter_mut().chain(previous)
}
