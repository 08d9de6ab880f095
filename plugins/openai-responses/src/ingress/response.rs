//! The response object.

use patchbay_sdk::canonical::{Number, Object, Usage};
use serde::Serialize;

use super::output_item::OutputItem;

/// What identifies a response, from the first canonical document.
pub(super) struct Identity {
    /// `resp_…`
    pub(super) id: String,
    pub(super) created_at: Number,
    pub(super) model: String,
}

/// What is known of a response besides its output.
pub(super) struct Facts {
    echo: Object,
    pub(super) identity: Option<Identity>,
    pub(super) cut_off: Option<IncompleteDetails>,
    pub(super) usage: Option<Usage>,
    pub(super) service_tier: Option<String>,
}

impl Facts {
    pub(super) fn new(echo: Object) -> Self {
        Self { echo, identity: None, cut_off: None, usage: None, service_tier: None }
    }

    /// The response with its output so far; none before the first document.
    pub(super) fn response<'a>(
        &'a self,
        output: &'a [OutputItem],
        status: &'static str,
    ) -> Option<Response<'a>> {
        let identity = self.identity.as_ref()?;
        Some(Response {
            id: &identity.id,
            object: "response",
            created_at: &identity.created_at,
            status,
            error: None,
            incomplete_details: self.cut_off,
            model: &identity.model,
            output,
            usage: self.usage.as_ref().map(Into::into),
            service_tier: self.service_tier.as_deref(),
            echo: &self.echo,
        })
    }
}

/// A response. Stages of a stream carry it too, the first ones without output.
#[derive(Serialize)]
pub(super) struct Response<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created_at: &'a Number,
    pub(super) status: &'static str,
    pub(super) error: Option<ResponseError<'a>>,
    pub(super) incomplete_details: Option<IncompleteDetails>,
    pub(super) model: &'a str,
    pub(super) output: &'a [OutputItem],
    pub(super) usage: Option<ResponseUsage>,
    pub(super) service_tier: Option<&'a str>,
    #[serde(flatten)]
    pub(super) echo: &'a Object,
}

/// Why a response failed.
#[derive(Serialize)]
pub(super) struct ResponseError<'a> {
    pub(super) code: &'static str,
    pub(super) message: &'a str,
}

/// Why a response is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct IncompleteDetails {
    pub(super) reason: &'static str,
}

/// Tokens in this API's words.
#[derive(Serialize)]
pub(super) struct ResponseUsage {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl From<&Usage> for ResponseUsage {
    fn from(usage: &Usage) -> Self {
        let tokens = usage.tokens();
        let details = usage.prompt_tokens_details.as_ref();
        let written = details.and_then(|details| {
            details.extra.get::<Number>("cache_write_tokens").ok().flatten()?.as_u64()
        });
        Self {
            input_tokens: tokens.prompt_tokens,
            input_tokens_details: InputDetails {
                cached_tokens: tokens.cached_tokens,
                cache_write_tokens: written.unwrap_or(0),
            },
            output_tokens: tokens.completion_tokens,
            output_tokens_details: OutputDetails { reasoning_tokens: tokens.reasoning_tokens },
            total_tokens: tokens.total_tokens,
        }
    }
}

/// The response's id out of the canonical reply's: `chatcmpl-1` is `resp_1`.
pub(super) fn base_of(id: &str) -> &str {
    id.strip_prefix("chatcmpl-").or_else(|| id.strip_prefix("resp_")).unwrap_or(id)
}
