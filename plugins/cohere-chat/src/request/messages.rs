//! The conversation in Cohere's form.

use std::borrow::Cow;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::{
    Content, ImageUrl, Message, Part, PartView, ReasoningDetail, Role, ToolCall,
};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

use crate::THINKING_FORMAT;

/// One message.
#[derive(Serialize)]
pub(crate) struct Turn<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_plan: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<TurnContent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citations: Option<&'a RawJson>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum TurnContent<'a> {
    Text(&'a str),
    Blocks(Vec<Block<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: Cow<'a, str> },
    Thinking { thinking: Cow<'a, str> },
    ImageUrl { image_url: &'a ImageUrl },
    Document { document: &'a RawJson },
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// The messages, in order: Cohere takes instructions at any place.
pub(crate) fn turns<'a>(
    messages: &'a [Message],
    dropped: &mut Dropped,
) -> Result<Vec<Turn<'a>>, Failure> {
    let mut turns = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        let turn = match &message.role {
            Role::System | Role::Developer => plain_turn("system", message, &path, dropped)?,
            Role::User => plain_turn("user", message, &path, dropped)?,
            Role::Assistant => assistant(message, &path, dropped)?,
            Role::Tool => tool(message, &path, dropped)?,
            Role::Function | Role::Other(_) => {
                dropped.add(path);
                continue;
            }
        };
        turns.push(turn);
    }
    Ok(turns)
}

impl<'a> Turn<'a> {
    fn new(role: &'static str, content: Option<TurnContent<'a>>) -> Self {
        let (tool_call_id, tool_plan, citations) = (None, None, None);
        Self { role, tool_call_id, tool_plan, tool_calls: Vec::new(), content, citations }
    }
}

fn plain_turn<'a>(
    role: &'static str,
    message: &'a Message,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Turn<'a>, Failure> {
    dropped.add_if(message.name.is_some(), &format!("{path}.name"));
    dropped.add_members(&format!("{path}."), &message.extra);
    Ok(Turn::new(role, Some(content(message, path, dropped)?)))
}

/// A tool's result. The name of the tool is known from the call's id.
fn tool<'a>(message: &'a Message, path: &str, dropped: &mut Dropped) -> Result<Turn<'a>, Failure> {
    dropped.add_members(&format!("{path}."), &message.extra);
    let content = content(message, path, dropped)?;
    Ok(Turn { tool_call_id: message.tool_call_id.as_deref(), ..Turn::new("tool", Some(content)) })
}

/// Content that must say something.
fn content<'a>(
    message: &'a Message,
    path: &str,
    dropped: &mut Dropped,
) -> Result<TurnContent<'a>, Failure> {
    let parts = match &message.content {
        Some(Content::Text(text)) => return Ok(TurnContent::Text(text)),
        None => return Ok(TurnContent::Text("")),
        Some(Content::Parts(parts)) => parts,
    };
    let blocks = blocks(parts, &message.role, path, dropped);
    if blocks.is_empty() && !parts.is_empty() {
        let message = "the provider takes text and images, and this message has neither";
        return Err(Failure::invalid_request(&format!("{path}.content"), message));
    }
    Ok(TurnContent::Blocks(blocks))
}

/// The parts that a message of this role can have.
fn blocks<'a>(parts: &'a [Part], role: &Role, path: &str, dropped: &mut Dropped) -> Vec<Block<'a>> {
    let mut blocks = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let document = part.extra.get_raw("document").filter(|_| part.kind == "document");
        let block = match (part.view(), role) {
            (PartView::Text(text) | PartView::Refusal(text), _) => {
                dropped.add_members(&format!("{path}.content[{index}]."), &part.extra);
                Some(Block::Text { text: text.into() })
            }
            (PartView::ImageUrl(image_url), Role::User) => {
                dropped.add_members(&format!("{path}.content[{index}]."), &part.extra);
                Some(Block::ImageUrl { image_url })
            }
            (_, Role::Tool) => document.map(|document| Block::Document { document }),
            _ => None,
        };
        match block {
            Some(block) => blocks.push(block),
            None => dropped.add(format!("{path}.content[{index}]")),
        }
    }
    blocks
}

