//! Ollama's own chat and embed API: JSON lines, whole tool calls, thinking.

use patchbay_sdk::{Call, ExchangePlan, Failure, NoDecoder, Normalizer};

/// The dialect `ollama-chat`.
pub struct OllamaChat;

impl Normalizer for OllamaChat {
    type Decoder = NoDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        Err(Failure::unknown_operation(&call.operation))
    }
}

patchbay_sdk::export!(normalizer: OllamaChat);
