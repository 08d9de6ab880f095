//! Google's generateContent API: parts, function calls, thought signatures, embeddings.
//!
//! The dialect of the Gemini API and of Vertex AI. Sources: <https://ai.google.dev/api/generate-content>,
//! <https://ai.google.dev/api/embeddings>, <https://ai.google.dev/api/tokens>,
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>,
//! <https://ai.google.dev/gemini-api/docs/openai> (how much an effort is),
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>, and the
//! types of the client `google-genai`.
//!
//! Carried beyond what canonical has:
//!
//! * request members in Google's words, in camelCase or snake_case (`safetySettings`, `top_k`,
//!   `generationConfig`, …), and tools of Google's own such as `{"type": "google_search"}`;
//! * thought signatures, as `reasoning_details` of the format `google-gemini-v1`: with the id of
//!   the tool call whose part has it, without an id for text. They go back onto the same part;
//! * images of a reply, as the message's member `images`
//!   (`{"type": "image_url", "image_url": {"url": "data:…"}}`, with `thought_signature` where
//!   their part has one), and parts that canonical has no place for, such as executed code, as
//!   they came in `gemini_parts`. Both are read again from an assistant message;
//! * `groundingMetadata`, `citationMetadata`, `urlContextMetadata`, `continuationToken` and
//!   `finishMessage` of a candidate, as members of the message.
//!
//! It does not upload files and does not stream arguments of function calls.

mod embeddings;
mod errors;
mod model;
mod reply;
mod request;
mod settings;

use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead, ResponseHead};

pub use reply::GeminiDecoder;

use settings::DialectSettings;

/// The dialect `gemini`.
pub struct Gemini;

impl Normalizer for Gemini {
    type Decoder = GeminiDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        let settings = DialectSettings::of(call)?;
        let method = match (call.operation.as_str(), call.streaming) {
            ("chat", false) => "generateContent",
            ("chat", true) => "streamGenerateContent?alt=sse",
            ("count-tokens", _) => "countTokens",
            ("embeddings", _) => return Ok(embeddings::plan(call, &settings)),
            (other, _) => return Err(Failure::unknown_operation(other)),
        };
        let accept = match call.streaming {
            true => "text/event-stream",
            false => "application/json",
        };
        Ok(ExchangePlan::rewritten(head(call, &settings, method, accept)))
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let settings = DialectSettings::of(call)?;
        match call.operation.as_str() {
            "embeddings" => embeddings::encode(call, &settings, canonical),
            _ => request::encode(call, &settings, canonical),
        }
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        errors::reply(head, body)
    }
}

fn head(call: &Call, settings: &DialectSettings, method: &str, accept: &str) -> RequestHead {
    let resource = model::resource(&call.model, settings.api());
    RequestHead::post(format!("/{resource}:{method}"))
        .with_header("content-type", "application/json")
        .with_header("accept", accept)
}

patchbay_sdk::export!(normalizer: Gemini);
