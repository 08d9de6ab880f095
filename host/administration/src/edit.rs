//! Documents that operators send: made, replaced, patched, removed.

use std::sync::Arc;

use resources::Problem;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::administration::Target;
use crate::audit_log::AuditAction;
use crate::board::Noun;
use crate::change::{Draft, Fit, Turn};
use crate::documents;
use crate::entry::{Entry, Resource, StoredProvider};
use crate::holdings::HeldRoute;
use crate::keys;
use crate::moment;
use crate::operator::Acting;
use crate::precondition::Precondition;
use crate::problem::AdminProblem;
use crate::providers;
use crate::records::KeyParticulars;
use crate::shown;
use crate::views::View;
use crate::workings::Workings;

type Members = Map<String, Value>;

/// How a document is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// It takes the place of what is there.
    Replace,
    /// It is laid over what is there (JSON merge patch, RFC 7396).
    Patch,
}

/// Makes a resource.
///
/// # Errors
/// As [`crate::Administration::create`].
pub(crate) async fn create(
    workings: &Workings,
    acting: &Acting,
    (noun, document): (Noun, Value),
) -> Result<View, AdminProblem> {
    let mut document = members(document)?;
    shown::forget_view_members(noun, &mut document);
    let turn = workings.turn().await;
    let now = moment::now();
    let (resource, new_key) = match noun {
        Noun::Provider => (read(&turn, document, Basis::Provider(None), now).await?, None),
        Noun::Route => (read(&turn, document, Basis::Route, now).await?, None),
        Noun::ApiKey => {
            let (key, text) = keys::draft_new(document, now)?;
            (Resource::ApiKey(key), Some(text))
        }
    };
    turn.check_free(noun, resource.id())?;
    let after = Entry { written_by: 0, etag: 0, created_at: now, updated_at: now, resource };
    let draft = Draft { action: created(noun), before: None, after, fit: Fit::Required };
    let entry = turn.write(acting, draft).await?;
    let mut view = workings.view_of(&entry);
    if let Some(text) = new_key {
        view.body.insert("key".to_owned(), text.as_str().into());
    }
    Ok(view)
}

/// Replaces or patches a resource.
///
/// # Errors
/// As [`crate::Administration::replace`].
pub(crate) async fn update(
    workings: &Workings,
    acting: &Acting,
    target: Target<'_>,
    (edit, document): (Edit, Value),
) -> Result<View, AdminProblem> {
    let Target { noun, id, .. } = target;
    let document = members(document)?;
    let turn = workings.turn().await;
    let before = turn.find(target)?;
    keys::check_not_revoked(&before)?;
    let mut document = match edit {
        Edit::Replace => document,
        Edit::Patch => {
            let mut patched = shown::document(&before);
            merge(&mut patched, document);
            patched
        }
    };
    shown::forget_view_members(noun, &mut document);
    keep_id(noun, id, &mut document)?;
    if noun == Noun::ApiKey {
        keys::check_state(&document)?;
    }
    let now = moment::now();
    let basis = Basis::of(&before.resource);
    let resource = read(&turn, document, basis, now).await?;
    let after = Entry { resource, updated_at: now, ..Entry::clone(&before) };
    let draft = Draft { action: updated(noun), before: Some(before), after, fit: Fit::Required };
    let entry = turn.write(acting, draft).await?;
    Ok(workings.view_of(&entry))
}

/// Removes a resource, or what is damaged in its place.
///
/// # Errors
/// As [`crate::Administration::remove`].
pub(crate) async fn remove(
    workings: &Workings,
    acting: &Acting,
    target: Target<'_>,
) -> Result<(), AdminProblem> {
    let Target { noun, id, precondition } = target;
    let turn = workings.turn().await;
    let filed = workings.parts.board.filed();
    let is_shadowed =
        turn.inventory.get(noun, id).is_some() && shown::filed(&filed, noun, id).is_some();
    // What the file hides, and what is damaged, is seen in `GET /admin/status` only, so it has no
    // entity tag; removing it is how to mend that.
    let has_no_tag = is_shadowed || turn.inventory.is_damaged(noun, id);
    if !(has_no_tag && precondition == Precondition::Exists) {
        turn.find(target)?;
    }
    if noun == Noun::Provider && !is_shadowed {
        let by = providers::used_by(&filed, &turn.inventory.holdings, id);
        if !by.is_empty() {
            return Err(AdminProblem::InUse { noun, id: id.to_owned(), by });
        }
    }
    turn.erase(acting, (deleted(noun), noun, id)).await
}

