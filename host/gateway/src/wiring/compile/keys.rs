//! API keys as digests.

use std::collections::HashMap;
use std::time::SystemTime;

use pipeline::{Caller, EndpointPattern, KeyDigest, KeyRefusal, MeterLimits, Meters, ModelPattern};
use resources::{ApiKey, Document, KeySource, KeyState, Problem, Problems, member_path};
use secrecy::ExposeSecret as _;
use secrets::Sources;

use super::{Complaint, Surroundings, resolve};
use crate::key_text::unusable;

/// The keys of a configuration file.
pub(super) fn of_file(
    document: &Document,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Vec<(KeyDigest, Caller)> {
    let mut holders = Vec::with_capacity(document.api_keys.len());
    let mut first_places = HashMap::new();
    for key in &document.api_keys {
        let path = key.path.as_str();
        let digest = match digest(&key.source, around.sources) {
            Ok(digest) => digest,
            Err((member, Complaint { message, fix })) => {
                problems.report(member_path(path, member), message, fix);
                continue;
            }
        };
        let first = *first_places.entry(digest).or_insert(path);
        if first == path {
            holders.push((digest, caller(key, around.meters)));
        } else {
            let message = format!("is the same key as that of {first}");
            problems.report(path, message, "issue another key, or remove one of the two");
        }
    }
    holders
}

/// A key of the store, which knows keys by their digest.
///
/// # Errors
/// What is wrong with the digest.
pub(super) fn of_store(key: &ApiKey, meters: &Meters) -> Result<(KeyDigest, Caller), Problem> {
    let digest = match &key.source {
        KeySource::Digest(text) => text.parse().ok(),
        KeySource::Key(_) => None,
    };
    let digest = digest.ok_or_else(|| Problem {
        path: String::new(),
        message: "has no digest that can be read".to_owned(),
        fix: "remove it, and make another key".to_owned(),
    })?;
    Ok((digest, caller(key, meters)))
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

fn caller(key: &ApiKey, meters: &Meters) -> Caller {
    let limits = MeterLimits {
        requests_per_minute: key.limits.requests_per_minute,
        tokens_per_minute: key.limits.tokens_per_minute,
        max_concurrent_requests: key.limits.max_concurrent_requests,
    };
    Caller {
        id: key.id.as_str().into(),
        models: key.models.iter().map(ModelPattern::new).collect(),
        endpoints: key.endpoints.iter().map(EndpointPattern::new).collect(),
        expires_at: key.expires_at.map(SystemTime::from),
        refused: match key.state {
            KeyState::Active => None,
            KeyState::Disabled => Some(KeyRefusal::Disabled),
            KeyState::Revoked => Some(KeyRefusal::Revoked),
        },
        meter: meters.meter(key.id.as_str(), limits),
    }
}
