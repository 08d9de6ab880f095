//! API keys as digests.

use std::collections::HashMap;

use pipeline::{Caller, KeyDigest, KeyRing, ModelPattern};
use resources::{ApiKey, Document, KeySource, Problems, member_path};
use secrecy::ExposeSecret as _;
use secrets::Sources;

use super::{Complaint, resolve};
use crate::key_text::unusable;

/// The ring of all keys of a document.
pub(super) fn ring(document: &Document, sources: &Sources, problems: &mut Problems) -> KeyRing {
    let mut holders = Vec::with_capacity(document.api_keys.len());
    let mut first_places = HashMap::new();
    for key in &document.api_keys {
        let path = key.path.as_str();
        let digest = match digest(&key.source, sources) {
            Ok(digest) => digest,
            Err((member, Complaint { message, fix })) => {
                problems.report(member_path(path, member), message, fix);
                continue;
            }
        };
        let first = *first_places.entry(digest).or_insert(path);
        if first == path {
            holders.push((digest, caller(key)));
        } else {
            let message = format!("is the same key as that of {first}");
            problems.report(path, message, "issue another key, or remove one of the two");
        }
    }
    KeyRing::new(holders)
}

/// The digest, or which member is at fault.
fn digest(source: &KeySource, sources: &Sources) -> Result<KeyDigest, (&'static str, Complaint)> {
    match source {
        KeySource::Digest(text) => text.parse::<KeyDigest>().map_err(|problem| {
            let fix = "run `patchbay key digest` to make one";
            ("digest", Complaint::new(problem.to_string(), fix))
        }),
        KeySource::Key(secret) => {
            let key = resolve(secret, sources).map_err(|complaint| ("key", complaint))?;
            let key = key.expose_secret();
            unusable(key).map_or_else(
                || Ok(KeyDigest::of(key)),
                |reason| {
                    let fix = "write a key of printable ASCII without spaces";
                    Err(("key", Complaint::new(reason, fix)))
                },
            )
        }
    }
}

fn caller(key: &ApiKey) -> Caller {
    Caller {
        id: key.id.as_str().into(),
        models: key.models.iter().map(ModelPattern::new).collect(),
    }
}
