//! Resources as operators are shown them, and what of that is ignored when it comes back.

use std::collections::BTreeMap;

use resources::{ApiKey, MEMBERS_OF_VIEWS, Problem, Provider};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::board::{Filed, Misfit, Noun};
use crate::entry::{Entry, Resource};
use crate::moment;
use crate::records::{SealedCredentials, SealedSecret};
use crate::views::{ProblemView, View};

type Members = Map<String, Value>;

/// What the file says of a sort of resources.
pub(crate) fn filed_of(filed: &Filed, noun: Noun) -> &BTreeMap<String, Members> {
    match noun {
        Noun::Provider => &filed.providers,
        Noun::ApiKey => &filed.api_keys,
        Noun::Route => &filed.routes,
    }
}

/// A resource of the file.
pub(crate) fn filed<'f>(filed: &'f Filed, noun: Noun, id: &str) -> Option<&'f Members> {
    filed_of(filed, noun).get(id)
}

/// A stored resource as `GET` shows it.
pub(crate) fn stored_view(
    entry: &Entry,
    misfits: &[Misfit],
    last_used_at: Option<OffsetDateTime>,
) -> View {
    let mut body = document(entry);
    let resource = &entry.resource;
    match resource {
        Resource::Provider(provider) => {
            let previous = provider.credentials.previous.as_ref();
            // One whose time is over waits to be destroyed, and cannot be put back.
            if previous.is_none_or(|previous| previous.until <= moment::now()) {
                body.remove("previous_credentials");
            }
        }
        Resource::ApiKey(_) => {
            body.insert("last_used_at".to_owned(), last_used_at.map(moment::text).into());
        }
        Resource::Route(_) => {}
    }
    let (noun, id) = (resource.noun(), resource.id());
    let misfit = misfits.iter().find(|misfit| misfit.noun == noun && misfit.id == id);
    body.insert("origin".to_owned(), "store".into());
    body.insert("etag".to_owned(), entry.etag.to_string().into());
    body.insert("status".to_owned(), status(misfit, resource.own_problems()));
    View { etag: Some(entry.etag), body }
}

/// A resource of the file as `GET` shows it.
pub(crate) fn filed_view(
    noun: Noun,
    document: &Members,
    last_used_at: Option<OffsetDateTime>,
) -> View {
    let mut body = document.clone();
    if noun == Noun::ApiKey {
        body.entry("state").or_insert_with(|| "active".into());
        body.insert("hint".to_owned(), Value::Null);
        body.insert("last_used_at".to_owned(), last_used_at.map(moment::text).into());
    }
    body.insert("origin".to_owned(), "file".into());
    for name in ["etag", "created_at", "updated_at"] {
        body.insert(name.to_owned(), Value::Null);
    }
    body.insert("status".to_owned(), status(None, &[]));
    View { etag: None, body }
}

/// A stored resource as the audit log shows it: without what is not the operator's doing.
pub(crate) fn audited(entry: &Entry) -> Value {
    Value::Object(document(entry))
}

/// The operator's document with fingerprints in place of secrets, and when it was written.
pub(crate) fn document(entry: &Entry) -> Members {
    let mut body = entry.resource.document().clone();
    match &entry.resource {
        Resource::Provider(provider) => show_credentials(&mut body, &provider.credentials),
        Resource::ApiKey(key) => {
            body.insert("hint".to_owned(), key.particulars.hint.clone().into());
        }
        Resource::Route(_) => {}
    }
    body.insert("created_at".to_owned(), moment::text(entry.created_at).into());
    body.insert("updated_at".to_owned(), moment::text(entry.updated_at).into());
    body
}

/// Takes out of an operator's document what a view adds to it: it is accepted, so that what was
/// read can be changed and written, and means nothing.
pub(crate) fn forget_view_members(noun: Noun, document: &mut Members) {
    let own: &[&str] = match noun {
        Noun::Provider => &Provider::MEMBERS_OF_VIEW,
        Noun::ApiKey => &ApiKey::MEMBERS_OF_VIEW,
        Noun::Route => &[],
    };
    for name in MEMBERS_OF_VIEWS.iter().chain(own) {
        document.remove(*name);
    }
}

fn show_credentials(body: &mut Members, credentials: &SealedCredentials) {
    if !credentials.slots.is_empty() {
        let slots = credentials.slots.iter();
        let slots: Members = slots.map(|(slot, secret)| (slot.clone(), shown(secret))).collect();
        body.insert("credentials".to_owned(), Value::Object(slots));
    }
    if let Some(previous) = &credentials.previous {
        let slots = previous.slots.iter();
        let slots: Members = slots
            .map(|(slot, secret)| {
                let secret = secret.as_ref();
                let shown = secret.map(|secret| json!({ "fingerprint": secret.fingerprint }));
                (slot.clone(), shown.unwrap_or_default())
            })
            .collect();
        let previous = json!({ "until": moment::text(previous.until), "slots": slots });
        body.insert("previous_credentials".to_owned(), previous);
    }
}

fn shown(secret: &SealedSecret) -> Value {
    json!({ "fingerprint": secret.fingerprint, "set_at": moment::text(secret.set_at) })
}

fn status(misfit: Option<&Misfit>, own: &[Problem]) -> Value {
    let state = if misfit.is_some() { "set-aside" } else { "active" };
    let problems = misfit.into_iter().flat_map(|misfit| &misfit.problems).chain(own);
    let problems: Vec<_> = problems.map(ProblemView::from).collect();
    json!({ "state": state, "problems": problems })
}
