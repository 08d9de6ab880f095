//! Log probabilities: a chat has an entry for each token, this API a list for each member.

use patchbay_sdk::canonical::{Number, Object};
use serde::{Deserialize, Serialize};

/// This API's form. The lists are as long as there are tokens.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Logprobs {
    tokens: Vec<String>,
    token_logprobs: Vec<Number>,
    /// The likeliest tokens of each place, if the caller asked for them.
    top_logprobs: Option<Vec<Object>>,
    /// Where tokens begin, in characters.
    text_offset: Vec<usize>,
}

#[derive(Deserialize)]
struct Canonical {
    #[serde(default)]
    content: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    token: String,
    #[serde(default)]
    logprob: Number,
    #[serde(default)]
    top_logprobs: Option<Vec<Alternative>>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default)]
    token: String,
    #[serde(default)]
    logprob: Number,
}

impl Logprobs {
    /// Reads canonical log probabilities and counts on from `offset`. None if there are none, or
    /// they cannot be read: an answer is worth more than they are.
    pub(crate) fn read(canonical: &str, offset: &mut usize) -> Option<Self> {
        let read: Option<Canonical> = serde_json::from_str(canonical).ok()?;
        let entries = read?.content.filter(|entries| !entries.is_empty())?;
        let with_top = entries.iter().any(|entry| {
            entry.top_logprobs.as_ref().is_some_and(|alternatives| !alternatives.is_empty())
        });
        let mut lists = Self { top_logprobs: with_top.then(Vec::new), ..Self::default() };
        for entry in entries {
            lists.add(entry, offset);
        }
        Some(lists)
    }

    fn add(&mut self, entry: Entry, offset: &mut usize) {
        if let Some(top) = &mut self.top_logprobs {
            let mut alternatives = Object::new();
            for Alternative { token, logprob } in entry.top_logprobs.into_iter().flatten() {
                // A number always has a JSON.
                let _ = alternatives.insert(&token, &logprob);
            }
            top.push(alternatives);
        }
        self.text_offset.push(*offset);
        *offset += entry.token.chars().count();
        self.tokens.push(entry.token);
        self.token_logprobs.push(entry.logprob);
    }
}
