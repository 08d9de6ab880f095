//! Reads canonical replies without changing them.

use patchbay_sdk::explain;
use patchbay_sdk::split::{SseEvent, SseSplitter};
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead};
use serde_json::Value;

/// The event that ends a stream.
const DONE: &[u8] = b"[DONE]";

/// Gives back the provider's documents, byte for byte.
pub enum ReplyDecoder {
    /// One document for each event, until `[DONE]`.
    Stream {
        /// Bytes to events.
        events: SseSplitter,
        /// Whether `[DONE]` was there; what follows is not looked at.
        done: bool,
    },
    /// One document.
    Whole {
        /// The body so far.
        body: Vec<u8>,
    },
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, _: ReplyIdentity, _: ResponseHead) -> Self {
        if call.streaming {
            Self::Stream { events: SseSplitter::default(), done: false }
        } else {
            Self::Whole { body: Vec::new() }
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match self {
            Self::Stream { events, done } => {
                let mut documents = Vec::new();
                if !*done {
                    read_events(events.push(chunk)?, done, &mut documents)?;
                }
                Ok(documents)
            }
            Self::Whole { body } => {
                body.extend_from_slice(chunk);
                Ok(Vec::new())
            }
        }
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        match self {
            Self::Stream { done: true, .. } => Ok(Vec::new()),
            // What is cut there is no event.
            Self::Stream { .. } if ending == Ending::Broken => {
                Err(Failure::truncated("the provider's stream broke off before [DONE]"))
            }
            Self::Stream { events, mut done } => {
                let mut documents = Vec::new();
                read_events(events.finish(), &mut done, &mut documents)?;
                match done {
                    true => Ok(documents),
                    false => Err(Failure::truncated("the provider's stream ended before [DONE]")),
                }
            }
            Self::Whole { .. } if ending == Ending::Broken => {
                Err(Failure::truncated("the provider's reply broke off"))
            }
            Self::Whole { body } => document(body).map(|document| vec![document]),
        }
    }
}

fn read_events(
    events: impl IntoIterator<Item = SseEvent>,
    done: &mut bool,
    documents: &mut Vec<Document>,
) -> Result<(), Failure> {
    for event in events {
        if event.data.trim_ascii() == DONE {
            *done = true;
            break;
        }
        if !event.data.trim_ascii().is_empty() {
            documents.push(document(event.data)?);
        }
    }
    Ok(())
}

/// A document of the provider's, once it is known to be one.
fn document(data: Vec<u8>) -> Result<Document, Failure> {
    if let Some(failure) = explain::error_instead_of_answer(&data) {
        return Err(failure);
    }
    match serde_json::from_slice(&data) {
        Ok(Value::Object(_)) => Ok(data),
        _ => {
            Err(Failure::upstream("the provider answered with something that is not a JSON object"))
        }
    }
}
