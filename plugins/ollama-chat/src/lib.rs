//! Ollama's own chat and embed API: JSON lines, whole tool calls, thinking.
//!
//! Requests become `POST /api/chat` and `POST /api/embed`, and replies of both kinds, streamed or
//! not, become canonical documents. What Ollama has beyond OpenAI's API (`think`, `keep_alive`,
//! `options`, `truncate`, `shift`, `format` and the names of its options) is carried if the
//! caller sends it; the provider's settings hold the operator's defaults for it.
//!
//! Images are carried as content only: Ollama fetches no address. It has no way to force a tool
//! call, so that every tool choice but `none` and `auto` is dropped. It takes no token ids.
//!
//! Protocol: <https://docs.ollama.com/api/chat>, <https://docs.ollama.com/api/embed>,
//! <https://docs.ollama.com/api/errors>, <https://docs.ollama.com/capabilities/thinking> and
//! <https://docs.ollama.com/capabilities/tool-calling>, as of Ollama 0.12 and later.

mod decoder;
mod embed;
mod errors;
mod line;
mod message;
mod options;
mod request;
mod settings;
mod thinking;
mod tools;

use patchbay_sdk::{
    Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead, ResponseHead,
    request as canonical,
};

pub use decoder::ReplyDecoder;
use settings::OllamaSettings;

/// The dialect `ollama-chat`.
pub struct OllamaChat;

impl Normalizer for OllamaChat {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        let path = match call.operation.as_str() {
            "chat" => "/api/chat",
            "embeddings" => "/api/embed",
            other => return Err(Failure::unknown_operation(other)),
        };
        OllamaSettings::of(call)?;
        let accept = match call.streaming {
            true => "application/x-ndjson",
            false => "application/json",
        };
        let head = RequestHead::post(path)
            .with_header("content-type", "application/json")
            .with_header("accept", accept);
        Ok(ExchangePlan::rewritten(head))
    }

    fn encode(call: &Call, body: &[u8]) -> Result<Encoded, Failure> {
        let settings = OllamaSettings::of(call)?;
        match call.operation.as_str() {
            "chat" => request::encode(call, settings, canonical::read_chat(body)?),
            "embeddings" => embed::encode(settings, canonical::read_embeddings(body)?),
            other => Err(Failure::unknown_operation(other)),
        }
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        errors::of_reply(head, body)
    }
}

patchbay_sdk::export!(normalizer: OllamaChat);
