//! Writes a reply: the events of a stream, or the whole response.

use patchbay_sdk::canonical::{ErrorBody, Object};
use patchbay_sdk::{CallerFailure, Document, Encoder, Extra, Failure, ResponseHead};

use super::chunk::{Choice, Chunk, Delta, Text};
use super::events::Event;
use super::failures;
use super::output::Output;
use super::output_item::{PartKind, Status};
use super::request::ECHO;
use super::response::{Facts, Identity, IncompleteDetails, Response, ResponseError, base_of};
use crate::logprobs::{self, Logprob};

/// Writes one reply. Whole replies and streams go the same way; a whole reply's events are just
/// not written.
///
/// The stream's events and their order are those of
/// <https://platform.openai.com/docs/api-reference/responses-streaming>; it ends with
/// `response.completed`, `response.incomplete` or `response.failed`, and there is no `[DONE]`.
pub struct ReplyEncoder {
    streaming: bool,
    facts: Facts,
    output: Output,
}

impl Encoder for ReplyEncoder {
    fn new(extra: Extra, streaming: bool) -> Self {
        let echo = extra.into_iter().find(|(name, _)| name == ECHO);
        let echo = echo.and_then(|(_, json)| Object::from_json(json.as_bytes()).ok());
        Self {
            streaming,
            facts: Facts::new(echo.unwrap_or_default()),
            output: Output::new(streaming),
        }
    }

    fn head(&self) -> ResponseHead {
        let kind = if self.streaming { "text/event-stream" } else { "application/json" };
        ResponseHead::new(200).with_header("content-type", kind)
    }

    fn push(&mut self, documents: Vec<Document>) -> Result<Vec<u8>, Failure> {
        for document in documents {
            let chunk = serde_json::from_slice(&document).map_err(|error| {
                Failure::upstream(format!("a document of the reply is not canonical: {error}"))
            })?;
            self.add(chunk);
        }
        Ok(self.output.events.take())
    }

    fn finish(mut self, failure: Option<CallerFailure>) -> Result<Vec<u8>, Failure> {
        match failure {
            Some(failure) => Ok(self.fail(&failure)),
            None if self.facts.identity.is_none() => {
                Err(Failure::upstream("the provider's reply has no document"))
            }
            None => Ok(self.end()),
        }
    }
}

impl ReplyEncoder {
    fn add(&mut self, chunk: Chunk<'_>) {
        if self.facts.identity.is_none() {
            self.begin(&chunk);
        }
        if let Some(tier) = chunk.service_tier {
            self.facts.service_tier = Some(tier.0.into_owned());
        }
        if chunk.usage.is_some() {
            self.facts.usage = chunk.usage;
        }
        // A response has one answer.
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            self.add_choice(choice);
        }
    }

    fn begin(&mut self, chunk: &Chunk<'_>) {
        let base = base_of(Text::of(chunk.id.as_ref()));
        self.output.set_base(base);
        self.facts.identity = Some(Identity {
            id: format!("resp_{base}"),
            created_at: chunk.created.clone().unwrap_or_default(),
            model: Text::of(chunk.model.as_ref()).to_owned(),
        });
        self.write_stage("response.created", "in_progress");
        self.write_stage("response.in_progress", "in_progress");
    }

    fn add_choice(&mut self, choice: Choice<'_>) {
        let entries = choice.logprobs.map(|raw| logprobs::from_canonical(raw.get()));
        if let Some(delta) = choice.delta {
            self.add_delta(delta, entries.unwrap_or_default());
        }
        let reason = match choice.finish_reason.as_ref().map(|reason| &*reason.0) {
            Some("length") => "max_output_tokens",
            Some("content_filter") => "content_filter",
            _ => return,
        };
        self.facts.cut_off = Some(IncompleteDetails { reason });
    }

    fn add_delta(&mut self, delta: Delta<'_>, logprobs: Vec<Logprob>) {
        // What details show of the reasoning is its readable text again.
        let mut is_shown = false;
        for detail in delta.reasoning_details.into_iter().flatten() {
            let texts = [&detail.text, &detail.summary];
            is_shown |= texts.into_iter().flatten().any(|text| !text.is_empty());
            self.output.think(detail);
        }
        let readable = Text::of(delta.reasoning_content.as_ref().or(delta.reasoning.as_ref()));
        // Between two pieces of details, blanks stand for the border that is written here anyway.
        let is_border = self.output.shows_pieces() && readable.trim().is_empty();
        if !is_shown && !readable.is_empty() && !is_border {
            self.output.say(PartKind::Summary, readable, Vec::new());
        }
        let text = Text::of(delta.content.as_ref());
        // Log probabilities may come behind their text.
        if !text.is_empty() || (!logprobs.is_empty() && self.output.is_saying_text()) {
            self.output.say(PartKind::Text, text, logprobs);
        }
        let refusal = Text::of(delta.refusal.as_ref());
        if !refusal.is_empty() {
            self.output.say(PartKind::Refusal, refusal, Vec::new());
        }
        for (position, call) in (0..).zip(delta.tool_calls.iter().flatten()) {
            self.output.call(position, call);
        }
    }

    fn end(&mut self) -> Vec<u8> {
        let (item, kind, status) = match self.facts.cut_off {
            None => (Status::Completed, "response.completed", "completed"),
            Some(_) => (Status::Incomplete, "response.incomplete", "incomplete"),
        };
        self.output.end(item);
        if self.streaming {
            self.write_stage(kind, status);
            return self.output.events.take();
        }
        let response = self.facts.response(&self.output.items, status);
        serde_json::to_vec(&response).expect("a response has string keys")
    }

    /// A stream that has begun fails as a response; before that there is only the error.
    fn fail(&mut self, failure: &CallerFailure) -> Vec<u8> {
        let message = failure.message.as_str();
        let code = failure.error_code.as_deref();
        let param = failure.param.as_deref().map(failures::member_of);
        if !self.streaming {
            let kind = failure.error_type.as_str().into();
            let code = code.map(Into::into);
            return ErrorBody { message: message.into(), kind, param, code }.to_json();
        }
        let events = &mut self.output.events;
        match self.facts.response(&[], "failed") {
            Some(response) => {
                let code = failures::response_code(&failure.kind);
                let error = Some(ResponseError { code, message });
                let response = Response { error, incomplete_details: None, ..response };
                let response = Some(&response);
                events.write(Event { kind: "response.failed", response, ..Event::default() });
            }
            None => events.write_error(code, message, param.as_deref()),
        }
        events.take()
    }

    /// Writes an event that carries the response as it is.
    fn write_stage(&mut self, kind: &'static str, status: &'static str) {
        let response = self.facts.response(&self.output.items, status);
        let response = response.as_ref();
        self.output.events.write(Event { kind, response, ..Event::default() });
    }
}
