//! A chat as events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::reply::ReplyWriter;
use patchbay_sdk::split::{SseEvent, SseSplitter};
use patchbay_sdk::{Call, Document, Failure, ReplyIdentity};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::whole::{ToolCall, thought};
use super::{error_in, finish, logprobs, usage::Counts};

/// Ends a stream on servers that speak like Cohere's; means nothing here.
const DONE: &[u8] = b"[DONE]";

/// Reads events. The reply is whole after `message-end`.
pub struct StreamDecoder {
    events: SseSplitter,
    writer: ReplyWriter,
    /// Cohere's index of a call to ours.
    calls: BTreeMap<u32, u32>,
    done: bool,
}

/// A text that is borrowed where it has no escapes, inside an `Option` too.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What all events have. The content of a delta depends on the type.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    index: Option<u32>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    logprobs: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    error: Option<Text<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// `message-start` has empty lists where the others have one piece.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_plan: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    citations: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
}

impl Text<'_> {
    fn as_str(&self) -> &str {
        &self.0
    }

    fn says_something(&self) -> bool {
        !self.0.is_empty()
    }
}

impl StreamDecoder {
    pub(super) fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        Self {
            events: SseSplitter::default(),
            writer: ReplyWriter::new(call, identity),
            calls: BTreeMap::new(),
            done: false,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        if !self.done {
            for event in self.events.push(chunk)? {
                self.event(&event)?;
            }
        }
        Ok(self.writer.take())
    }

    pub(super) fn finish(mut self) -> Result<Vec<Document>, Failure> {
        // An event that lacks its blank line counts if it is whole.
        let rest = std::mem::take(&mut self.events).finish();
        let is_whole = |event: &SseEvent| serde_json::from_slice::<IgnoredAny>(&event.data).is_ok();
        if let Some(event) = rest.filter(is_whole) {
            self.event(&event)?;
        }
        match self.done {
            true => Ok(self.writer.end()),
            false => Err(Failure::truncated("the provider's stream ended before message-end")),
        }
    }

    fn event(&mut self, event: &SseEvent) -> Result<(), Failure> {
        let data = event.data.trim_ascii();
        if self.done || data.is_empty() || data == DONE {
            return Ok(());
        }
        let wrong = || Failure::upstream("the provider sent an event that is not Cohere's");
        let read: Event<'_> =
            serde_json::from_slice(data).map_err(|_| error_in(data).unwrap_or_else(wrong))?;
        let kind = read.kind.as_ref().map(Text::as_str);
        let Some(kind) = kind.or(event.event.as_deref()) else {
            return Err(error_in(data).unwrap_or_else(wrong));
        };
        let index = read.index.unwrap_or(0);
        let delta = read.delta.unwrap_or_default();
        let message = delta.message.unwrap_or_default();
        match kind {
            "message-start" => {
                self.writer.identify(read.id.as_ref().map(Text::as_str), None);
                self.writer.begin();
            }
            "content-start" | "content-delta" => {
                self.content(index, message.content);
                self.logprobs(read.logprobs);
            }
            "tool-plan-delta" => {
                if let Some(plan) = message.tool_plan.filter(Text::says_something) {
                    self.writer.reasoning_text(plan.as_str());
                }
            }
            "tool-call-start" => self.begin_call(index, message.tool_calls),
            "tool-call-delta" => self.arguments(index, message.tool_calls),
            "citation-start" => self.citations(message.citations),
            "message-end" => {
                let reason = delta.finish_reason.as_ref().map(Text::as_str);
                let error = delta.error.as_ref().map(Text::as_str);
                self.writer.finish_reason(finish::reason(reason, error)?);
                let counts = delta.usage.and_then(|usage| Counts::read(usage.get()));
                if let Some(usage) = counts.and_then(Counts::usage) {
                    self.writer.usage(usage);
                }
                self.done = true;
            }
            // The ends of pieces, `debug`, and what is new.
            _ => return error_in(data).map_or(Ok(()), Err),
        }
        Ok(())
    }

    fn content(&mut self, index: u32, content: Option<&RawValue>) {
        let content = content.and_then(|raw| serde_json::from_str::<Content<'_>>(raw.get()).ok());
        let content = content.unwrap_or_default();
        if let Some(text) = content.text.filter(Text::says_something) {
            self.writer.text(text.as_str());
        }
        if let Some(thinking) = content.thinking.filter(Text::says_something) {
            self.writer.reasoning(thought(index, thinking.as_str()));
        }
    }

    fn begin_call(&mut self, index: u32, calls: Option<&RawValue>) {
        for call in one_or_many::<ToolCall>(calls) {
            let function = call.function.unwrap_or_default();
            let name = function.name.unwrap_or_default();
            let ours = self.writer.begin_call(call.id.as_deref(), &name);
            self.calls.insert(index, ours);
            self.writer.arguments(ours, &function.arguments.unwrap_or_default());
        }
    }

    fn arguments(&mut self, index: u32, calls: Option<&RawValue>) {
        let Some(ours) = self.calls.get(&index) else { return };
        for call in one_or_many::<ToolCall>(calls) {
            let fragment = call.function.and_then(|function| function.arguments);
            self.writer.arguments(*ours, &fragment.unwrap_or_default());
        }
    }

    /// Each event has one citation; the member is the list that a whole reply has.
    fn citations(&mut self, citations: Option<&RawValue>) {
        let citations = one_or_many::<RawJson>(citations);
        if !citations.is_empty()
            && let Ok(list) = RawJson::of(&citations)
        {
            self.writer.member("citations", list);
        }
    }

    fn logprobs(&mut self, item: Option<&RawValue>) {
        let items = one_or_many::<logprobs::Item>(item);
        if let Some(logprobs) = logprobs::canonical(items) {
            self.writer.logprobs(logprobs);
        }
    }
}

/// A value, or a list of them; what is neither counts as none.
fn one_or_many<T: DeserializeOwned>(raw: Option<&RawValue>) -> Vec<T> {
    let Some(json) = raw.map(RawValue::get).filter(|json| *json != "null") else {
        return Vec::new();
    };
    match json.starts_with('[') {
        true => serde_json::from_str(json).unwrap_or_default(),
        false => serde_json::from_str(json).ok().into_iter().collect(),
    }
}
