//! Writes a reply: chunks of a stream until `[DONE]`, or one completion.

use std::borrow::Cow;

use patchbay_sdk::canonical::{Number, sse};
use patchbay_sdk::{CallerFailure, Document, Encoder, Extra, Failure, ResponseHead};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::chunk::{Choice, Chunk, Delta, Text};
use crate::logprobs::Logprobs;
use crate::request::{WANTED, Wanted};

/// Writes one reply. A chunk has the form of a whole completion.
pub struct ReplyEncoder {
    streaming: bool,
    wanted: Wanted,
    /// Whether there was a document.
    begun: bool,
    /// Answers that have begun, and where their next token begins.
    answers: Vec<(u32, usize)>,
}

/// A completion, or a chunk of one.
#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: &'a Number,
    model: &'a str,
    choices: Vec<TextChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<&'a RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct TextChoice<'a> {
    text: Cow<'a, str>,
    index: u32,
    logprobs: Option<Logprobs>,
    finish_reason: Option<&'a str>,
}

impl Encoder for ReplyEncoder {
    fn new(extra: Extra, streaming: bool) -> Self {
        let wanted = extra.into_iter().find(|(name, _)| name == WANTED);
        let wanted = wanted.and_then(|(_, json)| serde_json::from_str(&json).ok());
        let (begun, answers) = (false, Vec::new());
        Self { streaming, wanted: wanted.unwrap_or_default(), begun, answers }
    }

    fn head(&self) -> ResponseHead {
        let kind = if self.streaming { "text/event-stream" } else { "application/json" };
        ResponseHead::new(200).with_header("content-type", kind)
    }

    fn push(&mut self, documents: Vec<Document>) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        for document in documents {
            let chunk: Chunk<'_> = serde_json::from_slice(&document).map_err(|error| {
                Failure::upstream(format!("a document of the reply is not canonical: {error}"))
            })?;
            self.write(&chunk, &mut out);
            self.begun = true;
        }
        Ok(out)
    }

    fn finish(self, failure: Option<CallerFailure>) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        match failure {
            Some(failure) if self.streaming => {
                sse::write_event(&crate::error(&failure).to_json(), &mut out);
            }
            Some(failure) => out = crate::error(&failure).to_json(),
            None if !self.begun => {
                return Err(Failure::upstream("the provider's reply has no document"));
            }
            None if self.streaming => out.extend_from_slice(sse::DONE),
            None => {}
        }
        Ok(out)
    }
}

impl ReplyEncoder {
    fn write(&mut self, chunk: &Chunk<'_>, out: &mut Vec<u8>) {
        let choices: Vec<_> =
            chunk.choices.iter().filter_map(|choice| self.choice(choice)).collect();
        let usage = match (self.streaming, self.wanted.usage) {
            (false, _) => chunk.usage.map(Some),
            (true, true) => Some(chunk.usage),
            (true, false) => None,
        };
        let has_usage = usage.flatten().is_some();
        // A chunk of the role alone, or of what has no place here, says nothing.
        if self.streaming && choices.is_empty() && !has_usage {
            return;
        }
        let created = chunk.created.clone().unwrap_or_default();
        let completion = Completion {
            id: id_of(Text::of(chunk.id.as_ref())),
            object: "text_completion",
            created: &created,
            model: Text::of(chunk.model.as_ref()),
            choices,
            usage,
            system_fingerprint: chunk.system_fingerprint.as_ref().map(|text| &*text.0),
        };
        let json = serde_json::to_vec(&completion).expect("completions have string keys");
        match self.streaming {
            true => sse::write_event(&json, out),
            false => out.extend_from_slice(&json),
        }
    }

    /// What a choice says; none if that is nothing.
    fn choice<'a>(&mut self, choice: &'a Choice<'a>) -> Option<TextChoice<'a>> {
        let index = choice.index;
        let (echo, at) = self.answer(index);
        let logprobs = choice.logprobs.and_then(|raw| {
            let (_, offset) = self.answers.get_mut(at)?;
            Logprobs::read(raw.get(), offset)
        });
        let text = choice.delta.as_ref().map(Delta::text).unwrap_or_default();
        let text = echo.map_or(text.clone(), |prompt| Cow::Owned(prompt + &text));
        let finish_reason = choice.finish_reason.as_ref().map(|reason| match &*reason.0 {
            "tool_calls" | "function_call" => "stop",
            reason => reason,
        });
        let says = !text.is_empty() || logprobs.is_some() || finish_reason.is_some();
        (says || !self.streaming).then_some(TextChoice { text, index, logprobs, finish_reason })
    }

    /// Place of an answer, and the prompt if it has to stand before its text.
    fn answer(&mut self, index: u32) -> (Option<String>, usize) {
        if let Some(at) = self.answers.iter().position(|(known, _)| *known == index) {
            return (None, at);
        }
        self.answers.push((index, self.wanted.text_begins));
        (self.wanted.echo.clone(), self.answers.len() - 1)
    }
}

/// `chatcmpl-1` is `cmpl-1`.
fn id_of(id: &str) -> String {
    let base = id.strip_prefix("chatcmpl-").or_else(|| id.strip_prefix("cmpl-"));
    format!("cmpl-{}", base.unwrap_or(id))
}