fn assistant<'a>(
    message: &'a Message,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Turn<'a>, Failure> {
    let mut extra = message.extra.clone();
    let own_plan = extra.take::<String>("tool_plan").ok().flatten();
    extra.remove("citations");
    dropped.add_if(message.name.is_some(), &format!("{path}.name"));
    dropped.add_members(&format!("{path}."), &extra);

    let thoughts = thoughts(message, path, dropped);
    let rest = unspoken(message.reasoning_content.as_deref(), &thoughts);
    let tool_calls = calls(message.tool_calls.iter().flatten(), path, dropped)?;
    let tool_plan = match (own_plan, rest, tool_calls.is_empty()) {
        (Some(plan), _, _) => Some(Cow::Owned(plan)),
        (None, rest, false) => rest.map(Cow::Borrowed),
        (None, rest, true) => {
            dropped.add_if(rest.is_some(), &format!("{path}.reasoning_content"));
            None
        }
    };
    let citations = message.extra.get_raw("citations").filter(|value| !value.is_null());
    Ok(Turn {
        tool_plan,
        tool_calls,
        citations,
        ..Turn::new("assistant", answer(message, thoughts, path, dropped))
    })
}

/// The texts of Cohere's own thinking; what others wrote is named.
fn thoughts<'a>(message: &'a Message, path: &str, dropped: &mut Dropped) -> Vec<&'a str> {
    let mut thoughts = Vec::new();
    let details = message.reasoning_details.iter().flatten();
    for (index, detail) in details.enumerate() {
        let is_own = detail.is_for(THINKING_FORMAT) && detail.kind == ReasoningDetail::TEXT;
        match detail.text.as_deref().filter(|_| is_own) {
            Some(text) => thoughts.push(text),
            None => dropped.add(format!("{path}.reasoning_details[{index}]")),
        }
    }
    thoughts
}

/// What the readable reasoning has beyond the thoughts: the plan, which comes after them.
fn unspoken<'a>(reasoning: Option<&'a str>, thoughts: &[&str]) -> Option<&'a str> {
    let whole = reasoning?;
    let mut rest = whole;
    for thought in thoughts {
        rest = rest.strip_prefix(thought).unwrap_or(rest);
    }
    Some(rest).filter(|rest| !rest.is_empty())
}

fn answer<'a>(
    message: &'a Message,
    thoughts: Vec<&'a str>,
    path: &str,
    dropped: &mut Dropped,
) -> Option<TurnContent<'a>> {
    let refusal = message.refusal.as_deref();
    let has_calls = message.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty());
    // Callers that joined a stream have an empty text where the model only thought or called.
    let silent = |text: &str| text.is_empty() && (has_calls || !thoughts.is_empty());
    let said = message.content.as_ref();
    let said = said.filter(|it| !matches!(it, Content::Text(text) if silent(text)));
    if let (Some(Content::Text(text)), None, true) = (said, refusal, thoughts.is_empty()) {
        return Some(TurnContent::Text(text));
    }
    let thinking = |thought: &'a str| Block::Thinking { thinking: thought.into() };
    let mut all: Vec<Block<'a>> = thoughts.into_iter().map(thinking).collect();
    match said {
        Some(Content::Text(text)) => all.push(Block::Text { text: text.into() }),
        Some(Content::Parts(parts)) => all.extend(blocks(parts, &message.role, path, dropped)),
        None => {}
    }
    // What the model said when it declined is text like any other to Cohere.
    all.extend(refusal.map(|text| Block::Text { text: text.into() }));
    match all.is_empty() {
        true if has_calls => None,
        true => Some(TurnContent::Text("")),
        false => Some(TurnContent::Blocks(all)),
    }
}

fn calls<'a>(
    calls: impl Iterator<Item = &'a ToolCall>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Call<'a>>, Failure> {
    let mut own = Vec::new();
    for (index, call) in calls.enumerate() {
        let path = format!("{path}.tool_calls[{index}]");
        let Some(function) = &call.function else {
            dropped.add(path);
            continue;
        };
        dropped.add_members(&format!("{path}."), &call.extra);
        dropped.add_members(&format!("{path}.function."), &function.extra);
        let Some(id) = call.id.as_deref() else {
            return Err(Failure::invalid_request(
                &format!("{path}.id"),
                "a tool call needs its id",
            ));
        };
        let given = function.arguments.as_str();
        let arguments = if given.trim().is_empty() { "{}" } else { given };
        let function = CalledFunction { name: &function.name, arguments };
        own.push(Call { id, kind: "function", function });
    }
    Ok(own)
}
