//! Server-sent events of the dialect.

use patchbay_sdk::canonical::{Object, RawJson};
use serde::Serialize;
use serde_json::value::RawValue;

/// Appends an event. Its data has its type too.
pub(super) fn write(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    serde_json::to_writer(&mut *out, data).expect("keys are strings and memory takes it");
    out.extend_from_slice(b"\n\n");
}

/// The data of `message_start` and of the other events about the message.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum MessageEvent<'a> {
    #[serde(rename = "message_start")]
    Start { message: Message<'a> },
    #[serde(rename = "message_delta")]
    Delta { delta: Ending<'a>, usage: Object },
    #[serde(rename = "message_stop")]
    Stop,
}

/// A message, empty at its start or whole.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) r#type: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'a str,
    pub(super) content: Vec<Object>,
    #[serde(flatten)]
    pub(super) ending: Ending<'a>,
    pub(super) usage: Object,
}

/// Why the message ended; nothing of it is known at its start.
#[derive(Debug, Default, Serialize)]
pub(super) struct Ending<'a> {
    pub(super) stop_reason: Option<&'a str>,
    pub(super) stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_details: Option<&'a RawJson>,
}

/// The data of an event about one content block.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum BlockEvent<'a> {
    #[serde(rename = "content_block_start")]
    Start { index: u32, content_block: &'a Object },
    #[serde(rename = "content_block_delta")]
    Delta { index: u32, delta: Piece<'a> },
    #[serde(rename = "content_block_stop")]
    Stop { index: u32 },
}

/// What is new in a block.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum Piece<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "citations_delta")]
    Citation { citation: &'a RawValue },
}
