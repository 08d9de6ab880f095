//! What Cohere counts.

use patchbay_sdk::canonical::{Number, RawJson, TokenUsage, Usage};
use serde::Deserialize;

/// The member `usage` of a chat, or `meta` of an embed reply.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// What went through the model.
    tokens: Option<InOut>,
    /// What is paid for: without the parts of the prompt that Cohere adds.
    billed_units: Option<RawJson>,
    /// Part of the input that a cache served.
    cached_tokens: Option<Number>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InOut {
    input_tokens: Option<Number>,
    output_tokens: Option<Number>,
}

impl Counts {
    /// Reads counts; what is none counts nothing.
    pub(super) fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The tokens, or the billed ones where those are all there is. Billed units stay beside.
    pub(super) fn usage(self) -> Option<Usage> {
        let billed: Option<InOut> = self.billed_units.as_ref().and_then(|raw| raw.parse().ok());
        let counted = self.tokens.or(billed)?;
        let count = |number: &Option<Number>| number.as_ref().and_then(Number::as_u64).unwrap_or(0);
        let (prompt_tokens, completion_tokens) =
            (count(&counted.input_tokens), count(&counted.output_tokens));
        let mut usage = Usage::from(TokenUsage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            cached_tokens: count(&self.cached_tokens),
            reasoning_tokens: 0,
        });
        if let Some(billed) = self.billed_units {
            usage.extra.insert_raw("billed_units", billed);
        }
        Some(usage)
    }

    /// The same for vectors.
    pub(super) fn tokens(self) -> Option<TokenUsage> {
        self.usage().map(|usage| usage.tokens())
    }
}
