//! Reads a server's replies: events with a token each, or one object.

use patchbay_sdk::reply::ReplyWriter;
use patchbay_sdk::split::{SseEvent, SseSplitter};
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead};
use serde::de::IgnoredAny;

use crate::answer::{Answer, tell_end};
use crate::errors;
use crate::event::{End, Event, Generated};
use crate::request::{LOGPROBS, STOPS};

/// Reads one reply.
pub struct ReplyDecoder {
    reply: ReplyWriter,
    answer: Answer,
    input: Input,
}

enum Input {
    Stream { events: SseSplitter, any: bool, done: bool },
    Whole { body: Vec<u8>, prompt_tokens: Option<u64> },
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, identity: ReplyIdentity, head: ResponseHead) -> Self {
        let told = |name: &str| {
            let mut extra = identity.extra.iter();
            extra.find(|(told, _)| told == name).map(|(_, value)| value.as_str())
        };
        let stops = told(STOPS).and_then(|json| serde_json::from_str(json).ok());
        let input = match call.streaming {
            true => Input::Stream { events: SseSplitter::default(), any: false, done: false },
            false => Input::Whole {
                body: Vec::new(),
                prompt_tokens: head.header("x-prompt-tokens").and_then(|text| text.parse().ok()),
            },
        };
        Self {
            reply: ReplyWriter::new(&call, &identity),
            answer: Answer::new(stops.unwrap_or_default(), told(LOGPROBS).is_some()),
            input,
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        let found = match &mut self.input {
            Input::Stream { done: true, .. } => Vec::new(),
            Input::Stream { events, .. } => events.push(chunk)?,
            Input::Whole { body, .. } => {
                body.extend_from_slice(chunk);
                Vec::new()
            }
        };
        for event in found {
            self.read(&event)?;
        }
        Ok(self.reply.take())
    }

    fn finish(mut self, ending: Ending) -> Result<Vec<Document>, Failure> {
        let rest = match &mut self.input {
            Input::Whole { .. } if ending == Ending::Broken => {
                return Err(Failure::truncated("the provider's reply broke off"));
            }
            Input::Whole { body, prompt_tokens } => {
                let (body, prompt_tokens) = (std::mem::take(body), *prompt_tokens);
                self.read_whole(&body, prompt_tokens)?;
                return Ok(self.reply.end());
            }
            Input::Stream { done: true, .. } => None,
            Input::Stream { events, .. } => std::mem::take(events).finish(),
        };
        if let Some(event) = rest {
            // An event that lacks its end may be whole, or a part of one.
            if serde_json::from_slice::<IgnoredAny>(&event.data).is_err() {
                return Err(truncated());
            }
            self.read(&event)?;
        }
        match self.input {
            Input::Stream { done: true, .. } => Ok(self.reply.end()),
            Input::Stream { any: false, .. } if ending == Ending::Clean => {
                Err(Failure::upstream("the provider answered with no event"))
            }
            _ => Err(truncated()),
        }
    }
}

fn truncated() -> Failure {
    Failure::truncated("the provider's stream ended before the event with the whole text")
}

impl ReplyDecoder {
    fn read(&mut self, event: &SseEvent) -> Result<(), Failure> {
        let Input::Stream { any, done, .. } = &mut self.input else { return Ok(()) };
        if *done {
            return Ok(());
        }
        *any = true;
        let event = match serde_json::from_slice::<Event<'_>>(&event.data) {
            Ok(event) if event.error.is_none_or(|error| error.get() == "null") => event,
            _ => return Err(errors::instead_of_answer(&event.data)),
        };
        *done = event.generated_text.is_some() || event.details.is_some();
        let done = *done;
        if let Some(token) = &event.token {
            let others = event.top_tokens.as_deref().unwrap_or_default();
            let text = self.answer.token(token, others);
            self.reply.text(&text);
        }
        if done {
            let end = event.details.map_or_else(End::default, |details| details.end());
            let text = self.answer.finish(end.stopped);
            self.reply.text(&text);
            self.answer.tell_logprobs(&mut self.reply)?;
            tell_end(end, &mut self.reply);
            return Ok(());
        }
        self.answer.tell_logprobs(&mut self.reply)
    }

    /// Some servers put the one object into a list.
    fn read_whole(&mut self, body: &[u8], prompt_tokens: Option<u64>) -> Result<(), Failure> {
        let generated = match body.trim_ascii_start().first() {
            Some(b'[') => serde_json::from_slice::<[Generated<'_>; 1]>(body).map(|[one]| one),
            _ => serde_json::from_slice(body),
        };
        let Ok(generated) = generated else { return Err(errors::instead_of_answer(body)) };
        let details = generated.details.as_ref();
        let end = details.map_or_else(End::default, |details| details.end(prompt_tokens));
        self.reply.text(self.answer.whole(&generated.generated_text.0, end.stopped));
        if self.answer.wants_logprobs() {
            let tokens = details.and_then(|details| details.tokens.as_deref());
            let others = details.and_then(|details| details.top_tokens.as_deref());
            let others = others.unwrap_or_default();
            for (at, token) in tokens.unwrap_or_default().iter().enumerate() {
                let others = others.get(at).map(Vec::as_slice).unwrap_or_default();
                self.answer.token(token, others);
            }
            self.answer.finish(end.stopped);
            self.answer.tell_logprobs(&mut self.reply)?;
        }
        tell_end(end, &mut self.reply);
        Ok(())
    }
}
