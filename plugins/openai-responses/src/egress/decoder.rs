//! Reads a provider's reply: a stream of events, or one response.

use patchbay_sdk::split::{SseEvent, SseSplitter};
use patchbay_sdk::{
    Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead, explain,
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::event::{Event, Text};
use super::failures;
use super::reply::{CanonicalReply, PieceOf, read_item};
use super::response::Response;

/// So much of a stream without events is kept, to say what it is instead.
const MAX_PREFIX_BYTES: usize = 64 * 1024;

/// Reads one good reply. A stream is whole with `response.completed` or `response.incomplete`.
pub struct ReplyDecoder {
    /// None after the end of a stream; what follows is not looked at.
    reply: Option<CanonicalReply>,
    body: Body,
}

enum Body {
    /// Events, and the bytes before the first one.
    Stream { events: SseSplitter, prefix: Option<Vec<u8>> },
    /// One response.
    Whole(Vec<u8>),
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        let body = match call.streaming {
            true => Body::Stream { events: SseSplitter::default(), prefix: Some(Vec::new()) },
            false => Body::Whole(Vec::new()),
        };
        Self { reply: Some(CanonicalReply::new(&call, &identity)), body }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match &mut self.body {
            Body::Whole(body) => {
                body.extend_from_slice(chunk);
                Ok(Vec::new())
            }
            Body::Stream { .. } if self.reply.is_none() => Ok(Vec::new()),
            Body::Stream { events, prefix } => {
                let found = events.push(chunk)?;
                if !found.is_empty() {
                    *prefix = None;
                } else if let Some(prefix) = prefix {
                    let room = MAX_PREFIX_BYTES.saturating_sub(prefix.len());
                    prefix.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
                }
                self.read_events(found)
            }
        }
    }

    fn finish(mut self, ending: Ending) -> Result<Vec<Document>, Failure> {
        match std::mem::replace(&mut self.body, Body::Whole(Vec::new())) {
            Body::Whole(_) if ending == Ending::Broken => {
                Err(Failure::truncated("the provider's reply broke off"))
            }
            Body::Whole(body) => self.read_whole(&body),
            Body::Stream { .. } if self.reply.is_none() => Ok(Vec::new()),
            Body::Stream { events, prefix } => {
                // A part of an event is no event, where the connection broke.
                let is_part = |event: &SseEvent| {
                    ending == Ending::Broken
                        && serde_json::from_slice::<IgnoredAny>(&event.data).is_err()
                };
                let last = events.finish().filter(|event| !is_part(event));
                let documents = match (&last, prefix) {
                    (None, Some(prefix)) if ending == Ending::Clean => {
                        return Err(instead_of_events(&prefix));
                    }
                    _ => self.read_events(last)?,
                };
                if self.reply.is_none() {
                    return Ok(documents);
                }
                Err(Failure::truncated("the provider's stream ended before its response did"))
            }
        }
    }
}

impl ReplyDecoder {
    fn read_events(
        &mut self,
        events: impl IntoIterator<Item = SseEvent>,
    ) -> Result<Vec<Document>, Failure> {
        let mut documents = Vec::new();
        for event in events {
            let data = event.data.trim_ascii();
            // Some servers end streams of every kind with this.
            if self.reply.is_none() || data == b"[DONE]" {
                continue;
            }
            if let Some(event) = Event::read(data)? {
                documents.extend(self.read_event(&event, data)?);
            }
        }
        if let Some(reply) = &mut self.reply {
            documents.extend(reply.take());
        }
        Ok(documents)
    }

    /// Reads an event. Returns documents only when it ends the reply.
    fn read_event(&mut self, event: &Event<'_>, data: &[u8]) -> Result<Vec<Document>, Failure> {
        let Some(reply) = &mut self.reply else { return Ok(Vec::new()) };
        let place = event.output_index;
        let delta = event.delta.as_ref().map_or("", |Text(delta)| delta);
        match &*event.kind.0 {
            "response.output_text.delta" => {
                reply.text(place, delta, event.logprobs.map(RawValue::get));
            }
            "response.refusal.delta" => reply.refusal(place, delta),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                reply.arguments(place, delta);
            }
            "response.reasoning_summary_text.delta" => {
                reply.reasoning(place, PieceOf::Summary(event.summary_index), delta);
            }
            "response.reasoning_text.delta" => {
                reply.reasoning(place, PieceOf::Content(event.content_index), delta);
            }
            "response.output_item.added" | "response.output_item.done" => {
                if let Some(item) = event.item.map(read_item).transpose()?.flatten() {
                    match &*event.kind.0 {
                        "response.output_item.done" => reply.end_item(place, &item),
                        _ => reply.begin_item(place, &item),
                    }
                }
            }
            "response.created" => reply.identify(&read_response(event.response)?),
            "response.completed" | "response.incomplete" => {
                let mut documents = reply.take();
                documents.extend(self.end(event.response)?);
                return Ok(documents);
            }
            "response.failed" => {
                let response = event.response.map_or("", RawValue::get);
                return Err(failures::of_document(response.as_bytes()));
            }
            "error" => return Err(failures::of_event(data)),
            _ => {}
        }
        Ok(Vec::new())
    }

    fn read_whole(&mut self, body: &[u8]) -> Result<Vec<Document>, Failure> {
        if explain::error_instead_of_answer(body).is_some() {
            return Err(failures::of_document(body));
        }
        let raw: &RawValue = serde_json::from_slice(body).map_err(|_| not_a_response())?;
        let response = read_response(Some(raw))?;
        if let Some(reply) = &mut self.reply {
            reply.identify(&response);
        }
        self.end(Some(raw))
    }

    fn end(&mut self, response: Option<&RawValue>) -> Result<Vec<Document>, Failure> {
        let response = read_response(response)?;
        let Some(reason) = response.finish_reason() else {
            return Err(match response.status.as_deref() {
                Some("failed") => {
                    Failure::upstream("the provider's response failed without saying why")
                }
                Some(_) => Failure::upstream("the provider's response is not finished"),
                None => not_a_response(),
            });
        };
        self.reply.take().map_or_else(|| Ok(Vec::new()), |reply| reply.end(response, reason))
    }
}

fn read_response(response: Option<&RawValue>) -> Result<Response<'_>, Failure> {
    let response = response.ok_or_else(not_a_response)?;
    serde_json::from_str(response.get()).map_err(|error| {
        Failure::upstream(format!("the provider sent a malformed response: {error}"))
    })
}

fn not_a_response() -> Failure {
    Failure::upstream("the provider answered with something that is not a response")
}

/// What a stream is that has no event: an error object, or nothing that can be read.
fn instead_of_events(body: &[u8]) -> Failure {
    match explain::error_instead_of_answer(body) {
        Some(_) => failures::of_document(body),
        None => Failure::upstream("the provider answered with something that has no events"),
    }
}
