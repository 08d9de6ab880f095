//! A canonical chat as the body of Converse, ConverseStream or CountTokens.
//!
//! What becomes of OpenAI's members that Converse has no place for:
//!
//! * `model` and `stream` are in the path, `n: 1` and `parallel_tool_calls: true` are what
//!   Converse does anyway, and `user` changes no answer: they are not named as dropped;
//! * `metadata` becomes `requestMetadata`, pairs for the invocation logs;
//! * members that only OpenAI's API has are named as dropped, because a model would refuse them;
//! * all others, such as `top_k` or `thinking`, go into `additionalModelRequestFields`.
//!
//! Members of Converse itself that a caller may send by their name are
//! `additionalModelRequestFields`, `additionalModelResponseFieldPaths`, `promptVariables`,
//! `performanceConfig` and, where the operator set none, `guardrailConfig`.
//!
//! CountTokens takes the conversation alone: what only shapes the answer is left out there and
//! not named, since the count is the same without it.

mod body;
mod content;
mod media;
mod members;
mod messages;
mod reasoning;
mod tools;

use patchbay_sdk::request::{self, Dropped};
use patchbay_sdk::{Call, Encoded, Failure};
use serde::Serialize;

use crate::model::Family;
use crate::settings::DialectSettings;
use body::{ConverseBody, CountBody};

/// What writing a body knows besides the request, and what it could not write.
struct Job<'s> {
    family: Family,
    settings: &'s DialectSettings,
    dropped: Dropped,
}

/// Writes the body for a call of `chat` or `count-tokens`.
pub(crate) fn conversation(
    call: &Call,
    canonical: &[u8],
    settings: &DialectSettings,
) -> Result<Encoded, Failure> {
    let mut chat = request::read_chat(canonical)?;
    let family = Family::of(&call.model, settings.model_family);
    let mut job = Job { family, settings, dropped: Dropped::default() };
    let extra = std::mem::take(&mut chat.extra);
    let (prompt, history) = messages::write(&chat.messages, &mut job)?;
    check_prompt(call, &prompt)?;
    let messages::Prompt { turns: messages, system } = prompt;
    let mut body = ConverseBody { messages, system, ..ConverseBody::default() };
    body.tool_config = tools::config(&chat, &history, &mut job);
    members::carry(&mut body, extra, &mut job);
    if call.operation == "count-tokens" {
        return Ok(encoded(&CountBody::of(body), job));
    }
    let unset = reasoning::write(&mut body, &chat, &history, &mut job);
    members::answer(&mut body, &chat, unset, &mut job.dropped);
    members::service(&mut body, &chat, call.streaming, &mut job);
    Ok(encoded(&body, job))
}

/// A prompt that is stored at AWS needs no messages; anything else does.
fn check_prompt(call: &Call, prompt: &messages::Prompt<'_>) -> Result<(), Failure> {
    if !prompt.turns.is_empty() || call.model.contains(":prompt/") {
        return Ok(());
    }
    let message = "Bedrock needs a message of the user with something in it";
    Err(Failure::invalid_request("messages", message))
}

fn encoded(body: &impl Serialize, job: Job<'_>) -> Encoded {
    let json = serde_json::to_vec(body).expect("the body has string keys and cannot fail");
    Encoded::new(json).with_dropped(job.dropped.into_paths())
}
