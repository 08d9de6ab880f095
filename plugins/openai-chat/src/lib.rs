//! OpenAI's own dialect: canonical already, so bodies and replies pass through untouched.
//!
//! The plan is verbatim, and the host normally never asks the decoder. It is there for a host
//! that has to look at every document, and gives back the provider's documents byte for byte.

mod decoder;

use patchbay_sdk::{Call, ExchangePlan, Failure, Normalizer, RequestHead};

pub use decoder::ReplyDecoder;

/// The dialect `openai-chat`.
pub struct OpenAiChat;

impl Normalizer for OpenAiChat {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        let path = match call.operation.as_str() {
            "chat" => "/chat/completions",
            "embeddings" => "/embeddings",
            other => return Err(Failure::unknown_operation(other)),
        };
        let accept = match call.streaming {
            true => "text/event-stream",
            false => "application/json",
        };
        let head = RequestHead::post(path)
            .with_header("content-type", "application/json")
            .with_header("accept", accept);
        Ok(ExchangePlan::verbatim(head))
    }
}

patchbay_sdk::export!(normalizer: OpenAiChat);
