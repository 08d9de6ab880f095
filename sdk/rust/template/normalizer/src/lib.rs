//! Speaks my provider's dialect: `POST /generate` with turns of text, answered in JSON lines.

mod decoder;

use patchbay_sdk::canonical::chat::Role;
use patchbay_sdk::request::{self, Dropped};
use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead};
use serde_json::json;

pub use decoder::LineDecoder;

/// The dialect `my-plugin`.
pub struct MyPlugin;

impl Normalizer for MyPlugin {
    type Decoder = LineDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        if call.operation != "chat" {
            return Err(Failure::unknown_operation(&call.operation));
        }
        let head = RequestHead::post("/generate").with_header("content-type", "application/json");
        Ok(ExchangePlan::rewritten(head))
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let chat = request::read_chat(canonical)?;
        let mut dropped = Dropped::default();
        // What the dialect cannot express is named to the caller; add the others as you map them.
        dropped.add_if(chat.tools.is_some(), "tools");
        dropped.add_if(chat.response_format.is_some(), "response_format");
        let mut turns = Vec::new();
        for message in &chat.messages {
            let speaker = match message.role {
                Role::User => "human",
                Role::Assistant => "model",
                _ => "system",
            };
            let text = message.content.as_ref().map(|it| it.plain_text()).unwrap_or_default();
            turns.push(json!({ "speaker": speaker, "text": text }));
        }
        let body = json!({ "model": call.model, "turns": turns, "temperature": chat.temperature });
        Ok(Encoded::new(body.to_string()).with_dropped(dropped.into_paths()))
    }
}

patchbay_sdk::export!(normalizer: MyPlugin);
