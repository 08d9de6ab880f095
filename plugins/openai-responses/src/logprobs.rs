//! Log probabilities: the entries are the same in both APIs, but for `bytes`, which one of them
//! leaves out or sets to null and the other wants.

use patchbay_sdk::canonical::{Number, RawJson};
use serde::{Deserialize, Serialize};

/// One token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Logprob {
    #[serde(default)]
    token: String,
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    #[serde(default)]
    logprob: Number,
    #[serde(default)]
    top_logprobs: Vec<Alternative>,
}

/// A token that could have stood there.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Alternative {
    #[serde(default)]
    token: String,
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    #[serde(default)]
    logprob: Number,
}

/// Canonical: `{"content": […], "refusal": null}`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Canonical {
    content: Option<Vec<Logprob>>,
    refusal: Option<RawJson>,
}

/// The entries of canonical log probabilities; none if there are none, or they cannot be read:
/// an answer is worth more than they are.
pub(crate) fn from_canonical(json: &str) -> Vec<Logprob> {
    let read: Option<Canonical> = serde_json::from_str(json).unwrap_or_default();
    with_bytes(read.and_then(|read| read.content).unwrap_or_default())
}

/// The entries of a list; none if it cannot be read.
pub(crate) fn from_list(json: &str) -> Vec<Logprob> {
    with_bytes(serde_json::from_str(json).unwrap_or_default())
}

/// Entries as canonical log probabilities; none if there are none.
pub(crate) fn to_canonical(entries: Vec<Logprob>) -> Option<RawJson> {
    if entries.is_empty() {
        return None;
    }
    RawJson::of(&Canonical { content: Some(entries), refusal: None }).ok()
}

fn with_bytes(mut entries: Vec<Logprob>) -> Vec<Logprob> {
    for entry in &mut entries {
        entry.bytes.get_or_insert_with(|| entry.token.clone().into_bytes());
        for other in &mut entry.top_logprobs {
            other.bytes.get_or_insert_with(|| other.token.clone().into_bytes());
        }
    }
    entries
}
