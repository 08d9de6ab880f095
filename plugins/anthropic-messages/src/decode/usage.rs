//! Token counts. The dialect counts what a cache served, or took in, apart from the input;
//! canonical counts all of it as `prompt_tokens`. The vendor's own counts stay as further members.
//!
//! Source: <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>.

use patchbay_sdk::canonical::{Number, Object, Usage};
use patchbay_sdk::reply::TokenUsage;
use serde_json::value::RawValue;

/// Members that canonical has others for.
const TRANSLATED: [&str; 3] = ["input_tokens", "output_tokens", "output_tokens_details"];

/// Counts as they come: those of a message's start, replaced one by one by later ones.
#[derive(Debug, Default)]
pub(super) struct Counts(Object);

impl Counts {
    /// Takes counts over. What is no object of counts is none.
    pub(super) fn add(&mut self, usage: Option<&RawValue>) {
        let Some(usage) = usage else { return };
        let Ok(usage) = serde_json::from_str::<Object>(usage.get()) else { return };
        for (name, count) in usage {
            if !count.is_null() {
                self.0.insert_raw(&name, count);
            }
        }
    }

    /// The counts in canonical form; none if the provider counted nothing.
    pub(super) fn canonical(self) -> Option<Usage> {
        if self.0.is_empty() {
            return None;
        }
        let cached = self.count("cache_read_input_tokens");
        let prompt_tokens = self
            .count("input_tokens")
            .saturating_add(self.count("cache_creation_input_tokens"))
            .saturating_add(cached);
        let completion_tokens = self.count("output_tokens");
        let mut usage = Usage::from(TokenUsage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            cached_tokens: cached,
            reasoning_tokens: self.thinking_tokens(),
        });
        for (name, value) in self.0 {
            if !TRANSLATED.contains(&name.as_str()) {
                usage.extra.insert_raw(&name, value);
            }
        }
        Some(usage)
    }

    fn count(&self, name: &str) -> u64 {
        let count = self.0.get::<Number>(name).ok().flatten();
        count.and_then(|count| count.as_u64()).unwrap_or(0)
    }

    fn thinking_tokens(&self) -> u64 {
        let details = self.0.get::<Object>("output_tokens_details").ok().flatten();
        details.map_or(0, |details| Self(details).count("thinking_tokens"))
    }
}
