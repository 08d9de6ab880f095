//! What blocks of a whole reply and of a stream have in common.

use patchbay_sdk::canonical::chat::ReasoningDetail;
use serde::Deserialize;

/// `type` of a call that AWS itself makes; its result comes in the same reply.
const SERVER_CALL: &str = "server_tool_use";

/// A call, or the start of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallStart {
    #[serde(default)]
    pub(super) tool_use_id: String,
    pub(super) name: String,
    r#type: Option<String>,
}

impl CallStart {
    /// Whether the caller is to make it.
    pub(super) fn is_callers(&self) -> bool {
        self.r#type.as_deref() != Some(SERVER_CALL)
    }
}

/// A piece of readable reasoning; the fragments of a block have its index in common.
pub(super) fn thought(
    format: &str,
    index: u32,
    text: Option<&str>,
    signature: Option<&str>,
) -> ReasoningDetail {
    ReasoningDetail {
        kind: ReasoningDetail::TEXT.to_owned(),
        text: text.map(Into::into),
        signature: signature.map(Into::into),
        format: Some(format.to_owned()),
        index: Some(index),
        ..ReasoningDetail::default()
    }
}

/// Reasoning that only the provider can read.
pub(super) fn sealed(format: &str, index: u32, data: &str) -> ReasoningDetail {
    ReasoningDetail { index: Some(index), ..ReasoningDetail::of_data(format, data) }
}