/// What a document is read beside.
enum Basis<'a> {
    /// The stored provider, whose secrets a document may keep.
    Provider(Option<&'a StoredProvider>),
    /// What of a key does not change.
    ApiKey(&'a KeyParticulars),
    /// A route has nothing but its document.
    Route,
}

impl<'a> Basis<'a> {
    fn of(resource: &'a Resource) -> Self {
        match resource {
            Resource::Provider(provider) => Self::Provider(Some(provider)),
            Resource::ApiKey(key) => Self::ApiKey(&key.particulars),
            Resource::Route(_) => Self::Route,
        }
    }
}

async fn read(
    turn: &Turn<'_>,
    document: Members,
    basis: Basis<'_>,
    now: OffsetDateTime,
) -> Result<Resource, AdminProblem> {
    match basis {
        Basis::Provider(before) => {
            let vault = &turn.workings.parts.vault;
            let provider = providers::draft(vault, document, before, now).await?;
            Ok(Resource::Provider(provider))
        }
        Basis::ApiKey(particulars) => {
            keys::draft(document, particulars.clone()).map(Resource::ApiKey)
        }
        Basis::Route => {
            let route = documents::route(&document).map_err(AdminProblem::Invalid)?;
            Ok(Resource::Route(Arc::new(HeldRoute { document, route })))
        }
    }
}

fn members(document: Value) -> Result<Members, AdminProblem> {
    match document {
        Value::Object(members) => Ok(members),
        _ => Err(invalid("", "must be an object", "write { \"member\": … }")),
    }
}

/// A document says the id that its path says, or none.
fn keep_id(noun: Noun, id: &str, document: &mut Members) -> Result<(), AdminProblem> {
    let member = noun.id_member();
    match document.get(member) {
        None | Some(Value::Null) => {
            document.insert(member.to_owned(), id.into());
            Ok(())
        }
        Some(found) if found == id => Ok(()),
        Some(_) => {
            let fix = format!("write {id:?} or leave it out; to rename a {noun}, make another one");
            Err(invalid(member, "is not the one of the path", &fix))
        }
    }
}

fn invalid(path: &str, message: &str, fix: &str) -> AdminProblem {
    AdminProblem::Invalid(vec![Problem {
        path: path.to_owned(),
        message: message.to_owned(),
        fix: fix.to_owned(),
    }])
}

/// Lays a patch over a document (RFC 7396, section 2).
fn merge(document: &mut Members, patch: Members) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(document.remove(&name)),
            Value::Object(patch) => {
                let place = document.entry(name).or_insert_with(|| Members::new().into());
                if !place.is_object() {
                    *place = Members::new().into();
                }
                if let Value::Object(place) = place {
                    merge(place, patch);
                }
            }
            value => drop(document.insert(name, value)),
        }
    }
}

fn created(noun: Noun) -> AuditAction {
    match noun {
        Noun::Provider => AuditAction::ProviderCreate,
        Noun::ApiKey => AuditAction::ApiKeyCreate,
        Noun::Route => AuditAction::RouteCreate,
    }
}

fn updated(noun: Noun) -> AuditAction {
    match noun {
        Noun::Provider => AuditAction::ProviderUpdate,
        Noun::ApiKey => AuditAction::ApiKeyUpdate,
        Noun::Route => AuditAction::RouteUpdate,
    }
}

fn deleted(noun: Noun) -> AuditAction {
    match noun {
        Noun::Provider => AuditAction::ProviderDelete,
        Noun::ApiKey => AuditAction::ApiKeyDelete,
        Noun::Route => AuditAction::RouteDelete,
    }
}

#[cfg(test)]
mod tests;
