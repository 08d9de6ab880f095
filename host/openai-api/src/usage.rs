//! Token counts.

use crate::Number;
use crate::canonical::canonical;
use crate::number::unsigned_of;
use crate::scan;

canonical! {
    /// Tokens as a provider counted them. Read leniently: a count of the wrong type stays in
    /// `extra` and counts as absent.
    pub struct Usage {
        /// Tokens of the request.
        lenient prompt_tokens: Number,
        /// Tokens of the reply, reasoning included.
        lenient completion_tokens: Number,
        /// Both.
        lenient total_tokens: Number,
        /// What the request's tokens were.
        lenient prompt_tokens_details: PromptTokensDetails,
        /// What the reply's tokens were.
        lenient completion_tokens_details: CompletionTokensDetails,
    }
}

canonical! {
    /// Parts of `prompt_tokens`.
    pub struct PromptTokensDetails {
        /// Served by a cache.
        lenient cached_tokens: Number,
    }
}

canonical! {
    /// Parts of `completion_tokens`.
    pub struct CompletionTokensDetails {
        /// Spent on reasoning.
        lenient reasoning_tokens: Number,
    }
}

impl Usage {
    /// The counts.
    #[must_use]
    pub fn tokens(&self) -> TokenUsage {
        let count = |number: &Option<Number>| number.as_ref().and_then(Number::as_u64);
        let cached = self.prompt_tokens_details.as_ref().and_then(|d| count(&d.cached_tokens));
        let reasoning =
            self.completion_tokens_details.as_ref().and_then(|d| count(&d.reasoning_tokens));
        Counts {
            prompt: count(&self.prompt_tokens),
            completion: count(&self.completion_tokens),
            total: count(&self.total_tokens),
            cached,
            reasoning,
        }
        .completed()
    }
}

impl From<TokenUsage> for Usage {
    fn from(tokens: TokenUsage) -> Self {
        let positive = |count: u64| (count > 0).then(|| Number::from(count));
        Self {
            prompt_tokens: Some(tokens.prompt_tokens.into()),
            completion_tokens: Some(tokens.completion_tokens.into()),
            total_tokens: Some(tokens.total_tokens.into()),
            prompt_tokens_details: positive(tokens.cached_tokens).map(|cached_tokens| {
                PromptTokensDetails {
                    cached_tokens: Some(cached_tokens),
                    ..PromptTokensDetails::default()
                }
            }),
            completion_tokens_details: positive(tokens.reasoning_tokens).map(|reasoning_tokens| {
                CompletionTokensDetails {
                    reasoning_tokens: Some(reasoning_tokens),
                    ..CompletionTokensDetails::default()
                }
            }),
            ..Self::default()
        }
    }
}

/// Token counts as plain numbers; what a provider did not say is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the reply, reasoning included.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Part of `prompt_tokens` that a cache served.
    pub cached_tokens: u64,
    /// Part of `completion_tokens` spent on reasoning.
    pub reasoning_tokens: u64,
}

impl TokenUsage {
    /// Reads the counts of a `usage` object without building anything, or `None` if it is none.
    #[must_use]
    pub fn read(usage: &[u8]) -> Option<Self> {
        let mut counts = Counts::default();
        for member in scan::members(usage) {
            let member = member.ok()?;
            match &*member.name {
                b"prompt_tokens" => counts.prompt = count_of(member.value),
                b"completion_tokens" => counts.completion = count_of(member.value),
                b"total_tokens" => counts.total = count_of(member.value),
                b"prompt_tokens_details" => {
                    counts.cached = detail(member.value, b"cached_tokens");
                }
                b"completion_tokens_details" => {
                    counts.reasoning = detail(member.value, b"reasoning_tokens");
                }
                _ => {}
            }
        }
        Some(counts.completed())
    }
}

#[derive(Default)]
struct Counts {
    prompt: Option<u64>,
    completion: Option<u64>,
    total: Option<u64>,
    cached: Option<u64>,
    reasoning: Option<u64>,
}

impl Counts {
    /// Fills in the one of prompt, completion and total that follows from the others.
    fn completed(&self) -> TokenUsage {
        let rest = |part: Option<u64>| Some(self.total?.saturating_sub(part.unwrap_or(0)));
        let prompt_tokens = self.prompt.or_else(|| rest(self.completion)).unwrap_or(0);
        let completion_tokens = self.completion.or_else(|| rest(self.prompt)).unwrap_or(0);
        // Without either part the total is taken as the request's.
        let completion_tokens =
            if self.prompt.or(self.completion).is_none() { 0 } else { completion_tokens };
        TokenUsage {
            prompt_tokens,
            completion_tokens,
            total_tokens: self.total.unwrap_or(prompt_tokens.saturating_add(completion_tokens)),
            cached_tokens: self.cached.unwrap_or(0),
            reasoning_tokens: self.reasoning.unwrap_or(0),
        }
    }
}

fn detail(details: &[u8], name: &[u8]) -> Option<u64> {
    let mut found = None;
    for member in scan::members(details) {
        let member = member.ok()?;
        if &*member.name == name {
            found = count_of(member.value);
        }
    }
    found
}

fn count_of(value: &[u8]) -> Option<u64> {
    unsigned_of(std::str::from_utf8(value).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Canonical as _;

    fn tokens(prompt: u64, completion: u64, total: u64) -> TokenUsage {
        TokenUsage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: total,
            ..TokenUsage::default()
        }
    }

    #[test]
    fn counts_are_read_leniently_and_alike_on_both_ways() {
        let full = TokenUsage { cached_tokens: 2, reasoning_tokens: 3, ..tokens(5, 7, 12) };
        let cases = [
            (r#"{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}"#, tokens(5, 7, 12)),
            (r#"{"prompt_tokens":5,"total_tokens":5}"#, tokens(5, 0, 5)),
            (r#"{"total_tokens":5}"#, tokens(5, 0, 5)),
            (r#"{"prompt_tokens":5.0,"completion_tokens":7}"#, tokens(5, 7, 12)),
            (r#"{"prompt_tokens":null,"completion_tokens":"x"}"#, tokens(0, 0, 0)),
            (r#"{"prompt_tokens":-1,"completion_tokens":7}"#, tokens(0, 7, 7)),
            (r#"{"prompt_tokens_details":[],"completion_tokens_details":null}"#, tokens(0, 0, 0)),
            ("{}", tokens(0, 0, 0)),
            (
                r#"{"prompt_tokens":5,"completion_tokens":7,"prompt_tokens_details":
                {"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}"#,
                full,
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(TokenUsage::read(json.as_bytes()), Some(expected), "{json}");
            assert_eq!(Usage::from_json(json.as_bytes()).unwrap().tokens(), expected, "{json}");
        }
        assert_eq!(TokenUsage::read(b"[]"), None);
    }

    #[test]
    fn a_count_of_the_wrong_type_is_kept() {
        let json = r#"{"prompt_tokens":5,"completion_tokens":"many"}"#;
        let usage = Usage::from_json(json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(usage.to_json()).unwrap(), json);
    }

    #[test]
    fn plain_counts_become_the_wire_form() {
        let usage = Usage::from(TokenUsage { cached_tokens: 2, ..tokens(5, 7, 12) });
        let json = r#"{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":2}}"#;
        assert_eq!(String::from_utf8(usage.to_json()).unwrap(), json);
        assert_eq!(usage.tokens().cached_tokens, 2);
    }
}
