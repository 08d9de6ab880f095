//! Messages as turns of the user and the assistant.
//!
//! Converse wants the two to take turns, so neighbours of one role become one turn: results of
//! parallel calls above all, which have to stand together in the turn after the calls.
//! Instructions are all in `system`, in their order, wherever they stood.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::{Message, ReasoningDetail, Role, ToolCall};
use patchbay_sdk::request;

use super::Job;
use super::body::{Block, Reasoning, ToolResult, ToolUse, Turn};
use super::content::{Place, Spot, Writer};
use super::tools;

/// The conversation.
#[derive(Default)]
pub(super) struct Prompt<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    pub(super) system: Vec<Block<'a>>,
}

/// What the conversation has of calls and reasoning.
#[derive(Default)]
pub(super) struct History<'a> {
    /// Functions that were called, each once.
    pub(super) called: Vec<&'a str>,
    /// Whether the last calls, which the model has yet to go on from, came with reasoning.
    pub(super) last_calls: Option<LastCalls>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LastCalls {
    WithReasoning,
    WithoutReasoning,
}

pub(super) fn write<'a>(
    messages: &'a [Message],
    job: &mut Job<'_>,
) -> Result<(Prompt<'a>, History<'a>), Failure> {
    let mut prompt = Prompt::default();
    let mut history = History::default();
    let mut writer = Writer::new(job);
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages[{at}]");
        if request::is_instruction(message) {
            let spot = Spot { path: &path, place: Place::System };
            writer.content(spot, message.content.as_ref(), &mut prompt.system)?;
            writer.rest(&path, message, &mut prompt.system);
            continue;
        }
        let (role, mut blocks) = match message.role {
            Role::User => {
                history.last_calls = None;
                let mut blocks = Vec::new();
                let spot = Spot { path: &path, place: Place::User };
                writer.content(spot, message.content.as_ref(), &mut blocks)?;
                ("user", blocks)
            }
            Role::Assistant => ("assistant", assistant(&mut writer, &path, message, &mut history)?),
            Role::Tool => ("user", vec![tool_result(&mut writer, &path, message)?]),
            _ => return Err(unknown_role(&path)),
        };
        writer.rest(&path, message, &mut blocks);
        prompt.add(role, blocks);
    }
    Ok((prompt, history))
}

impl<'a> Prompt<'a> {
    fn add(&mut self, role: &'static str, blocks: Vec<Block<'a>>) {
        match self.turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some(turn) if turn.role == role => turn.content.extend(blocks),
            _ => self.turns.push(Turn { role, content: blocks }),
        }
    }
}

/// Canonical keeps reasoning apart from what is said and called; Converse has all in one list, and
/// Claude wants its thoughts where they were. They know their index in that list, and text and
/// calls fill the gaps.
fn assistant<'a>(
    writer: &mut Writer<'_, '_>,
    path: &str,
    message: &'a Message,
    history: &mut History<'a>,
) -> Result<Vec<Block<'a>>, Failure> {
    let thoughts = reasoning(writer, path, message);
    let reasoned = !thoughts.is_empty();
    let mut blocks = Vec::new();
    let spot = Spot { path, place: Place::Assistant };
    writer.content(spot, message.content.as_ref(), &mut blocks)?;
    writer.text(message.refusal.as_deref().unwrap_or_default(), &mut blocks);
    let calls = message.tool_calls.as_deref().unwrap_or_default();
    for (at, call) in calls.iter().enumerate() {
        let path = format!("{path}.tool_calls[{at}]");
        let Some(call) = tool_use(writer, &path, call)? else { continue };
        if !history.called.contains(&call.name) {
            history.called.push(call.name);
        }
        blocks.push(Block::ToolUse(call));
    }
    history.last_calls = match (calls.is_empty(), reasoned) {
        (true, _) => None,
        (false, true) => Some(LastCalls::WithReasoning),
        (false, false) => Some(LastCalls::WithoutReasoning),
    };
    Ok(arranged(thoughts, blocks))
}

