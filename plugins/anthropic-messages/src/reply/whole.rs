//! A reply in one piece: a message, or a count of tokens.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{
    ChatCompletion, Content, FinishReason, Message as Said, ReasoningDetail, ToolCall,
};
use patchbay_sdk::canonical::{Canonical as _, Object, RawJson};
use serde::Deserialize;

use super::carried;
use super::ending::{Outcome, message_id};
use super::event::Message;
use crate::json::{Members, STOP_DETAILS, STOP_REASON, STOP_SEQUENCE, of_type, tool_input};
use crate::place::{BLOCKS, PlacedBlock, arrange};

/// Writes the canonical document.
///
/// # Errors
/// `upstream-error` if it is none.
pub(super) fn write(document: &[u8]) -> Result<Vec<u8>, Failure> {
    if let Some(count) = count(document) {
        return Ok(count);
    }
    let wrong = |_| Failure::upstream("the reply is not a chat completion");
    let mut reply = ChatCompletion::from_json(document).map_err(wrong)?;
    // The dialect has one answer.
    let choice = reply.choices.drain(..).find(|choice| choice.index == 0);
    let choice = choice.ok_or_else(|| Failure::upstream("the reply has no choice"))?;
    let text = |name: &str| reply.extra.get::<String>(name).ok().flatten();
    let outcome = Outcome {
        finish_reason: choice.finish_reason.as_ref().map(FinishReason::as_str).map(Into::into),
        stop_reason: text(STOP_REASON),
        stop_sequence: text(STOP_SEQUENCE),
        stop_details: reply.extra.get_raw(STOP_DETAILS).cloned(),
        usage: reply.usage.take(),
        called: choice.message.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty()),
        refused: choice.message.refusal.is_some(),
    };
    let message = Message {
        id: &message_id(&reply.id),
        r#type: "message",
        role: "assistant",
        model: &reply.model,
        content: content(choice.message, outcome.stop_details.is_some()),
        ending: outcome.ending(),
        usage: outcome.usage(),
    };
    Ok(serde_json::to_vec(&message).expect("keys are strings and memory takes it"))
}

fn count(document: &[u8]) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Count {
        object: String,
        input_tokens: u64,
    }
    let count: Count = serde_json::from_slice(document).ok()?;
    (count.object == "token_count")
        .then(|| format!(r#"{{"input_tokens":{}}}"#, count.input_tokens).into_bytes())
}

/// The content blocks. The reason of a refusal stands in `stop_details` where the provider gave
/// that; any other is what the caller reads.
fn content(mut message: Said, has_details: bool) -> Vec<Object> {
    let placed = placed(&mut message);
    let mut others = Vec::new();
    let citations = message.extra.get_raw("citations").cloned();
    let text = message.content.as_ref().map(Content::plain_text).unwrap_or_default();
    if !text.is_empty() {
        others
            .push(of_type("text").with("text", &*text).with_some("citations", citations.as_ref()));
    }
    if let Some(refusal) = message.refusal.filter(|_| !has_details) {
        others.push(of_type("text").with("text", &refusal));
    }
    others.extend(message.tool_calls.into_iter().flatten().filter_map(tool_use));
    arrange(placed, others)
}

fn placed(message: &mut Said) -> Vec<(u32, Object)> {
    let mut placed = Vec::new();
    let (mut is_readable, details) = (false, message.reasoning_details.take());
    for detail in details.into_iter().flatten() {
        let place = detail.index.unwrap_or(0);
        if let Some(block) = thought(&detail) {
            is_readable |= detail.is_for(ReasoningDetail::ANTHROPIC) && detail.text.is_some();
            placed.push((place, block));
        }
    }
    let readable = message.reasoning_content.take().filter(|text| !text.is_empty());
    if let (Some(text), false) = (readable, is_readable) {
        placed.insert(0, (0, thinking(&text, "")));
    }
    let own: Option<Vec<PlacedBlock>> = message.extra.take(BLOCKS).ok().flatten();
    let object = |block: &RawJson| block.parse::<Object>().ok();
    let own = own.into_iter().flatten();
    placed.extend(own.filter_map(|own| Some((own.index, object(&own.block)?))));
    placed
}

/// The block of a piece of reasoning that can be given back.
pub(super) fn thought(detail: &ReasoningDetail) -> Option<Object> {
    if !detail.is_for(ReasoningDetail::ANTHROPIC) {
        return carried::pack(detail).map(|data| redacted(&data));
    }
    match &detail.data {
        Some(data) => Some(redacted(data)),
        None => {
            let text = detail.text.as_deref().unwrap_or_default();
            Some(thinking(text, detail.signature.as_deref().unwrap_or_default()))
        }
    }
}

fn thinking(text: &str, signature: &str) -> Object {
    of_type("thinking").with("thinking", text).with("signature", signature)
}

pub(super) fn redacted(data: &str) -> Object {
    of_type("redacted_thinking").with("data", data)
}

fn tool_use(call: ToolCall) -> Option<Object> {
    let function = call.function?;
    let (input, _) = tool_input(&function.arguments);
    let id = call.id.unwrap_or_default();
    Some(of_type("tool_use").with("id", &id).with("name", &function.name).with("input", &input))
}
