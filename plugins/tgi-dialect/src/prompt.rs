//! A chat as one text.

use std::borrow::Cow;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, Message, Part, PartView, Role};
use patchbay_sdk::request::Dropped;

use crate::template::{System, Template};

/// What a prompt is written with.
pub(crate) struct PromptStyle<'a> {
    pub(crate) template: &'a Template,
    /// Whether the model sees images.
    pub(crate) images: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    System,
    User,
    Assistant,
}

struct Turn {
    speaker: Speaker,
    text: String,
}

impl PromptStyle<'_> {
    /// Writes the prompt, and names what it does not hold.
    ///
    /// # Errors
    /// `invalid-request` if the last message cannot be written, or nothing can be.
    pub(crate) fn write(
        &self,
        messages: &[Message],
        dropped: &mut Dropped,
    ) -> Result<String, Failure> {
        let mut turns = Vec::with_capacity(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let turn = self.turn(index, message, dropped)?;
            if turn.is_none() && index + 1 == messages.len() {
                let message = "this provider takes text of the roles system, user and assistant; \
                               nothing of the last message is left";
                return Err(Failure::invalid_request(&format!("messages[{index}]"), message));
            }
            turns.extend(turn);
        }
        if turns.iter().all(|turn| turn.text.trim().is_empty()) {
            return Err(Failure::invalid_request("messages", "there is no text for the model"));
        }
        let turns = match self.template.system {
            System::Turn(_) => turns,
            place => alternating(turns, place),
        };
        Ok(self.join(&turns))
    }

    fn join(&self, turns: &[Turn]) -> String {
        let template = self.template;
        let size: usize = turns.iter().map(|turn| turn.text.len() + 64).sum();
        let mut prompt = String::with_capacity(size);
        for turn in turns {
            let (before, after) = match (turn.speaker, template.system) {
                (Speaker::System, System::Turn(system)) => system,
                (Speaker::Assistant, _) => template.assistant,
                _ => template.user,
            };
            if !prompt.is_empty() {
                prompt.push_str(template.between);
            }
            let text = if template.trims { turn.text.trim() } else { &turn.text };
            for piece in [before, text, after] {
                prompt.push_str(piece);
            }
        }
        prompt.push_str(template.opening);
        prompt
    }

    /// A message as a turn; none if nothing of it can be written.
    fn turn(
        &self,
        index: usize,
        message: &Message,
        dropped: &mut Dropped,
    ) -> Result<Option<Turn>, Failure> {
        let path = format!("messages[{index}]");
        let speaker = match &message.role {
            Role::System | Role::Developer => Speaker::System,
            Role::User => Speaker::User,
            Role::Assistant => Speaker::Assistant,
            Role::Tool | Role::Function | Role::Other(_) => {
                dropped.add(path);
                return Ok(None);
            }
        };
        name_members(message, &path, dropped);
        let (text, lost) = self.text(message, &path, dropped);
        match lost {
            Some(path) if text.is_empty() => {
                let message = "nothing of this message is left: the model sees text alone";
                Err(Failure::invalid_request(&path, message))
            }
            // Only calls of tools: there is nothing that it said.
            None if text.is_empty() && message.tool_calls.is_some() => Ok(None),
            _ => Ok(Some(Turn { speaker, text })),
        }
    }

    /// A message's text, and the first part of it that cannot be written.
    fn text(
        &self,
        message: &Message,
        path: &str,
        dropped: &mut Dropped,
    ) -> (String, Option<String>) {
        let mut text = String::new();
        let mut lost = None;
        match &message.content {
            None => {}
            Some(Content::Text(content)) => text.push_str(content),
            Some(Content::Parts(parts)) => {
                for (at, part) in parts.iter().enumerate() {
                    let path = format!("{path}.content[{at}]");
                    if let Some(said) = self.part(part, &path, dropped) {
                        text.push_str(&said);
                    } else {
                        lost.get_or_insert_with(|| path.clone());
                        dropped.add(path);
                    }
                }
            }
        }
        if let Some(refusal) = &message.refusal {
            text.push_str(refusal);
        }
        (text, lost)
    }

    /// The part as text; none if it cannot be written.
    fn part<'a>(&self, part: &'a Part, path: &str, dropped: &mut Dropped) -> Option<Cow<'a, str>> {
        let text = match part.view() {
            PartView::Text(said) | PartView::Refusal(said) => Cow::Borrowed(said),
            PartView::ImageUrl(image) if self.images => {
                let detail = image.detail.as_deref().unwrap_or("auto");
                dropped.add_if(detail != "auto", &format!("{path}.image_url.detail"));
                dropped.add_members(&format!("{path}.image_url."), &image.extra);
                // The server finds an image by this form; an address ends at the first bracket.
                Cow::Owned(format!("![]({})", image.url.replace(')', "%29")))
            }
            _ => return None,
        };
        dropped.add_members(&format!("{path}."), &part.extra);
        Some(text)
    }
}

fn name_members(message: &Message, path: &str, dropped: &mut Dropped) {
    let members = [
        ("name", message.name.is_some()),
        ("tool_calls", message.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty())),
        ("reasoning_content", message.reasoning_content.is_some()),
        ("reasoning_details", message.reasoning_details.is_some()),
    ];
    for (name, is_there) in members {
        dropped.add_if(is_there, &format!("{path}.{name}"));
    }
    dropped.add_members(&format!("{path}."), &message.extra);
}

/// Instructions go into a text of the person's, and neighbours of one speaker become one turn:
/// the models of these templates know nothing else.
fn alternating(turns: Vec<Turn>, place: System) -> Vec<Turn> {
    let mut instructions = String::new();
    let mut merged: Vec<Turn> = Vec::with_capacity(turns.len());
    for turn in turns {
        match merged.last_mut() {
            _ if turn.speaker == Speaker::System => append(&mut instructions, &turn.text),
            Some(last) if last.speaker == turn.speaker => append(&mut last.text, &turn.text),
            _ => merged.push(turn),
        }
    }
    if instructions.is_empty() {
        return merged;
    }
    let is_user = |turn: &Turn| turn.speaker == Speaker::User;
    let at = match place {
        System::LastUser => merged.iter().rposition(is_user),
        _ => merged.iter().position(is_user),
    };
    match at.and_then(|at| merged.get_mut(at)) {
        Some(turn) => {
            append(&mut instructions, &turn.text);
            turn.text = instructions;
        }
        None => merged.insert(0, Turn { speaker: Speaker::User, text: instructions }),
    }
    merged
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}
