//! Messages as turns, and instructions as `system`.
//!
//! Neighbours that the same side speaks become one turn: the API would join them, but refuses
//! results of tools that do not follow their calls at once. Blocks without text are left out,
//! which the API refuses too.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{
    Content as Said, FunctionCall, Message, Part, PartView, ReasoningDetail, Role, ToolCall,
};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;

use super::block::{Block, Content, Speaker, Turn};
use super::parts;
use crate::json::{Members, of_type, tool_input};
use crate::place::{BLOCKS, PlacedBlock, arrange};
use crate::settings::MidConversation;

/// Members of a call that this dialect has too.
const CALL_MEMBERS: [&str; 3] = ["cache_control", "caller", "toolset_name"];

/// What a body says.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) system: Content,
    pub(crate) turns: Vec<Turn>,
}

impl Conversation {
    /// Whether the model is to go on after calls that it made without signed thinking, as another
    /// model's calls are: thinking with a budget cannot begin there.
    pub(crate) fn continues_unthought_calls(&self) -> bool {
        match self.turns.as_slice() {
            [.., calls, results] => {
                let answers = results.content.0.iter().any(|it| matches!(it, Block::Result(_)));
                let is_thought =
                    |block: &Block| block.is("thinking") || block.is("redacted_thinking");
                answers && !calls.content.0.first().is_some_and(is_thought)
            }
            _ => false,
        }
    }

    fn push(&mut self, role: Speaker, blocks: Vec<Block>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => turn.content.append(blocks),
            None => {
                let mut content = Content::default();
                content.append(blocks);
                self.turns.push(Turn { role, content });
            }
        }
    }

    /// Text that the model is to go on with must not end in white space.
    fn trim_prefill(&mut self) {
        if let Some(Turn { role: Speaker::Assistant, content }) = self.turns.last_mut()
            && let Some(Block::Text(text)) = content.0.last_mut()
        {
            text.truncate(text.trim_end().len());
        }
    }
}

/// Writes the messages.
///
/// # Errors
/// `invalid-request` for a role that the API has no form for, for a tool's result without its
/// call, or if nothing is left.
pub(crate) fn write(
    messages: Vec<Message>,
    mid: MidConversation,
    dropped: &mut Dropped,
) -> Result<Conversation, Failure> {
    let mut conversation = Conversation::default();
    for (index, mut message) in messages.into_iter().enumerate() {
        let path = format!("messages[{index}]");
        dropped.add_if(message.name.is_some(), &format!("{path}.name"));
        let cache_control = message.extra.remove("cache_control");
        let (speaker, mut blocks) = match &message.role {
            Role::System | Role::Developer => {
                (Speaker::System, instructions(&mut message, &path, dropped))
            }
            Role::User => (Speaker::User, parts::of_user(message.content.take(), &path, dropped)),
            Role::Assistant => (Speaker::Assistant, assistant(&mut message, &path, dropped)),
            Role::Tool => (Speaker::User, vec![tool_result(&mut message, &path, dropped)?]),
            Role::Function | Role::Other(_) => {
                let reason = "this provider knows the roles developer, system, user, assistant \
                              and tool";
                return Err(Failure::invalid_request(&format!("{path}.role"), reason));
            }
        };
        if let Some(last) = blocks.pop() {
            blocks.push(last.cached(cache_control));
        }
        dropped.add_members(&format!("{path}."), &message.extra);
        place(&mut conversation, speaker, blocks, mid);
    }
    conversation.trim_prefill();
    if conversation.turns.is_empty() {
        let reason = "there is no message with content that this provider can read";
        return Err(Failure::invalid_request("messages", reason));
    }
    Ok(conversation)
}

fn place(to: &mut Conversation, speaker: Speaker, blocks: Vec<Block>, mid: MidConversation) {
    // The API takes instructions inside a conversation directly after a user's turn:
    // https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
    let follows_user =
        to.turns.last().is_some_and(|turn| matches!(turn.role, Speaker::User | Speaker::System));
    match speaker {
        Speaker::System if mid == MidConversation::Hoist || !follows_user => {
            to.system.append(blocks);
        }
        speaker => to.push(speaker, blocks),
    }
}

fn instructions(message: &mut Message, path: &str, dropped: &mut Dropped) -> Vec<Block> {
    only_text(message.content.take(), path, dropped)
}

/// The text parts; all others are named.
fn only_text(content: Option<Said>, path: &str, dropped: &mut Dropped) -> Vec<Block> {
    let parts = match content {
        None => return Vec::new(),
        Some(Said::Text(text)) => return Block::text(text).into_iter().collect(),
        Some(Said::Parts(parts)) => parts,
    };
    let mut blocks = Vec::with_capacity(parts.len());
    for (number, part) in parts.into_iter().enumerate() {
        let path = format!("{path}.content[{number}]");
        match part.view() {
            PartView::Text(_) | PartView::Refusal(_) => {
                blocks.extend(text_block(part, &path, dropped));
            }
            _ => dropped.add(path),
        }
    }
    blocks
}

