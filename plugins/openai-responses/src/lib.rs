//! OpenAI's responses API, towards callers and towards providers, without state.
//!
//! Towards callers (`ingress`) `POST /v1/responses` becomes a canonical chat. The gateway stores
//! nothing, so what needs the server's memory or its tools is refused with the member's name:
//! `previous_response_id`, `conversation`, `prompt`, `background: true`, `store: true`, item
//! references, built-in tools and their calls. A reply says `store: false`, whether the caller
//! left `store` out or not.
//!
//! Reasoning of other providers travels in `encrypted_content`, see `reasoning`. A caller that
//! goes on with it at a provider of this very API, whose requests are not rewritten, is refused by
//! that provider: it cannot read another's reasoning.
//!
//! Towards providers (`egress`) a canonical chat becomes a request with `store: false` and
//! encrypted reasoning, which comes back in the next turn.
//!
//! Sources: <https://platform.openai.com/docs/api-reference/responses>,
//! <https://platform.openai.com/docs/api-reference/responses-streaming>, and the types of OpenAI's
//! Python client, <https://github.com/openai/openai-python>.

mod egress;
mod ingress;
mod logprobs;
mod reasoning;

use patchbay_sdk::canonical::ErrorBody;
use patchbay_sdk::{
    Call, CallerFailure, Decoded, Encoded, ExchangePlan, Failure, Ingress, Normalizer, Reply,
    RequestHead, ResponseHead,
};

pub use egress::ReplyDecoder;
pub use ingress::ReplyEncoder;

/// The dialect `openai-responses`.
pub struct OpenAiResponses;

impl Ingress for OpenAiResponses {
    type Encoder = ReplyEncoder;

    fn decode(_: &RequestHead, body: &[u8]) -> Result<Decoded, Failure> {
        ingress::decode(body)
    }

    fn fail(status: u16, failure: &CallerFailure) -> Reply {
        let error = ErrorBody {
            message: failure.message.as_str().into(),
            kind: failure.error_type.as_str().into(),
            param: failure.param.as_deref().map(ingress::member_of),
            code: failure.error_code.as_deref().map(Into::into),
        };
        Reply::json(status, error.to_json())
    }
}

impl Normalizer for OpenAiResponses {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        egress::plan(call)
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        egress::encode(call, canonical)
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        egress::explain(head, body)
    }
}

patchbay_sdk::export!(normalizer: OpenAiResponses, ingress: OpenAiResponses);
