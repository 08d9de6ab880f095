//! Amazon Bedrock's Converse API, towards the provider: chats, token counts, and embeddings
//! through InvokeModel.
//!
//! Owns the bodies and what their errors mean. Signing, hosts and regions are the adapter's and
//! the host's. Shapes and limits follow AWS's service model of `bedrock-runtime` and
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>.
//!
//! What it deliberately does not do: it fetches nothing, so images and files come as `data:`
//! addresses or from `s3://`; it sends no bodies of single vendors for chats (`InvokeModel`), so
//! models without Converse are not reached; images, videos and results of AWS's own tools in a
//! reply are skipped, since a canonical reply has no place for them.

mod decode;
mod embeddings;
mod encode;
mod errors;
mod model;
mod settings;

use patchbay_sdk::request::path_segment;
use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead, ResponseHead};

pub use decode::ReplyDecoder;
use settings::DialectSettings;

/// The dialect `bedrock-converse`.
pub struct BedrockConverse;

impl Normalizer for BedrockConverse {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        let settings: DialectSettings = call.settings()?;
        match call.operation.as_str() {
            "chat" if call.streaming => Ok(plan(&call.model, "converse-stream", EVENT_STREAM)),
            "chat" => Ok(plan(&call.model, "converse", JSON)),
            "count-tokens" => Ok(plan(model::foundation(&call.model), "count-tokens", JSON)),
            "embeddings" => {
                let kind = embeddings::Kind::of(call, &settings)?;
                let mut plan = plan(&call.model, "invoke", JSON);
                plan.extra.push(("max-inputs".to_owned(), kind.max_inputs().to_string()));
                Ok(plan)
            }
            other => Err(Failure::unknown_operation(other)),
        }
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let settings: DialectSettings = call.settings()?;
        match call.operation.as_str() {
            "embeddings" => embeddings::encode(call, canonical, &settings),
            _ => encode::conversation(call, canonical, &settings),
        }
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        errors::explain(head, body)
    }
}

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// A model may be an ARN with ":" and "/": it is one segment of the path all the same.
fn plan(model: &str, action: &str, accept: &str) -> ExchangePlan {
    let head = RequestHead::post(format!("/model/{}/{action}", path_segment(model)))
        .with_header("content-type", JSON)
        .with_header("accept", accept);
    ExchangePlan::rewritten(head)
}

patchbay_sdk::export!(normalizer: BedrockConverse);
