//! A provider's responses and their items, as far as they are looked at.

use patchbay_sdk::canonical::{
    CompletionTokensDetails, Number, Object, PromptTokensDetails, RawJson, Usage,
};
use patchbay_sdk::reply::FinishReason;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A response, whole or as a stage of a stream.
#[derive(Deserialize)]
pub(super) struct Response<'a> {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    incomplete_details: Option<IncompleteDetails>,
    #[serde(borrow, default)]
    pub(super) output: Vec<&'a RawValue>,
    #[serde(default)]
    pub(super) usage: Option<ResponseUsage>,
    #[serde(default)]
    pub(super) service_tier: Option<String>,
}

#[derive(Deserialize)]
struct IncompleteDetails {
    #[serde(default)]
    reason: Option<String>,
}

/// Tokens.
#[derive(Deserialize)]
pub(super) struct ResponseUsage {
    #[serde(default)]
    input_tokens: Option<Number>,
    #[serde(default)]
    input_tokens_details: Option<Object>,
    #[serde(default)]
    output_tokens: Option<Number>,
    #[serde(default)]
    output_tokens_details: Option<Object>,
    #[serde(default)]
    total_tokens: Option<Number>,
}

/// An output item.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) call_id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) arguments: Option<String>,
    #[serde(default)]
    pub(super) input: Option<String>,
    #[serde(default)]
    pub(super) content: Option<Vec<Part>>,
    #[serde(default)]
    pub(super) summary: Option<Vec<Part>>,
    #[serde(default)]
    pub(super) encrypted_content: Option<String>,
    #[serde(default)]
    pub(super) phase: Option<RawJson>,
}

/// A part of a message, of reasoning or of its summary.
#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) logprobs: Option<RawJson>,
}

/// Types of items that are read. Those of built-in tools are not: nobody asked for them.
const READ: [&str; 4] = ["message", "reasoning", "function_call", "custom_tool_call"];

impl Item {
    /// Reads an item; none if it is of a type that is not read.
    pub(super) fn read(json: &RawValue) -> Result<Option<Self>, serde_json::Error> {
        #[derive(Deserialize)]
        struct AnyItem {
            #[serde(default, rename = "type")]
            kind: String,
        }
        let any: AnyItem = serde_json::from_str(json.get())?;
        if READ.contains(&any.kind.as_str()) { serde_json::from_str(json.get()) } else { Ok(None) }
    }
}

impl Response<'_> {
    /// Why it ended, if it did: with an answer that is whole, or cut off.
    pub(super) fn finish_reason(&self) -> Option<FinishReason> {
        let reason = self.incomplete_details.as_ref().and_then(|it| it.reason.as_deref());
        match (self.status.as_deref()?, reason) {
            ("completed", _) => Some(FinishReason::Stop),
            ("incomplete", Some("content_filter")) => Some(FinishReason::ContentFilter),
            ("incomplete", _) => Some(FinishReason::Length),
            _ => None,
        }
    }
}

impl From<ResponseUsage> for Usage {
    fn from(usage: ResponseUsage) -> Self {
        let number = |details: &mut Option<Object>, name: &str| {
            details.as_mut().and_then(|details| details.take::<Number>(name).ok().flatten())
        };
        let (mut input, mut output) = (usage.input_tokens_details, usage.output_tokens_details);
        let cached_tokens = number(&mut input, "cached_tokens");
        let reasoning_tokens = number(&mut output, "reasoning_tokens");
        Self {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.total_tokens,
            prompt_tokens_details: input.map(|extra| PromptTokensDetails { cached_tokens, extra }),
            completion_tokens_details: output
                .map(|extra| CompletionTokensDetails { reasoning_tokens, extra }),
            ..Self::default()
        }
    }
}
