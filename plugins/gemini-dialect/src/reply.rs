//! Replies: streams, whole answers, vectors and counts.

mod answer;
mod candidate;
mod logprobs;
mod vectors;
mod wire;

use patchbay_sdk::split::{SseEvent, SseSplitter};
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead, reply};
use serde::Deserialize;

use crate::errors;
use answer::Answer;

/// What is kept of a reply that should be a stream and has no event: enough for an error object.
const MAX_PRELUDE_BYTES: usize = 64 * 1024;

/// Reads one good reply.
pub struct GeminiDecoder {
    call: Call,
    identity: ReplyIdentity,
    form: Form,
}

enum Form {
    /// Each event is a piece of the answer. Nothing says that the last one was the last: a
    /// `finishReason` has to have come.
    Stream {
        events: SseSplitter,
        answer: Box<Answer>,
        /// The start of a reply in which no event was seen yet.
        prelude: Option<Vec<u8>>,
    },
    Whole {
        body: Vec<u8>,
    },
}

impl Decoder for GeminiDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        let form = match call.streaming {
            true => Form::Stream {
                events: SseSplitter::default(),
                answer: Box::new(Answer::new(&call, &identity)),
                prelude: Some(Vec::new()),
            },
            false => Form::Whole { body: Vec::new() },
        };
        Self { call, identity, form }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match &mut self.form {
            Form::Stream { events, answer, prelude } => {
                let found = events.push(chunk)?;
                match prelude {
                    Some(_) if !found.is_empty() => *prelude = None,
                    Some(start) => {
                        let room = MAX_PRELUDE_BYTES.saturating_sub(start.len());
                        start.extend(chunk.iter().take(room));
                    }
                    None => {}
                }
                for event in &found {
                    read_event(event, answer)?;
                }
                Ok(answer.take())
            }
            Form::Whole { body } => {
                body.extend_from_slice(chunk);
                Ok(Vec::new())
            }
        }
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        if ending == Ending::Broken {
            return Err(Failure::truncated("the provider's reply broke off"));
        }
        match self.form {
            Form::Stream { events, mut answer, prelude } => {
                match events.finish() {
                    Some(event) => read_event(&event, &mut answer)?,
                    None => no_event(prelude.as_deref())?,
                }
                answer.end()
            }
            Form::Whole { body } => whole(&self.call, &self.identity, &body),
        }
    }
}

fn read_event(event: &SseEvent, answer: &mut Answer) -> Result<(), Failure> {
    let data = event.data.trim_ascii();
    // Google sends no such end; servers that imitate it do.
    if data.is_empty() || data == b"[DONE]" {
        return Ok(());
    }
    answer.read(&parse(data)?, data)
}

/// A reply without any event may be an error that was sent as a plain document.
fn no_event(prelude: Option<&[u8]>) -> Result<(), Failure> {
    let start = prelude.unwrap_or_default().trim_ascii();
    match start.first() {
        None => Ok(()),
        Some(b'{' | b'[') => match errors::instead_of_answer(start) {
            Some(failure) => Err(failure),
            None => Err(Failure::upstream("the provider answered with JSON and not with a stream")),
        },
        Some(b'<') => Err(not_json(start)),
        Some(_) => Ok(()),
    }
}

fn whole(call: &Call, identity: &ReplyIdentity, body: &[u8]) -> Result<Vec<Document>, Failure> {
    match call.operation.as_str() {
        "embeddings" => vectors::read(call, identity, body).map(|document| vec![document]),
        "count-tokens" => count(body).map(|document| vec![document]),
        _ => {
            let mut answer = Answer::new(call, identity);
            answer.read(&parse(body)?, body)?;
            answer.end()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_tokens: u64,
}

fn count(body: &[u8]) -> Result<Document, Failure> {
    match parse::<Count>(body) {
        Ok(count) => Ok(reply::token_count(count.total_tokens)),
        Err(failure) => Err(errors::instead_of_answer(body).unwrap_or(failure)),
    }
}

/// Reads a document of the provider's.
fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Failure> {
    // A struct could be read from a list as well.
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    let read = if is_object { serde_json::from_slice(json).ok() } else { None };
    read.ok_or_else(|| errors::instead_of_answer(json).unwrap_or_else(|| not_json(json)))
}

/// Says what a reply is that is no answer, without quoting it.
fn not_json(body: &[u8]) -> Failure {
    let what = match body.trim_ascii().first() {
        None => "nothing",
        Some(b'<') => "an HTML page",
        Some(b'{') => "JSON that is no answer of this dialect",
        Some(_) => "something that is not a JSON object",
    };
    Failure::upstream(format!("the provider answered with {what}"))
}
