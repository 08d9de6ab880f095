//! OpenAI's legacy text completions, towards callers.
//!
//! `POST /v1/completions` becomes a canonical chat with one message of the user's, and the chat's
//! answer becomes a text. What differs from the old API, because a chat is behind it:
//!
//! * one prompt a request: a list with one text is that text, more are refused, and so are token
//!   ids, whose vocabulary nobody here knows;
//! * `max_tokens` is 16 if it is left out, as it always was in this API: a client that relies on it
//!   gets the length, and the bill, that it expects;
//! * `echo` puts the prompt before the text; with `logprobs` it is refused, since a chat does not
//!   say how likely its prompt is;
//! * `suffix`, and a `best_of` that asks for more than `n`, are carried for the provider's side to
//!   use or to name;
//! * reasoning and tool calls have no place in the reply; a refusal is its text.
//!
//! Sources: <https://platform.openai.com/docs/api-reference/completions>, and the types of OpenAI's
//! Python client, <https://github.com/openai/openai-python>.

mod chunk;
mod encoder;
mod logprobs;
mod request;

use std::borrow::Cow;

use patchbay_sdk::canonical::ErrorBody;
use patchbay_sdk::{CallerFailure, Decoded, Failure, Ingress, Reply, RequestHead};

pub use encoder::ReplyEncoder;

/// The dialect `openai-completions`.
pub struct OpenAiCompletions;

impl Ingress for OpenAiCompletions {
    type Encoder = ReplyEncoder;

    fn decode(_: &RequestHead, body: &[u8]) -> Result<Decoded, Failure> {
        request::decode(body)
    }

    fn fail(status: u16, failure: &CallerFailure) -> Reply {
        Reply::json(status, error(failure).to_json())
    }
}

/// A failure in OpenAI's envelope.
fn error(failure: &CallerFailure) -> ErrorBody<'_> {
    ErrorBody {
        message: failure.message.as_str().into(),
        kind: failure.error_type.as_str().into(),
        param: failure.param.as_deref().map(member_of).map(Cow::Borrowed),
        code: failure.error_code.as_deref().map(Into::into),
    }
}

/// A canonical member as this API calls it.
fn member_of(canonical: &str) -> &str {
    match canonical.split(['.', '[']).next() {
        Some("messages") => "prompt",
        Some("top_logprobs") => "logprobs",
        Some("max_completion_tokens") => "max_tokens",
        _ => canonical,
    }
}

patchbay_sdk::export!(ingress: OpenAiCompletions);