fn arranged<'a>(mut thoughts: Vec<(u32, Block<'a>)>, others: Vec<Block<'a>>) -> Vec<Block<'a>> {
    thoughts.sort_by_key(|(index, _)| *index);
    let mut others = others.into_iter();
    let mut blocks = Vec::with_capacity(thoughts.len() + others.len());
    for (index, thought) in thoughts {
        let gap = (index as usize).saturating_sub(blocks.len());
        blocks.extend(others.by_ref().take(gap));
        blocks.push(thought);
    }
    blocks.extend(others);
    blocks
}

/// Only what is signed or encrypted is wanted back: the rest has no proof of being the model's.
fn reasoning<'a>(
    writer: &mut Writer<'_, '_>,
    path: &str,
    message: &'a Message,
) -> Vec<(u32, Block<'a>)> {
    let format = writer.job.family.reasoning_format();
    let details = message.reasoning_details.as_deref().unwrap_or_default();
    let mut blocks = Vec::new();
    for (at, detail) in details.iter().enumerate() {
        match detail.is_for(format).then(|| reasoning_block(detail)).flatten() {
            Some(block) => {
                blocks.push((detail.index.unwrap_or(0), Block::ReasoningContent(block)));
            }
            None => writer.job.dropped.add(format!("{path}.reasoning_details[{at}]")),
        }
    }
    // Beside details it says the same again.
    if details.is_empty() {
        let there = message.reasoning_content.as_ref().is_some_and(|text| !text.is_empty());
        writer.job.dropped.add_if(there, &format!("{path}.reasoning_content"));
    }
    blocks
}

fn reasoning_block(detail: &ReasoningDetail) -> Option<Reasoning<'_>> {
    let filled = |text: &'_ Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    match detail.kind.as_str() {
        ReasoningDetail::TEXT if filled(&detail.signature) => Some(Reasoning::ReasoningText {
            text: detail.text.as_deref().unwrap_or_default(),
            signature: detail.signature.as_deref().unwrap_or_default(),
        }),
        ReasoningDetail::ENCRYPTED if filled(&detail.data) => {
            Some(Reasoning::RedactedContent(detail.data.as_deref().unwrap_or_default()))
        }
        _ => None,
    }
}

fn tool_use<'a>(
    writer: &mut Writer<'_, '_>,
    path: &str,
    call: &'a ToolCall,
) -> Result<Option<ToolUse<'a>>, Failure> {
    let Some(function) = &call.function else {
        writer.job.dropped.add(path);
        return Ok(None);
    };
    let Some(id) = &call.id else {
        let param = format!("{path}.id");
        return Err(Failure::invalid_request(&param, "a call in the conversation needs its id"));
    };
    // A call that was joined from a stream still has the index of its fragments.
    let mut others = call.extra.clone();
    others.remove("index");
    writer.job.dropped.add_members(&format!("{path}."), &others);
    writer.job.dropped.add_members(&format!("{path}.function."), &function.extra);
    let input = match function.arguments.trim() {
        "" => "{}",
        arguments => arguments,
    };
    let input = RawJson::from_text(input).map_err(|_| {
        let param = format!("{path}.function.arguments");
        Failure::invalid_request(&param, "the arguments of a call have to be JSON")
    })?;
    Ok(Some(ToolUse { tool_use_id: tools::id(id), name: &function.name, input }))
}

fn tool_result<'a>(
    writer: &mut Writer<'_, '_>,
    path: &str,
    message: &'a Message,
) -> Result<Block<'a>, Failure> {
    let Some(id) = &message.tool_call_id else {
        let param = format!("{path}.tool_call_id");
        let message = "a tool's message has to say which call it answers";
        return Err(Failure::invalid_request(&param, message));
    };
    let mut content = Vec::new();
    let spot = Spot { path, place: Place::ToolResult };
    writer.content(spot, message.content.as_ref(), &mut content)?;
    // Not OpenAI's, but that of clients whose own API can say it.
    let failed = message.extra.get::<bool>("is_error").ok().flatten().unwrap_or(false);
    let status = failed.then_some("error");
    Ok(Block::ToolResult(ToolResult { tool_use_id: tools::id(id), content, status }))
}

fn unknown_role(path: &str) -> Failure {
    let param = format!("{path}.role");
    let message = "Bedrock knows system, developer, user, assistant and tool messages";
    Failure::invalid_request(&param, message)
}
