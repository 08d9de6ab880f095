//! Anthropic's messages API, towards providers and towards callers.
//!
//! Towards a provider, canonical chats become bodies of `POST /v1/messages` and replies canonical
//! documents; `POST /v1/messages/count_tokens` counts the tokens of a chat. Towards a caller the
//! same API is offered for whatever provider a route leads to. What one side writes beyond
//! canonical (signed thinking, cache marks, blocks of the provider's own tools) the other side
//! reads, so that a conversation survives the way through canonical and back.
//!
//! The dialect knows no address and no key. It sends `anthropic-version`, since the version
//! belongs to the form of the bodies; a caller's own header wins at the host.
//!
//! Source: <https://platform.claude.com/docs/en/api/messages>.

mod decode;
mod encode;
mod explain;
mod ingress;
mod json;
mod model;
mod place;
mod reply;
mod settings;

use patchbay_sdk::{
    Call, CallerFailure, Decoded, Encoded, ExchangePlan, Failure, Ingress, Normalizer, Reply,
    RequestHead, ResponseHead,
};

use settings::Manner;

pub use decode::ReplyDecoder;
pub use reply::ReplyEncoder;

/// The dialect `anthropic-messages`.
pub struct AnthropicMessages;

impl Normalizer for AnthropicMessages {
    type Decoder = ReplyDecoder;

    fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
        head(call).map(ExchangePlan::rewritten)
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let (mut encoded, betas) = encode::encode(call, canonical)?;
        // The vendor's clients take `betas` as a parameter and send them as a header.
        let is_name = |beta: &&String| beta.bytes().all(|b| b.is_ascii_graphic() && b != b',');
        let betas: Vec<_> = betas.iter().filter(is_name).map(String::as_str).collect();
        if !betas.is_empty() {
            encoded.head = Some(head(call)?.with_header("anthropic-beta", betas.join(",")));
        }
        Ok(encoded)
    }

    fn explain(_: &Call, head: &ResponseHead, body: &[u8]) -> Failure {
        explain::reply(head, body)
    }
}

fn head(call: &Call) -> Result<RequestHead, Failure> {
    let path = match call.operation.as_str() {
        "chat" => "/v1/messages",
        "count-tokens" => "/v1/messages/count_tokens",
        other => return Err(Failure::unknown_operation(other)),
    };
    let manner = Manner::of(call)?;
    let accept = match call.streaming && call.operation == "chat" {
        true => "text/event-stream",
        false => "application/json",
    };
    let head = RequestHead::post(path)
        .with_header("content-type", "application/json")
        .with_header("accept", accept);
    Ok(match manner.body_version {
        Some(_) => head,
        None => head.with_header("anthropic-version", manner.version),
    })
}

impl Ingress for AnthropicMessages {
    type Encoder = ReplyEncoder;

    fn decode(head: &RequestHead, body: &[u8]) -> Result<Decoded, Failure> {
        ingress::decode(head, body)
    }

    fn fail(status: u16, failure: &CallerFailure) -> Reply {
        reply::fail(status, failure)
    }
}

patchbay_sdk::export!(normalizer: AnthropicMessages, ingress: AnthropicMessages);
