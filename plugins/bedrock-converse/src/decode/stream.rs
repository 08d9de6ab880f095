//! The reply of ConverseStream: events in AWS's binary framing.
//!
//! `messageStart`, for each block of content `contentBlockStart` (calls have one), deltas and
//! `contentBlockStop`, then `messageStop` with the reason and `metadata` with the counts. A stream
//! is whole with `metadata`, or with a clean end after `messageStop`. Events, blocks and deltas
//! that are not known are passed over.

use std::borrow::Cow;

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::reply::{FinishReason, ReplyWriter};
use patchbay_sdk::split::{AwsEventSplitter, AwsMessage};
use patchbay_sdk::{Call, Document, Ending, Failure, ReplyIdentity};
use serde::Deserialize;

use super::block::{CallStart, sealed, thought};
use super::usage::About;
use super::{finish_reason, no_answer};
use crate::errors;
use crate::model::Family;
use crate::settings::DialectSettings;

/// Calls whose fragments are told apart. A model makes a few.
const MAX_CALLS: usize = 4096;
/// What is kept of a reply that is no event stream, to say what it is.
const MAX_STRAY_BYTES: usize = 64 * 1024;

pub(super) struct StreamDecoder {
    splitter: AwsEventSplitter,
    reply: ReplyWriter,
    /// The `format` of reasoning.
    format: &'static str,
    /// Blocks that are calls of the caller's: their index, and the call's.
    calls: Vec<(u32, u32)>,
    progress: Progress,
    /// A reply that is no event stream: the first byte of a message up to 16 MiB is 0, that of a
    /// text is not.
    stray: Option<Vec<u8>>,
    begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    /// `messageStop` was there.
    Stopped,
    /// `metadata` was there too; what follows is not looked at.
    Done,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart {
    start: StartOf,
    #[serde(default)]
    content_block_index: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartOf {
    tool_use: Option<CallStart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
    #[serde(default)]
    content_block_index: u32,
}

/// One of them is there; deltas that are not known have none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    tool_use: Option<InputDelta<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<ReasoningDelta<'a>>,
    citation: Option<RawJson>,
}

/// Borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct InputDelta<'a> {
    #[serde(borrow)]
    input: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningDelta<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    redacted_content: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop {
    stop_reason: String,
    additional_model_response_fields: Option<RawJson>,
}

impl StreamDecoder {
    pub(super) fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        // The plan has read the settings already: they can be.
        let setting = call.settings::<DialectSettings>().map(|settings| settings.model_family);
        let family = Family::of(&call.model, setting.unwrap_or_default());
        Self {
            splitter: AwsEventSplitter::default(),
            reply: ReplyWriter::new(call, identity),
            format: family.reasoning_format(),
            calls: Vec::new(),
            progress: Progress::Running,
            stray: None,
            begun: false,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        if let (false, Some(first)) = (self.begun, chunk.first()) {
            self.begun = true;
            self.stray = (*first != 0).then(Vec::new);
        }
        if let Some(stray) = &mut self.stray {
            let room = MAX_STRAY_BYTES.saturating_sub(stray.len());
            stray.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
            return Ok(Vec::new());
        }
        if self.progress == Progress::Done {
            return Ok(Vec::new());
        }
        for message in self.splitter.push(chunk)? {
            self.message(&message)?;
            if self.progress == Progress::Done {
                break;
            }
        }
        Ok(self.reply.take())
    }

    pub(super) fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        if let Some(stray) = self.stray {
            return Err(no_answer(&stray, "an event stream"));
        }
        if !self.begun && ending == Ending::Clean {
            return Err(Failure::upstream("the provider answered with nothing"));
        }
        if self.progress != Progress::Done {
            self.splitter.finish()?;
        }
        match (self.progress, ending) {
            (Progress::Done, _) | (Progress::Stopped, Ending::Clean) => Ok(self.reply.end()),
            (Progress::Stopped, Ending::Broken) => {
                Err(Failure::truncated("the provider's stream broke off before its metadata"))
            }
            (Progress::Running, _) => {
                Err(Failure::truncated("the provider's stream ended before messageStop"))
            }
        }
    }

    fn message(&mut self, message: &AwsMessage) -> Result<(), Failure> {
        let named = |name| message.text(name).unwrap_or_default();
        match named(":message-type") {
            "event" => self.event(named(":event-type"), message.payload()),
            "exception" => Err(errors::exception(named(":exception-type"), message.payload())),
            "error" => Err(errors::failure(named(":error-code"), named(":error-message"))),
            _ => Ok(()),
        }
    }

    fn event(&mut self, kind: &str, payload: &[u8]) -> Result<(), Failure> {
        match kind {
            "contentBlockDelta" => self.delta(&read(kind, payload)?),
            "messageStart" => self.reply.begin(),
            "contentBlockStart" => self.start(&read(kind, payload)?)?,
            "messageStop" => self.stop(read(kind, payload)?)?,
            "metadata" => {
                read::<About>(kind, payload)?.write(&mut self.reply);
                if self.progress == Progress::Stopped {
                    self.progress = Progress::Done;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, block: &BlockStart) -> Result<(), Failure> {
        let Some(call) = block.start.tool_use.as_ref().filter(|call| call.is_callers()) else {
            return Ok(());
        };
        if self.calls.len() >= MAX_CALLS {
            return Err(Failure::upstream("the provider's reply has too many calls"));
        }
        let number = self.reply.begin_call(Some(&call.tool_use_id), &call.name);
        self.calls.push((block.content_block_index, number));
        Ok(())
    }

    fn delta(&mut self, block: &BlockDelta<'_>) {
        let index = block.content_block_index;
        if let Some(Text(text)) = &block.delta.text {
            self.reply.text(text);
        }
        if let Some(InputDelta { input: Some(Text(input)) }) = &block.delta.tool_use {
            let call = self.calls.iter().rfind(|(block, _)| *block == index);
            if let Some((_, number)) = call {
                self.reply.arguments(*number, input);
            }
        }
        if let Some(reasoning) = &block.delta.reasoning_content {
            self.reasoning(index, reasoning);
        }
        if let Some(citation) = &block.delta.citation {
            let list = RawJson::of(&[citation]).expect("a list of JSON is JSON");
            self.reply.member("citations", list);
        }
    }

    fn reasoning(&mut self, index: u32, delta: &ReasoningDelta<'_>) {
        let text = |text: &'_ Option<Text<'_>>| text.as_ref().map(|Text(text)| text.to_string());
        let (said, signature) = (text(&delta.text), text(&delta.signature));
        if said.is_some() || signature.is_some() {
            let detail = thought(self.format, index, said.as_deref(), signature.as_deref());
            self.reply.reasoning(detail);
        }
        if let Some(Text(data)) = &delta.redacted_content {
            self.reply.reasoning(sealed(self.format, index, data));
        }
    }

    fn stop(&mut self, stop: MessageStop) -> Result<(), Failure> {
        self.reply.finish_reason(match finish_reason(&stop.stop_reason)? {
            FinishReason::ToolCalls if self.calls.is_empty() => FinishReason::Stop,
            reason => reason,
        });
        if let Some(fields) = stop.additional_model_response_fields.filter(|it| !it.is_null()) {
            self.reply.reply_member("additionalModelResponseFields", fields);
        }
        self.progress = Progress::Stopped;
        Ok(())
    }
}

fn read<'a, T: Deserialize<'a>>(kind: &str, payload: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(payload).map_err(|_| {
        Failure::upstream(format!("an event {kind} in the provider's stream cannot be read"))
    })
}
