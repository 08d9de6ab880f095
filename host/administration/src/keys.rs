//! API keys: made, changed, revoked.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use resources::{KeyState, Problem, Problems};
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::administration::{Administration, Target};
use crate::audit_log::AuditAction;
use crate::board::Noun;
use crate::change::{Draft, Fit, not_found};
use crate::documents;
use crate::entry::{Entry, Resource, StoredKey};
use crate::holdings::HeldKey;
use crate::moment;
use crate::operator::Acting;
use crate::precondition::Precondition;
use crate::problem::AdminProblem;
use crate::records::KeyParticulars;
use crate::views::View;

/// Bytes of randomness in a key.
const KEY_BYTES: usize = 32;

/// Bytes of randomness in an id that the operator leaves to the gateway.
const ID_BYTES: usize = 6;

/// Characters of a key that operators are shown.
const HINT_CHARS: usize = 7;

/// A key that was just made.
struct NewKey {
    text: Zeroizing<String>,
    particulars: KeyParticulars,
}

impl NewKey {
    /// A key from the system's randomness.
    ///
    /// # Errors
    /// If the system gives none.
    fn make() -> Result<Self, AdminProblem> {
        let random = Zeroizing::new(random::<KEY_BYTES>()?);
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
        let text = Zeroizing::new(format!("pb-{}", encoded.as_str()));
        let digest = format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())));
        let hint = text.chars().take(HINT_CHARS).collect();
        Ok(Self { text, particulars: KeyParticulars { digest, hint } })
    }
}

/// Reads the document of a new key and makes the key. Its text is shown once and not kept.
///
/// # Errors
/// Every problem of the document at once; or the system gives no randomness.
pub(crate) fn draft_new(
    mut document: Map<String, Value>,
    now: OffsetDateTime,
) -> Result<(StoredKey, Zeroizing<String>), AdminProblem> {
    if document.get("id").is_none_or(Value::is_null) {
        let id = format!("key-{}", hex(&random::<ID_BYTES>()?));
        document.insert("id".to_owned(), id.into());
    }
    check_state(&document)?;
    let NewKey { text, particulars } = NewKey::make()?;
    let key = draft(document, particulars)?;
    check_not_expired(&key, now)?;
    Ok((key, text))
}

/// Reads a document.
///
/// # Errors
/// Every problem of the document at once.
pub(crate) fn draft(
    mut document: Map<String, Value>,
    particulars: KeyParticulars,
) -> Result<StoredKey, AdminProblem> {
    if document.get("state").is_none_or(Value::is_null) {
        document.insert("state".to_owned(), "active".into());
    }
    let mut problems = Problems::default();
    for name in ["key", "digest"] {
        if document.remove(name).is_some_and(|value| !value.is_null()) {
            problems.report(name, "is made by the gateway and never changed", "leave it out");
        }
    }
    match documents::api_key(&document, &particulars.digest) {
        Ok(key) if problems.is_empty() => {
            Ok(StoredKey { held: Arc::new(HeldKey { document, key }), particulars })
        }
        Ok(_) => Err(AdminProblem::Invalid(problems.into_vec())),
        Err(mut found) => {
            found.extend(problems.into_vec());
            Err(AdminProblem::Invalid(found))
        }
    }
}

/// Refuses a key that would be of no use from the beginning.
///
/// # Errors
/// [`AdminProblem::Invalid`]
fn check_not_expired(key: &StoredKey, now: OffsetDateTime) -> Result<(), AdminProblem> {
    if key.held.key.expires_at.is_none_or(|expires_at| expires_at > now) {
        return Ok(());
    }
    Err(AdminProblem::Invalid(vec![Problem {
        path: "expires_at".to_owned(),
        message: "is over already".to_owned(),
        fix: "write a time that is to come, or leave it out".to_owned(),
    }]))
}

/// Refuses to revoke by a document: what is final has an action of its own.
///
/// # Errors
/// [`AdminProblem::Invalid`]
pub(crate) fn check_state(document: &Map<String, Value>) -> Result<(), AdminProblem> {
    if document.get("state").is_none_or(|state| state != "revoked") {
        return Ok(());
    }
    Err(AdminProblem::Invalid(vec![Problem {
        path: "state".to_owned(),
        message: "cannot be set to \"revoked\"".to_owned(),
        fix: "use \"active\" or \"disabled\", or POST …/revoke".to_owned(),
    }]))
}

/// Refuses to change what is final.
///
/// # Errors
/// [`AdminProblem::Conflict`]
pub(crate) fn check_not_revoked(entry: &Entry) -> Result<(), AdminProblem> {
    if !is_revoked(entry) {
        return Ok(());
    }
    let id = entry.resource.id();
    Err(AdminProblem::Conflict(format!(
        "API key {id:?} is revoked, which is final; make another key"
    )))
}

impl Administration {
    /// Takes a key back: it is of no use from the next request on, and never again. Doing it twice
    /// is no error.
    ///
    /// # Errors
    /// If there is none, if it is the configuration file's, or if it could not be stored.
    pub async fn revoke_key(&self, acting: &Acting, id: &str) -> Result<View, AdminProblem> {
        let (workings, acting, id) = (Arc::clone(&self.workings), acting.clone(), id.to_owned());
        let change = async move {
            let turn = workings.turn().await;
            let precondition = Precondition::Exists;
            let before = turn.find(Target { noun: Noun::ApiKey, id: &id, precondition })?;
            let Resource::ApiKey(key) = &before.resource else {
                return Err(not_found(Noun::ApiKey, &id));
            };
            if is_revoked(&before) {
                return Ok(workings.view_of(&before));
            }
            let mut document = key.held.document.clone();
            document.insert("state".to_owned(), "revoked".into());
            let key = draft(document, key.particulars.clone())?;
            let resource = Resource::ApiKey(key);
            let after = Entry { resource, updated_at: moment::now(), ..Entry::clone(&before) };
            let draft = Draft {
                action: AuditAction::ApiKeyRevoke,
                before: Some(before),
                after,
                fit: Fit::Indifferent,
            };
            let entry = turn.write(&acting, draft).await?;
            Ok(workings.view_of(&entry))
        };
        self.workings.uninterrupted(change).await
    }
}

fn is_revoked(entry: &Entry) -> bool {
    match &entry.resource {
        Resource::ApiKey(key) => key.held.key.state == KeyState::Revoked,
        Resource::Provider(_) | Resource::Route(_) => false,
    }
}

fn random<const N: usize>() -> Result<[u8; N], AdminProblem> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
        AdminProblem::Conflict(format!(
            "the system gives no random bytes ({error}); look at its random generator"
        ))
    })?;
    Ok(bytes)
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