/// The block of a part with text, or with a refusal, which is text to the model.
pub(super) fn text_block(mut part: Part, path: &str, dropped: &mut Dropped) -> Option<Block> {
    let cache_control = part.extra.remove("cache_control");
    dropped.add_members(&format!("{path}."), &part.extra);
    let text = part.text.or(part.refusal).unwrap_or_default();
    Block::text(text).map(|block| block.cached(cache_control))
}

fn tool_result(message: &mut Message, path: &str, dropped: &mut Dropped) -> Result<Block, Failure> {
    let Some(id) = message.tool_call_id.take() else {
        let reason = "a message of the role tool needs the id of the call that it answers";
        return Err(Failure::invalid_request(&format!("{path}.tool_call_id"), reason));
    };
    let content = Content(parts::of_user(message.content.take(), path, dropped));
    let mut result = of_type("tool_result").with("tool_use_id", &call_id(&id));
    if !content.is_empty() {
        result = result.with("content", &content);
    }
    if let Some(is_error) = message.extra.remove("is_error") {
        result = result.with("is_error", &is_error);
    }
    Ok(Block::Result(result))
}

/// An id that the API takes: letters, digits, `_` and `-`. Other providers' ids may have more;
/// the same is done to calls and results, so that they still belong together.
fn call_id(id: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    id.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

/// Thinking and blocks of the provider's own go where they were; text and calls fill the gaps.
fn assistant(message: &mut Message, path: &str, dropped: &mut Dropped) -> Vec<Block> {
    let mut placed = thoughts(message, path, dropped);
    placed.extend(own_blocks(message));
    let mut others = only_text(message.content.take(), path, dropped);
    others.extend(message.refusal.take().and_then(Block::text));
    for (number, call) in message.tool_calls.take().into_iter().flatten().enumerate() {
        let path = format!("{path}.tool_calls[{number}]");
        others.extend(tool_use(call, &path, dropped));
    }
    arrange(placed, others)
}

/// Reasoning that this dialect's models can read again. It goes back as it came: the signature
/// proves it.
fn thoughts(message: &mut Message, path: &str, dropped: &mut Dropped) -> Vec<(u32, Block)> {
    let mut thoughts = Vec::new();
    for (number, detail) in message.reasoning_details.take().into_iter().flatten().enumerate() {
        let place = detail.index.unwrap_or(0);
        match thought(detail) {
            Some(block) => thoughts.push((place, Block::Other(block))),
            None => dropped.add(format!("{path}.reasoning_details[{number}]")),
        }
    }
    // The readable form of what was given back says nothing more.
    let is_lost = message.reasoning_content.take().is_some_and(|text| !text.is_empty());
    dropped.add_if(is_lost && thoughts.is_empty(), &format!("{path}.reasoning_content"));
    thoughts
}

fn thought(detail: ReasoningDetail) -> Option<Object> {
    if !detail.is_for(ReasoningDetail::ANTHROPIC) {
        return None;
    }
    match detail.kind.as_str() {
        ReasoningDetail::TEXT => {
            let signature = detail.signature.filter(|signature| !signature.is_empty())?;
            let text = detail.text.unwrap_or_default();
            Some(of_type("thinking").with("thinking", &text).with("signature", &signature))
        }
        ReasoningDetail::ENCRYPTED => {
            Some(of_type("redacted_thinking").with("data", &detail.data?))
        }
        _ => None,
    }
}

/// Blocks that this dialect's decoder, or its ingress, found no canonical form for.
fn own_blocks(message: &mut Message) -> Vec<(u32, Block)> {
    let blocks = message.extra.take::<Vec<PlacedBlock>>(BLOCKS).ok().flatten();
    let own = |PlacedBlock { index, block }| Some((index, Block::Other(object(&block)?)));
    blocks.into_iter().flatten().filter_map(own).collect()
}

fn object(raw: &RawJson) -> Option<Object> {
    raw.parse().ok()
}

fn tool_use(mut call: ToolCall, path: &str, dropped: &mut Dropped) -> Option<Block> {
    let Some(FunctionCall { name, arguments, .. }) = call.function else {
        dropped.add(path);
        return None;
    };
    let (input, is_object) = tool_input(&arguments);
    dropped.add_if(!is_object, &format!("{path}.function.arguments"));
    let id = call_id(call.id.as_deref().unwrap_or_default());
    let mut block = of_type("tool_use").with("id", &id).with("name", &name).with("input", &input);
    for name in CALL_MEMBERS {
        if let Some(value) = call.extra.remove(name) {
            block.insert_raw(name, value);
        }
    }
    dropped.add_members(&format!("{path}."), &call.extra);
    Some(Block::Other(block))
}
