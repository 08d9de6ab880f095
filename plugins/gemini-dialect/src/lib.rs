//! Google's generateContent API: parts, function calls, thought signatures.

use patchbay_sdk::{Call, ExchangePlan, Failure, NoDecoder, Normalizer};

/// The dialect `gemini`.
pub struct Gemini;

impl Normalizer for Gemini {
    type Decoder = NoDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        Err(Failure::unknown_operation(&call.operation))
    }
}

patchbay_sdk::export!(normalizer: Gemini);
