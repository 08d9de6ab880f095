//! Amazon Bedrock's Converse API with its binary event stream.

use patchbay_sdk::{Call, ExchangePlan, Failure, NoDecoder, Normalizer};

/// The dialect `bedrock-converse`.
pub struct BedrockConverse;

impl Normalizer for BedrockConverse {
    type Decoder = NoDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        Err(Failure::unknown_operation(&call.operation))
    }
}

patchbay_sdk::export!(normalizer: BedrockConverse);
