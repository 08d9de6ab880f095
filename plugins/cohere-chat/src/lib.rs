//! Cohere's v2 chat and embed API.
//!
//! Source: <https://docs.cohere.com/reference/chat>, <https://docs.cohere.com/reference/embed>,
//! <https://docs.cohere.com/docs/tool-use-streaming>, <https://docs.cohere.com/docs/reasoning>.
//!
//! What the dialect has beyond canonical: thinking comes as reasoning details of a format of its
//! own and goes back as thinking blocks; the plan before tool calls comes as `reasoning_content`
//! and goes back as `tool_plan`; citations come as the member `citations` of message or delta;
//! billed units stay beside the tokens in `usage`. Cohere refuses members that it does not know
//! (422, "unknown field"), so those are named as dropped.

mod explain;
mod reply;
mod request;

use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, Normalizer, RequestHead, ResponseHead};
use serde::Deserialize;

pub use reply::ReplyDecoder;

/// `format` of the reasoning details that hold Cohere's thinking. It is not signed: the format
/// says that the text can go back as a thinking block.
pub(crate) const THINKING_FORMAT: &str = "cohere-v2";

/// Most inputs of one embed request.
const MAX_INPUTS: u32 = 96;

/// The dialect `cohere-chat`.
pub struct CohereChat;

/// The settings that are this dialect's; the others are the adapter's.
#[derive(Deserialize)]
pub(crate) struct CohereSettings {
    /// What texts are embedded for, where the caller does not say.
    #[serde(default = "default_input_type")]
    pub(crate) input_type: String,
}

fn default_input_type() -> String {
    "search_document".to_owned()
}

impl Normalizer for CohereChat {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        let accept = match call.streaming {
            true => "text/event-stream",
            false => "application/json",
        };
        let head = |path: &str| {
            RequestHead::post(path)
                .with_header("content-type", "application/json")
                .with_header("accept", accept)
        };
        call.settings::<CohereSettings>()?;
        match call.operation.as_str() {
            "chat" => Ok(ExchangePlan::rewritten(head("/v2/chat"))),
            "embeddings" => {
                let mut plan = ExchangePlan::rewritten(head("/v2/embed"));
                plan.extra.push(("max-inputs".to_owned(), MAX_INPUTS.to_string()));
                Ok(plan)
            }
            other => Err(Failure::unknown_operation(other)),
        }
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        match call.operation.as_str() {
            "embeddings" => request::embeddings::encode(&call.settings()?, canonical),
            _ => request::chat::encode(call.streaming, canonical),
        }
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        explain::reply(head, body)
    }
}

patchbay_sdk::export!(normalizer: CohereChat);
