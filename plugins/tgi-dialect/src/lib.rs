//! Text Generation Inference's own generate API.

use patchbay_sdk::{Call, ExchangePlan, Failure, NoDecoder, Normalizer};

/// The dialect `tgi`.
pub struct Tgi;

impl Normalizer for Tgi {
    type Decoder = NoDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        Err(Failure::unknown_operation(&call.operation))
    }
}

patchbay_sdk::export!(normalizer: Tgi);
