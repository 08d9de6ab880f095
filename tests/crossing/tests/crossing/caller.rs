//! Somebody who speaks a client API.

use patchbay_sdk::split::SseSplitter;
use patchbay_sdk::testing::{encode_reply, fail_reply};
use patchbay_sdk::{CallerFailure, Decoded, Failure, Ingress};
use serde_json::Value;

use crate::conversation::{Ending, Item, Lack, Tokens};

/// A dialect towards callers.
pub(crate) trait Caller: Sync {
    fn name(&self) -> &'static str;

    /// What it cannot do.
    fn lacks(&self) -> &'static [Lack];

    /// A request in the dialect.
    fn request(&self, question: &Question) -> Value;

    /// The request as the host has it.
    fn decode(&self, request: &Value) -> Result<(Decoded, Value), Failure>;

    /// A reply in the dialect, or as much of it as there is before a failure.
    fn reply(
        &self,
        decoded: &Decoded,
        documents: &[Value],
        failure: Option<CallerFailure>,
    ) -> Result<Vec<u8>, Failure>;

    /// A failure instead of a reply.
    fn fail(&self, failure: &CallerFailure) -> Value;

    /// Reads a reply that is not streamed.
    fn read_whole(&self, reply: &Value) -> Answer;

    /// Reads a reply that is streamed.
    fn read_stream(&self, events: &[Event]) -> Answer;
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    pub(crate) turns: Vec<Turn>,
    /// Whether the tools may be called.
    pub(crate) tools: bool,
    /// Whether the answer has a schema.
    pub(crate) schema: bool,
    pub(crate) streaming: bool,
}

/// A part of a question.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Said by somebody.
    Item(Item),
    /// An answer of before, as its caller keeps it.
    Answer(Answer),
}

/// What a caller got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// What the model said, without proofs, which are nobody's to read.
    pub(crate) items: Vec<Item>,
    /// Why the model ended.
    pub(crate) ending: Option<Ending>,
    /// Whether the dialect's own end of a good reply was there.
    pub(crate) clean: bool,
    pub(crate) tokens: Option<Tokens>,
    /// What the caller sends back in the next turn.
    pub(crate) kept: Value,
    /// The message of an error.
    pub(crate) error: Option<String>,
}

/// A server-sent event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    /// Null for `[DONE]`.
    pub(crate) data: Value,
}

/// Splits a stream into events, all of which have to be JSON or `[DONE]`.
pub(crate) fn events(stream: &[u8]) -> Vec<Event> {
    let mut splitter = SseSplitter::default();
    let mut events = splitter.push(stream).expect("callers can read their streams");
    events.extend(splitter.finish());
    let read = |event: patchbay_sdk::split::SseEvent| {
        let data = match event.data.as_slice() {
            b"[DONE]" => Value::Null,
            json => serde_json::from_slice(json).expect("events are JSON"),
        };
        Event { name: event.event, data }
    };
    events.into_iter().map(read).collect()
}

impl Question {
    /// A text that is asked.
    pub(crate) fn of(items: &[Item]) -> Self {
        let turns = items.iter().cloned().map(Turn::Item).collect();
        Self { turns, ..Self::default() }
    }
}

/// Writes a reply with a plugin.
pub(crate) fn reply_with<I: Ingress>(
    decoded: &Decoded,
    documents: &[Value],
    failure: Option<CallerFailure>,
) -> Result<Vec<u8>, Failure> {
    match failure {
        None => encode_reply::<I>(decoded, documents),
        Some(failure) => fail_reply::<I>(decoded, documents, failure),
    }
}

/// Writes a failure with a plugin.
pub(crate) fn fail_with<I: Ingress>(failure: &CallerFailure) -> Value {
    serde_json::from_slice(&I::fail(502, failure).body).expect("failures are JSON")
}
