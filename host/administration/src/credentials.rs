//! Secrets of providers: read out of documents, checked, sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use resources::{IdProblem, Problems, SlotName, member_path};
use secrecy::{ExposeSecret as _, SecretString};
use secrets::{MAX_SECRET_BYTES, SealContext, Vault, VaultProblem};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::entry::StoredProvider;
use crate::holdings::SlotSecrets;
use crate::records::{SealedCredentials, SealedSecret};

const SECRET_FIX: &str = "write the secret as a text, or the object as it was shown to keep it";

/// What a document says of a slot.
#[derive(Debug)]
pub(crate) enum SlotEdit {
    /// The secret that is there stays.
    Keep,
    /// This one takes its place.
    Set(SecretString),
}

/// What a document says of all slots; a slot that is not in it holds nothing.
pub(crate) type SlotEdits = BTreeMap<String, SlotEdit>;

/// Takes `credentials` out of a document. `before` is what is stored, if anything is. No problem
/// quotes a secret.
pub(crate) fn take(
    document: &mut Map<String, Value>,
    before: Option<&SealedCredentials>,
    problems: &mut Problems,
) -> SlotEdits {
    let slots = match document.remove("credentials") {
        None | Some(Value::Null) => return SlotEdits::new(),
        Some(Value::Object(slots)) => slots,
        Some(_) => {
            let fix = "write { \"slot\": \"secret\" }";
            problems.report("credentials", "must be a table", fix);
            return SlotEdits::new();
        }
    };
    let mut edits = SlotEdits::new();
    for (slot, value) in slots {
        let path = member_path("credentials", &slot);
        if let Err(problem) = slot.parse::<SlotName>() {
            let IdProblem { noun, rule } = problem;
            problems.report(path, format!("{noun} is not well-formed"), format!("use {rule}"));
            continue;
        }
        let known = before.and_then(|before| before.slots.get(&slot));
        let edit = match value {
            Value::Null => continue,
            Value::String(text) => secret(text, &path, problems).map(SlotEdit::Set),
            Value::Object(shown) => keep(&shown, known, &path, problems),
            _ => {
                problems.report(path, "is no secret", SECRET_FIX);
                None
            }
        };
        edits.extend(edit.map(|edit| (slot, edit)));
    }
    edits
}

/// A secret that an operator handed over.
pub(crate) fn secret(text: String, path: &str, problems: &mut Problems) -> Option<SecretString> {
    let secret = SecretString::from(text);
    match fault(secret.expose_secret()) {
        None => Some(secret),
        Some((message, fix)) => {
            problems.report(path, message, fix);
            None
        }
    }
}

/// What is wrong with a secret, and what to do.
fn fault(text: &str) -> Option<(&'static str, &'static str)> {
    // A key file of JSON has lines; everything else is a header's or an environment's value.
    let is_json = text.trim_start().starts_with('{');
    let is_wrong = |c: char| c.is_control() && !(is_json && matches!(c, '\n' | '\r' | '\t'));
    if text.is_empty() {
        Some(("is empty", "write the secret, or leave the slot out"))
    } else if text.len() > MAX_SECRET_BYTES {
        Some(("is over 64 KiB", "write only the secret"))
    } else if text.contains("${env:") || text.contains("${file:") {
        // It would let an operator read the gateway's files.
        Some((
            "holds a reference, which only the configuration file may",
            "write the secret itself, or put the provider into the configuration file",
        ))
    } else if text.chars().any(is_wrong) {
        Some(("holds a control character", "write the secret without line breaks"))
    } else {
        None
    }
}

/// A slot that came back as it was shown.
fn keep(
    shown: &Map<String, Value>,
    known: Option<&SealedSecret>,
    path: &str,
    problems: &mut Problems,
) -> Option<SlotEdit> {
    const MEMBERS: [&str; 2] = ["fingerprint", "set_at"];
    if let Some(name) = shown.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        problems.report(member_path(path, name), "unknown member", SECRET_FIX);
        return None;
    }
    let fingerprint = shown.get("fingerprint").and_then(Value::as_str);
    match (fingerprint, known) {
        (None, _) => problems.report(path, "is no secret, and shows none", SECRET_FIX),
        (Some(_), None) => {
            problems.report(path, "shows a secret that is not stored", "write the secret itself");
        }
        (Some(shown), Some(known)) if shown != known.fingerprint => problems.report(
            path,
            "shows another secret than the one that is stored",
            "read the provider again to keep what is stored, or write the new secret itself",
        ),
        (Some(_), Some(_)) => return Some(SlotEdit::Keep),
    }
    None
}

/// Seals secrets for one provider, each with a serial of its own.
pub(crate) struct Sealer<'a> {
    vault: &'a Vault,
    provider: &'a str,
    serial: u64,
    now: OffsetDateTime,
}

impl<'a> Sealer<'a> {
    /// A sealer for a provider whose stored secrets are `before`.
    pub(crate) fn new(
        vault: &'a Vault,
        provider: &'a str,
        before: Option<&SealedCredentials>,
        now: OffsetDateTime,
    ) -> Self {
        // Serials begin at the time, so that a provider that is removed and made again has others.
        let begin = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        let serial = before.map_or(0, |before| before.serial).max(begin);
        Self { vault, provider, serial, now }
    }

    /// Seals a secret for a slot.
    ///
    /// # Errors
    /// If the vault cannot be used.
    pub(crate) async fn seal(
        &mut self,
        slot: &str,
        secret: &SecretString,
    ) -> Result<SealedSecret, VaultProblem> {
        self.serial += 1;
        let serial = self.serial;
        let place = SealContext::new(self.provider, slot, serial);
        let sealed = self.vault.seal(secret, &place).await?;
        let fingerprint = secrets::fingerprint(secret);
        Ok(SealedSecret { sealed, fingerprint, set_at: self.now, serial })
    }

    /// The serial of the latest secret.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }
}

/// The secrets of a provider after edits: sealed, and opened. What a rotation keeps for rollback
/// is destroyed if an edit changes any slot, because it was replaced by something else.
///
/// # Errors
/// If the vault cannot be used.
pub(crate) async fn apply(
    mut sealer: Sealer<'_>,
    edits: SlotEdits,
    before: Option<&StoredProvider>,
) -> Result<(SealedCredentials, SlotSecrets), VaultProblem> {
    let known = before.map(|before| &before.credentials);
    let keeps_all = known.is_some_and(|known| {
        known.slots.len() == edits.len()
            && edits.values().all(|edit| matches!(edit, SlotEdit::Keep))
    });
    let mut slots = BTreeMap::new();
    let mut opened = SlotSecrets::new();
    for (slot, edit) in edits {
        match edit {
            SlotEdit::Keep => {
                let secret = before.and_then(|before| before.held.secrets.get(&slot));
                opened.extend(secret.map(|secret| (slot.clone(), Arc::clone(secret))));
                let sealed = known.and_then(|known| known.slots.get(&slot));
                slots.extend(sealed.map(|sealed| (slot, sealed.clone())));
            }
            SlotEdit::Set(secret) => {
                slots.insert(slot.clone(), sealer.seal(&slot, &secret).await?);
                opened.insert(slot, Arc::new(secret));
            }
        }
    }
    let previous = known.and_then(|known| known.previous.clone()).filter(|_| keeps_all);
    Ok((SealedCredentials { serial: sealer.serial(), slots, previous }, opened))
}

#[cfg(test)]
mod tests;
