//! A chat in one piece.

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::reply::ReplyWriter;
use patchbay_sdk::{Call, Document, Failure, ReplyIdentity};
use serde::Deserialize;

use super::{finish, logprobs, usage::Counts};
use crate::THINKING_FORMAT;

#[derive(Deserialize)]
struct Reply {
    id: Option<String>,
    finish_reason: Option<String>,
    message: Message,
    usage: Option<RawJson>,
    logprobs: Option<Vec<logprobs::Item>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    content: Option<RawJson>,
    tool_plan: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
    citations: Option<RawJson>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Block {
    text: Option<String>,
    thinking: Option<String>,
}

/// A call, of a whole reply and of an event.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall {
    pub(super) id: Option<String>,
    pub(super) function: Option<Function>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

pub(super) fn documents(
    call: &Call,
    identity: &ReplyIdentity,
    body: &[u8],
) -> Result<Vec<Document>, Failure> {
    let reply: Reply = serde_json::from_slice(body)
        .map_err(|_| Failure::upstream("the provider answered with something that is no chat"))?;
    let reason = finish::reason(reply.finish_reason.as_deref(), None)?;
    let mut writer = ReplyWriter::new(call, identity);
    writer.identify(reply.id.as_deref(), None);
    writer.begin();
    let blocks = reply.message.content.as_ref().map(blocks).unwrap_or_default();
    for (index, block) in (0..).zip(&blocks) {
        if let Some(thinking) = &block.thinking {
            writer.reasoning(thought(index, thinking));
        }
    }
    if let Some(plan) = reply.message.tool_plan.filter(|plan| !plan.is_empty()) {
        writer.reasoning_text(&plan);
    }
    for text in blocks.iter().filter_map(|block| block.text.as_deref()) {
        writer.text(text);
    }
    for call in reply.message.tool_calls.into_iter().flatten() {
        let function = call.function.unwrap_or_default();
        let (name, arguments) = (function.name, function.arguments);
        let (name, arguments) = (name.unwrap_or_default(), arguments.unwrap_or_default());
        writer.call(call.id.as_deref(), &name, &arguments);
    }
    if let Some(citations) = reply.message.citations.filter(|citations| !citations.is_null()) {
        writer.member("citations", citations);
    }
    if let Some(logprobs) = reply.logprobs.and_then(logprobs::canonical) {
        writer.logprobs(logprobs);
    }
    if let Some(usage) = reply.usage.and_then(|raw| Counts::read(raw.as_str())?.usage()) {
        writer.usage(usage);
    }
    writer.finish_reason(reason);
    Ok(writer.end())
}

/// Thinking, so that it can go back as a thinking block.
pub(super) fn thought(index: u32, text: &str) -> ReasoningDetail {
    ReasoningDetail { index: Some(index), ..ReasoningDetail::of_text(THINKING_FORMAT, text) }
}

/// Content is a list of blocks; a plain text is taken too.
fn blocks(content: &RawJson) -> Vec<Block> {
    let plain = || Some(vec![Block { text: Some(content.parse().ok()?), thinking: None }]);
    content.parse().ok().or_else(plain).unwrap_or_default()
}
