//! Events of a stream, numbered without a gap.

use serde::Serialize;

use super::output_item::{OutputItem, Part};
use super::response::Response;
use crate::logprobs::Logprob;

/// Any event: `kind` says which of the members it has.
#[derive(Default, Serialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sequence_number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<&'a Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<&'a OutputItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<&'a Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<&'a [Logprob]>,
}

impl<'a> Event<'a> {
    /// An event about an item.
    pub(super) fn of_item(kind: &'static str, at: usize, item: &'a OutputItem) -> Self {
        Self { kind, item_id: Some(item.id()), output_index: Some(at), ..Self::default() }
    }

    /// An event about an item's last part.
    pub(super) fn of_part(kind: &'static str, at: usize, item: &'a OutputItem) -> Self {
        let index = Some(item.parts().len().saturating_sub(1));
        let (content_index, summary_index) = match item {
            OutputItem::Reasoning { .. } => (None, index),
            _ => (index, None),
        };
        Self { content_index, summary_index, ..Self::of_item(kind, at, item) }
    }
}

/// Where events go: to the caller, or nowhere if the reply does not stream.
pub(super) enum Events {
    /// Bytes not taken yet, and the number of the next event.
    Stream { out: Vec<u8>, next: u64 },
    /// The reply is written as a whole.
    None,
}

impl Events {
    pub(super) fn new(streaming: bool) -> Self {
        if streaming { Self::Stream { out: Vec::new(), next: 0 } } else { Self::None }
    }

    pub(super) fn write(&mut self, mut event: Event<'_>) {
        let Self::Stream { next, .. } = self else { return };
        event.sequence_number = *next;
        self.write_numbered(event.kind, &event);
    }

    /// Writes the event `error`, for a failure before there is a response.
    pub(super) fn write_error(&mut self, code: Option<&str>, message: &str, param: Option<&str>) {
        #[derive(Serialize)]
        struct ErrorEvent<'a> {
            #[serde(rename = "type")]
            kind: &'static str,
            code: Option<&'a str>,
            message: &'a str,
            param: Option<&'a str>,
            sequence_number: u64,
        }
        let Self::Stream { next, .. } = self else { return };
        let kind = "error";
        let event = ErrorEvent { kind, code, message, param, sequence_number: *next };
        self.write_numbered(kind, &event);
    }

    /// The bytes since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Stream { out, .. } => std::mem::take(out),
            Self::None => Vec::new(),
        }
    }

    fn write_numbered(&mut self, kind: &str, event: &impl Serialize) {
        let Self::Stream { out, next } = self else { return };
        *next += 1;
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        serde_json::to_writer(&mut *out, event).expect("events have string keys");
        out.extend_from_slice(b"\n\n");
    }
}
