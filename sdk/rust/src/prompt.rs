//! A canonical chat request as plain text, for programs that read a prompt, and the list of what
//! is lost on the way.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Failure;

/// Top-level members that are not for the program, or that it cannot miss.
const EXPECTED: [&str; 6] = ["model", "messages", "stream", "stream_options", "user", "metadata"];

/// Most paths that are named; a long chat with an image in every message has no end of them.
const MAX_DROPPED: usize = 64;

/// What the program reads. In settings: `"last-user"`, the default, or `"transcript"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptStyle {
    /// The text of the last user message.
    #[default]
    LastUser,
    /// All messages, each after its role.
    Transcript,
}

/// Writes the prompt, and names the request members that it does not hold, at most 64 of them, as
/// paths: `messages[0].name`. Parts of a message stand on lines of their own, messages apart by an
/// empty line.
///
/// # Errors
/// `invalid-request` for a body that is no chat, and for one without any text.
pub fn write(canonical: &[u8], style: PromptStyle) -> Result<(String, Vec<String>), Failure> {
    let request: Map<String, Value> = serde_json::from_slice(canonical)
        .map_err(|error| Failure::invalid_request("", format!("the body is no object: {error}")))?;
    let messages = request
        .get("messages")
        .and_then(Value::as_array)
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| Failure::invalid_request("messages", "messages has to be a list"))?;
    let mut dropped = Dropped(Vec::new());
    for (member, value) in &request {
        if !EXPECTED.contains(&member.as_str()) && !value.is_null() {
            dropped.add(member.clone());
        }
    }
    let text = match style {
        PromptStyle::LastUser => last_user(messages, &mut dropped)?,
        PromptStyle::Transcript => transcript(messages, &mut dropped)?,
    };
    if text.trim().is_empty() {
        let message = "there is no text for the program; it reads only text parts";
        return Err(Failure::invalid_request("messages", message));
    }
    Ok((text, dropped.0))
}

struct Dropped(Vec<String>);

impl Dropped {
    fn add(&mut self, path: String) {
        if self.0.len() < MAX_DROPPED {
            self.0.push(path);
        }
    }
}

fn last_user(messages: &[Value], dropped: &mut Dropped) -> Result<String, Failure> {
    let is_user = |message: &Value| message.get("role").and_then(Value::as_str) == Some("user");
    let last = messages.iter().rposition(is_user).ok_or_else(|| {
        Failure::invalid_request("messages", "there is no message with the role \"user\"")
    })?;
    if last > 0 {
        dropped.add(format!("messages[0..{last}]"));
    }
    let text = messages
        .get(last)
        .map_or_else(|| Ok(String::new()), |message| text_of(message, last, dropped))?;
    if last + 1 < messages.len() {
        dropped.add(format!("messages[{}..{}]", last + 1, messages.len()));
    }
    Ok(text)
}

fn transcript(messages: &[Value], dropped: &mut Dropped) -> Result<String, Failure> {
    let mut turns = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Value::as_str);
        let text = text_of(message, index, dropped)?;
        if !text.is_empty() {
            turns.push(format!("{}: {text}", role.unwrap_or("user")));
        }
    }
    Ok(turns.join("\n\n"))
}

/// A message's text; its parts on lines of their own.
fn text_of(message: &Value, index: usize, dropped: &mut Dropped) -> Result<String, Failure> {
    for (member, value) in message.as_object().into_iter().flatten() {
        if !["role", "content"].contains(&member.as_str()) && !value.is_null() {
            dropped.add(format!("messages[{index}].{member}"));
        }
    }
    let parts = match message.get("content") {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(Value::String(text)) => return Ok(text.clone()),
        Some(Value::Array(parts)) => parts,
        Some(_) => {
            let path = format!("messages[{index}].content");
            let message = format!("{path} has to be a text or a list of parts");
            return Err(Failure::invalid_request(&path, message));
        }
    };
    let mut texts = Vec::with_capacity(parts.len());
    for (number, part) in parts.iter().enumerate() {
        match text_part(part) {
            Some(text) => texts.push(text),
            None => dropped.add(format!("messages[{index}].content[{number}]")),
        }
    }
    Ok(texts.join("\n"))
}

fn text_part(part: &Value) -> Option<&str> {
    match part.get("type").and_then(Value::as_str) {
        Some("text") => part.get("text")?.as_str(),
        _ => None,
    }
}
