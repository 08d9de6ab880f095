//! `system` and `messages` as canonical messages.
//!
//! Results of tools become messages of their own, before what else their turn says. A result's
//! images and documents follow as a message of the user: canonical results hold only text.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::{Content, Message, Part, ReasoningDetail, Role};

use super::blocks::{self, Said};
use super::members::{Reader, TextOrBlocks, text_or_blocks, wrong};
use super::results;
use crate::json::raw;
use crate::place::{BLOCKS, PlacedBlock};

/// Reads both members.
pub(super) fn read(reader: &mut Reader) -> Result<Vec<Message>, Failure> {
    let mut messages = Vec::new();
    if let Some(system) = text_or_blocks(reader, "system")? {
        messages.extend(instructions(system, "system")?);
    }
    let turns: Vec<RawJson> = reader.require("messages")?;
    if turns.is_empty() {
        return Err(reader.wrong("messages", "at least one message is required"));
    }
    for (index, turn) in turns.iter().enumerate() {
        turn_messages(Reader::of(turn, format!("messages.{index}"))?, &mut messages)?;
    }
    Ok(messages)
}

fn turn_messages(mut turn: Reader, messages: &mut Vec<Message>) -> Result<(), Failure> {
    let role: String = turn.require("role")?;
    let content = text_or_blocks(&mut turn, "content")?;
    let content = content.ok_or_else(|| turn.wrong("content", "is required"))?;
    let path = turn.at("content");
    match role.as_str() {
        "user" => user(content, &path, messages),
        "assistant" => {
            messages.push(assistant(content, &path)?);
            Ok(())
        }
        "system" => {
            messages.extend(instructions(content, &path)?);
            Ok(())
        }
        _ => Err(turn.wrong("role", "has to be user, assistant or system")),
    }
}

fn instructions(content: TextOrBlocks, path: &str) -> Result<Option<Message>, Failure> {
    let content = match content {
        TextOrBlocks::Text(text) if text.is_empty() => return Ok(None),
        TextOrBlocks::Text(text) => Content::Text(text),
        TextOrBlocks::Blocks(blocks) => {
            let mut parts = Vec::with_capacity(blocks.len());
            for (index, block) in blocks.iter().enumerate() {
                match blocks::read(block, format!("{path}.{index}"))? {
                    Said::Part(part) if part.kind == "text" => parts.push(part),
                    _ => {
                        let path = format!("{path}.{index}.type");
                        return Err(wrong(&path, "has to be text"));
                    }
                }
            }
            if parts.is_empty() {
                return Ok(None);
            }
            Content::Parts(parts)
        }
    };
    Ok(Some(Message { role: Role::System, content: Some(content), ..Message::default() }))
}

fn user(content: TextOrBlocks, path: &str, messages: &mut Vec<Message>) -> Result<(), Failure> {
    let blocks = match content {
        TextOrBlocks::Text(text) if text.is_empty() => return Err(empty(path)),
        TextOrBlocks::Text(text) => {
            messages.push(Message::text(Role::User, text));
            return Ok(());
        }
        TextOrBlocks::Blocks(blocks) if blocks.is_empty() => return Err(empty(path)),
        TextOrBlocks::Blocks(blocks) => blocks,
    };
    let (mut shown, mut parts) = (Vec::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("{path}.{index}");
        match blocks::read(block, path.clone())? {
            Said::Part(part) => parts.push(part),
            Said::Result(result) => results::read(result, messages, &mut shown)?,
            Said::Own(block) => parts.push(blocks::own_part(&block, &path)?),
            Said::Call(_) | Said::Thought(_) | Said::Reasoning(_) => {
                let reason = "is a block of the assistant's turns";
                return Err(wrong(&path, reason));
            }
        }
    }
    shown.append(&mut parts);
    if !shown.is_empty() {
        let content = Some(plain(shown));
        messages.push(Message { role: Role::User, content, ..Message::default() });
    }
    Ok(())
}

/// One part without other members is plain text.
fn plain(mut parts: Vec<Part>) -> Content {
    let is_plain = |part: &Part| part.kind == "text" && part.extra.is_empty();
    match parts.as_mut_slice() {
        [part] if is_plain(part) => Content::Text(part.text.take().unwrap_or_default()),
        _ => Content::Parts(parts),
    }
}

fn assistant(content: TextOrBlocks, path: &str) -> Result<Message, Failure> {
    let blocks = match content {
        TextOrBlocks::Text(text) => return Ok(Message::text(Role::Assistant, text)),
        TextOrBlocks::Blocks(blocks) => blocks,
    };
    let mut message = Message { role: Role::Assistant, ..Message::default() };
    let (mut texts, mut calls, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let mut details: Vec<ReasoningDetail> = Vec::new();
    for (index, block) in (0_u32..).zip(&blocks) {
        let path = format!("{path}.{index}");
        match blocks::read(block, path.clone())? {
            Said::Part(part) if part.kind == "text" => texts.push(part),
            Said::Part(_) | Said::Result(_) => {
                let reason = "is a block of the user's turns";
                return Err(wrong(&path, reason));
            }
            Said::Call(call) => calls.push(call),
            Said::Thought(detail) => {
                details.push(ReasoningDetail { index: Some(index), ..detail });
            }
            Said::Reasoning(text) => {
                message.reasoning_content.get_or_insert_default().push_str(&text);
            }
            Said::Own(block) => own.push(PlacedBlock { index, block }),
        }
    }
    // What another vendor wants back was written beside its readable form.
    let own_details = details.iter().filter(|detail| detail.is_for(ReasoningDetail::ANTHROPIC));
    for text in own_details.filter_map(|detail| detail.text.as_deref()) {
        if !text.is_empty() {
            message.reasoning_content.get_or_insert_default().push_str(text);
        }
    }
    message.content = spoken(texts, calls.is_empty());
    message.tool_calls = (!calls.is_empty()).then_some(calls);
    message.reasoning_details = (!details.is_empty()).then_some(details);
    if !own.is_empty() {
        message.extra.insert_raw(BLOCKS, raw(&own));
    }
    Ok(message)
}

/// What the assistant said. Servers like OpenAI's want it in one piece, so it stays in pieces
/// only where one of them has more than text.
fn spoken(parts: Vec<Part>, is_alone: bool) -> Option<Content> {
    if parts.iter().any(|part| !part.extra.is_empty()) {
        return Some(Content::Parts(parts));
    }
    let text: String = parts.iter().filter_map(|part| part.text.as_deref()).collect();
    (is_alone || !text.is_empty()).then_some(Content::Text(text))
}

fn empty(path: &str) -> Failure {
    wrong(path, "has to have content")
}
