//! Cohere's replies as canonical ones.

mod embeddings;
mod finish;
mod logprobs;
mod stream;
mod usage;
mod whole;

use patchbay_sdk::{
    Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead, explain,
};
use serde::Deserialize;

use stream::StreamDecoder;

/// What the encoder of embeddings hands to their decoder: how many inputs there were.
pub(crate) const INPUTS: &str = "inputs";

/// Reads one reply.
pub enum ReplyDecoder {
    /// A chat as events.
    Stream(Box<StreamDecoder>),
    /// A chat, or vectors, in one piece.
    Whole {
        /// What was asked.
        call: Call,
        /// Whose reply it is.
        identity: ReplyIdentity,
        /// The body so far.
        body: Vec<u8>,
    },
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        if call.streaming {
            Self::Stream(Box::new(StreamDecoder::new(&call, &identity)))
        } else {
            Self::Whole { call, identity, body: Vec::new() }
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match self {
            Self::Stream(stream) => stream.push(chunk),
            Self::Whole { body, .. } => {
                body.extend_from_slice(chunk);
                Ok(Vec::new())
            }
        }
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        match self {
            Self::Stream(stream) => stream.finish(),
            Self::Whole { .. } if ending == Ending::Broken => {
                Err(Failure::truncated("the provider's reply broke off"))
            }
            Self::Whole { call, identity, body } => {
                if let Some(failure) = error_in(&body) {
                    return Err(failure);
                }
                match call.operation.as_str() {
                    "embeddings" => embeddings::document(&call, &identity, &body),
                    _ => whole::documents(&call, &identity, &body),
                }
            }
        }
    }
}

/// The error in a good status, or in a stream: `{"message": "…"}` without anything else that an
/// answer has, or an error object of those before Cohere.
fn error_in(document: &[u8]) -> Option<Failure> {
    #[derive(Deserialize)]
    struct Bare {
        message: String,
        #[serde(rename = "type")]
        kind: Option<serde::de::IgnoredAny>,
    }
    if let Some(failure) = explain::error_instead_of_answer(document) {
        return Some(failure);
    }
    let bare: Bare = serde_json::from_slice(document).ok()?;
    bare.kind.is_none().then(|| Failure::upstream(bare.message))
}
