//! Good replies: chats in one piece and as an event stream, vectors, and counts.

mod block;
mod stream;
mod usage;
mod vectors;
mod whole;

use patchbay_sdk::reply::FinishReason;
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead, reply};
use serde::Deserialize;

use crate::errors;

/// Reads one good reply.
pub struct ReplyDecoder(Shape);

enum Shape {
    /// ConverseStream.
    Stream(Box<stream::StreamDecoder>),
    /// Everything else is one JSON document.
    Whole(Box<WholeReply>),
}

struct WholeReply {
    call: Call,
    identity: ReplyIdentity,
    head: ResponseHead,
    body: Vec<u8>,
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, identity: ReplyIdentity, head: ResponseHead) -> Self {
        Self(if call.operation == "chat" && call.streaming {
            Shape::Stream(Box::new(stream::StreamDecoder::new(&call, &identity)))
        } else {
            Shape::Whole(Box::new(WholeReply { call, identity, head, body: Vec::new() }))
        })
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match &mut self.0 {
            Shape::Stream(stream) => stream.push(chunk),
            Shape::Whole(reply) => {
                reply.body.extend_from_slice(chunk);
                Ok(Vec::new())
            }
        }
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        match self.0 {
            Shape::Stream(stream) => stream.finish(ending),
            Shape::Whole(_) if ending == Ending::Broken => {
                Err(Failure::truncated("the provider's reply broke off"))
            }
            Shape::Whole(reply) => reply.read(),
        }
    }
}

impl WholeReply {
    fn read(&self) -> Result<Vec<Document>, Failure> {
        match self.call.operation.as_str() {
            "embeddings" => {
                vectors::read(&self.call, &self.head, &self.body).map(|document| vec![document])
            }
            "count-tokens" => count(&self.body).map(|document| vec![document]),
            _ => whole::read(&self.call, &self.identity, &self.body),
        }
    }
}

/// The answer of CountTokens.
fn count(body: &[u8]) -> Result<Document, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Count {
        input_tokens: u64,
    }
    match serde_json::from_slice::<Count>(body) {
        Ok(count) => Ok(reply::token_count(count.input_tokens)),
        Err(_) => Err(no_answer(body, "a count of tokens")),
    }
}

/// Why a document is not the answer that it should be.
fn no_answer(body: &[u8], expected: &str) -> Failure {
    errors::instead_of_answer(body).unwrap_or_else(|| {
        Failure::upstream(format!("the provider answered with something that is not {expected}"))
    })
}

/// Why the model stopped, in OpenAI's words. A reason that is not known is read as the model's
/// own end.
///
/// # Errors
/// `upstream-error` where the model wrote what Bedrock could not read: such an answer is none.
fn finish_reason(reason: &str) -> Result<FinishReason, Failure> {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Ok(FinishReason::Length),
        "tool_use" => Ok(FinishReason::ToolCalls),
        "guardrail_intervened" | "content_filtered" => Ok(FinishReason::ContentFilter),
        malformed if malformed.starts_with("malformed_") => {
            let message = format!("the model's answer could not be read ({malformed})");
            Err(Failure::upstream(message).with_upstream_code(Some(malformed.to_owned())))
        }
        _ => Ok(FinishReason::Stop),
    }
}
