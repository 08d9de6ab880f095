//! From the store to what can serve.

use std::sync::Arc;

use resources::{Problem, Problems, member_path};
use secrets::{SealContext, Vault};
use serde_json::{Map, Value};
use store::{Damage, Record, Store};

use crate::board::Noun;
use crate::documents;
use crate::entry::{Entry, Resource, StoredKey, StoredProvider};
use crate::holdings::{HeldKey, HeldProvider, HeldRoute, SlotSecrets};
use crate::inventory::Inventory;
use crate::problem::AdminProblem;
use crate::records::{self, Body, KeyParticulars, NoParticulars, SealedCredentials, SealedSecret};

/// [`Inventory::load`]
pub(crate) async fn load(store: &dyn Store, vault: &Vault) -> Result<Inventory, AdminProblem> {
    let mut entries = Vec::new();
    let mut damaged = Vec::new();
    for noun in Noun::ALL {
        let loaded = store.load(noun.kind()).await?;
        damaged.extend(loaded.damaged);
        for record in loaded.records {
            match read(noun, &record, vault).await {
                Ok(entry) => entries.push(entry),
                Err(reason) => {
                    damaged.push(Damage { kind: noun.kind(), key: record.key, reason });
                }
            }
        }
    }
    for Damage { kind, key, reason } in &damaged {
        tracing::warn!("record {key:?} of kind {} is set aside: {reason}", kind.name());
    }
    Ok(Inventory::new(entries, damaged))
}

/// [`Inventory::holds_secrets`]
pub(crate) async fn holds_secrets(store: &dyn Store) -> Result<bool, AdminProblem> {
    let loaded = store.load(Noun::Provider.kind()).await?;
    let has_secret = |record: &Record| {
        let body: Result<Body<SealedCredentials>, _> = records::read(&record.body);
        body.map_or(true, |body| {
            let SealedCredentials { slots, previous, .. } = body.particulars;
            !slots.is_empty() || previous.is_some()
        })
    };
    Ok(!loaded.damaged.is_empty() || loaded.records.iter().any(has_secret))
}

async fn read(noun: Noun, record: &Record, vault: &Vault) -> Result<Entry, String> {
    let entry = match noun {
        Noun::Provider => provider(record, vault).await?,
        Noun::ApiKey => {
            let body: Body<KeyParticulars> = records::read(&record.body)?;
            let key = documents::api_key(&body.document, &body.particulars.digest);
            let key = key.map_err(no_document)?;
            entry(record, body, |document, particulars| {
                let held = Arc::new(HeldKey { document, key });
                Resource::ApiKey(StoredKey { held, particulars })
            })
        }
        Noun::Route => {
            let body: Body<NoParticulars> = records::read(&record.body)?;
            let route = documents::route(&body.document).map_err(no_document)?;
            entry(record, body, |document, NoParticulars {}| {
                Resource::Route(Arc::new(HeldRoute { document, route }))
            })
        }
    };
    if entry.resource.id() == record.key {
        Ok(entry)
    } else {
        Err(format!("it is that of {:?}, but is kept under another key", entry.resource.id()))
    }
}

async fn provider(record: &Record, vault: &Vault) -> Result<Entry, String> {
    let body: Body<SealedCredentials> = records::read(&record.body)?;
    let provider = documents::provider(&body.document).map_err(no_document)?;
    // The place of a secret has the record's key: whoever moves a record moves no secret.
    let (secrets, unopened) = open(vault, &record.key, &body.particulars).await;
    Ok(entry(record, body, |document, credentials| {
        let held = Arc::new(HeldProvider { document, provider, secrets });
        Resource::Provider(StoredProvider { held, credentials, unopened })
    }))
}

fn entry<P>(
    record: &Record,
    body: Body<P>,
    resource: impl FnOnce(Map<String, Value>, P) -> Resource,
) -> Entry {
    Entry {
        written_by: record.revision,
        etag: body.etag.unwrap_or(record.revision),
        created_at: body.created_at,
        updated_at: body.updated_at,
        resource: resource(body.document, body.particulars),
    }
}

fn no_document(problems: Vec<Problem>) -> String {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    format!("its document is not well-formed: {}", problems.join("; "))
}

/// Opens the secrets that are valid, and says which ones do not open.
async fn open(
    vault: &Vault,
    provider: &str,
    credentials: &SealedCredentials,
) -> (SlotSecrets, Vec<Problem>) {
    let mut secrets = SlotSecrets::new();
    let mut problems = Problems::default();
    for (slot, secret) in &credentials.slots {
        match vault.open(&secret.sealed, &place(provider, slot, secret)).await {
            Ok(opened) => {
                secrets.insert(slot.clone(), Arc::new(opened));
            }
            Err(problem) => {
                let text = problem.to_string();
                let (message, fix) = text.split_once("; ").unwrap_or((&text, "set it again"));
                problems.report(member_path("credentials", slot), message, fix);
            }
        }
    }
    (secrets, problems.into_vec())
}

/// Where a secret belongs.
pub(crate) fn place(provider: &str, slot: &str, secret: &SealedSecret) -> SealContext {
    SealContext::new(provider, slot, secret.serial)
}
