//! Cohere's v2 chat and embed API.

use patchbay_sdk::{Call, ExchangePlan, Failure, NoDecoder, Normalizer};

/// The dialect `cohere-chat`.
pub struct CohereChat;

impl Normalizer for CohereChat {
    type Decoder = NoDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        Err(Failure::unknown_operation(&call.operation))
    }
}

patchbay_sdk::export!(normalizer: CohereChat);
