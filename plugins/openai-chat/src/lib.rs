//! OpenAI's own dialect: canonical already, so bodies and replies pass through untouched.
//!
//! The plan is verbatim, and the host normally never asks the decoder. It is there for a host
//! that has to look at every document, and gives back the provider's documents byte for byte.
//!
//! Many servers speak the dialect and are strict about a few members. Settings say which, see
//! [`Quirks`]: then the request is edited in place, and the reply is still relayed. Without such
//! settings no request costs a call. Replies are never edited: a provider that writes its
//! reasoning into `reasoning` or its citations into a member of its own is relayed like that.

mod decoder;
mod edit;
mod quirks;

use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead};

pub use decoder::ReplyDecoder;
pub use quirks::Quirks;

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
        let quirks: Quirks = call.settings()?;
        let mut plan = ExchangePlan::verbatim(head);
        plan.encode_body = !quirks.rule()?.is_empty();
        if let ("embeddings", Some(most)) = (call.operation.as_str(), quirks.max_embedding_inputs) {
            plan.extra.push(("max-inputs".to_owned(), most.to_string()));
        }
        Ok(plan)
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let rule = call.settings::<Quirks>()?.rule()?;
        let (body, dropped) = edit::edited(canonical, &rule)?;
        Ok(Encoded::new(body).with_dropped(dropped))
    }
}

patchbay_sdk::export!(normalizer: OpenAiChat);
