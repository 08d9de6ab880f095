//! Log probabilities.
//!
//! Cohere gives them for pieces of text of one or more tokens, by token ids and without their
//! texts. Canonical wants one entry for each text: a piece of several tokens gets their sum, which
//! is the probability of the piece.

use patchbay_sdk::canonical::{Number, RawJson};
use serde::{Deserialize, Serialize};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    text: Option<String>,
    logprobs: Option<Vec<Number>>,
}

#[derive(Serialize)]
struct Entry {
    token: String,
    logprob: Number,
    bytes: Vec<u8>,
    top_logprobs: [u8; 0],
}

#[derive(Serialize)]
struct Logprobs {
    content: Vec<Entry>,
}

/// The canonical form; nothing if no item says enough.
pub(super) fn canonical(items: Vec<Item>) -> Option<RawJson> {
    let content: Vec<Entry> = items.into_iter().filter_map(entry).collect();
    if content.is_empty() {
        return None;
    }
    RawJson::of(&Logprobs { content }).ok()
}

fn entry(item: Item) -> Option<Entry> {
    let token = item.text?;
    let mut numbers = item.logprobs?;
    let logprob = match numbers.len() {
        1 => numbers.pop()?,
        _ => Number::from_f64(numbers.iter().filter_map(Number::as_f64).sum())?,
    };
    let bytes = token.clone().into_bytes();
    Some(Entry { token, logprob, bytes, top_logprobs: [] })
}
