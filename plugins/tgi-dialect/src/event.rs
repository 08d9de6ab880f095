//! What a server sends: one event for each token, or one object.

use std::borrow::Cow;

use patchbay_sdk::reply::{FinishReason, TokenUsage};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// An event of `/generate_stream`, borrowed.
#[derive(Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub(crate) token: Option<Token<'a>>,
    #[serde(borrow, default)]
    pub(crate) top_tokens: Option<Vec<Token<'a>>>,
    /// Only in the last event: the whole text, which was sent token by token already.
    pub(crate) generated_text: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(crate) details: Option<StreamDetails<'a>>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// A text that is borrowed where it has no escapes.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

#[derive(Clone, Deserialize)]
pub(crate) struct Token<'a> {
    #[serde(borrow)]
    pub(crate) text: Text<'a>,
    /// Null where it is not finite.
    #[serde(borrow)]
    pub(crate) logprob: Option<&'a RawValue>,
    /// Whether it is a control token, which is no text.
    pub(crate) special: Option<bool>,
}

#[derive(Deserialize)]
pub(crate) struct StreamDetails<'a> {
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    generated_tokens: Option<u64>,
    input_length: Option<u64>,
}

/// The reply of `/generate`.
#[derive(Deserialize)]
pub(crate) struct Generated<'a> {
    #[serde(borrow)]
    pub(crate) generated_text: Text<'a>,
    #[serde(borrow)]
    pub(crate) details: Option<Details<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Details<'a> {
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    generated_tokens: Option<u64>,
    /// The prompt's tokens, if they were asked for.
    prefill: Option<Vec<IgnoredAny>>,
    #[serde(borrow, default)]
    pub(crate) tokens: Option<Vec<Token<'a>>>,
    #[serde(borrow, default)]
    pub(crate) top_tokens: Option<Vec<Vec<Token<'a>>>>,
}

/// How an answer ended.
#[derive(Default)]
pub(crate) struct End {
    pub(crate) reason: Option<FinishReason>,
    /// Whether a stop text ended it.
    pub(crate) stopped: bool,
    pub(crate) tokens: Option<TokenUsage>,
}

impl StreamDetails<'_> {
    pub(crate) fn end(&self) -> End {
        End::new(self.finish_reason.as_ref(), self.input_length.zip(self.generated_tokens))
    }
}

impl Details<'_> {
    /// `prompt_tokens` is what a header says of them.
    pub(crate) fn end(&self, prompt_tokens: Option<u64>) -> End {
        let prefill = self.prefill.as_ref().and_then(|tokens| u64::try_from(tokens.len()).ok());
        let prompt = prompt_tokens.or(prefill.filter(|count| *count > 0));
        End::new(self.finish_reason.as_ref(), prompt.zip(self.generated_tokens))
    }
}

impl End {
    fn new(reason: Option<&Text<'_>>, tokens: Option<(u64, u64)>) -> Self {
        let reason = reason.map(|reason| reason.0.as_ref());
        Self {
            reason: reason.map(|reason| match reason {
                "length" => FinishReason::Length,
                _ => FinishReason::Stop,
            }),
            stopped: reason == Some("stop_sequence"),
            tokens: tokens.map(|(prompt_tokens, completion_tokens)| TokenUsage {
                prompt_tokens,
                completion_tokens,
                total_tokens: prompt_tokens.saturating_add(completion_tokens),
                ..TokenUsage::default()
            }),
        }
    }
}
