//! Text Generation Inference's own generate API.
//!
//! A chat becomes one text, `inputs`, by a template that the operator names; the reply is text
//! again. The API has no tools, no roles and one answer: what a caller asks beyond that is named
//! as dropped. A server of version 1.4 or later speaks OpenAI's API as well and applies the
//! model's own template there (dialect `openai-chat`); this dialect is for servers that do not,
//! for base models, and for parameters that OpenAI's API lacks (`top_k`, `typical_p`,
//! `repetition_penalty`, `watermark`, `truncate`, `adapter_id`, `grammar`).
//!
//! What a caller writes is not escaped: as in every chat template, a text that spells a model's
//! control token is one.
//!
//! Protocol: <https://huggingface.github.io/text-generation-inference/> (OpenAPI),
//! <https://huggingface.co/docs/text-generation-inference/basic_tutorials/using_guidance> and
//! <https://huggingface.co/docs/text-generation-inference/basic_tutorials/visual_language_models>.

mod answer;
mod decoder;
mod errors;
mod event;
mod parameters;
mod prompt;
mod request;
mod settings;
mod stop_tail;
mod template;

use patchbay_sdk::{
    Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead, ResponseHead,
    request as canonical,
};

pub use decoder::ReplyDecoder;
use settings::TgiSettings;

/// The dialect `tgi`.
pub struct Tgi;

impl Normalizer for Tgi {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        if call.operation != "chat" {
            return Err(Failure::unknown_operation(&call.operation));
        }
        TgiSettings::of(call)?;
        let (path, accept) = match call.streaming {
            true => ("/generate_stream", "text/event-stream"),
            false => ("/generate", "application/json"),
        };
        let head = RequestHead::post(path)
            .with_header("content-type", "application/json")
            .with_header("accept", accept);
        Ok(ExchangePlan::rewritten(head))
    }

    fn encode(call: &Call, body: &[u8]) -> Result<Encoded, Failure> {
        let settings = TgiSettings::of(call)?;
        request::encode(settings, canonical::read_chat(body)?)
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        errors::of_reply(head, body)
    }
}

patchbay_sdk::export!(normalizer: Tgi);
