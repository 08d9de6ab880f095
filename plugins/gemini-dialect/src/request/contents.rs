//! Messages as contents.
//!
//! Instructions of every place go into `systemInstruction`, in order; if there is nothing else,
//! they are what the user says, because contents cannot be empty. Neighbouring turns of one role
//! become one. Results of functions are turns of their own, since Gemini 3 takes a turn with
//! text for the begin of a new one.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::chat::{Content as Said, Message, Part as SaidPart, PartView, Role};
use patchbay_sdk::request::{Dropped, is_instruction};

use super::parts::{AnyPart, Content, Part};
use super::{calls, drop_rest, media, model_turn};

const USER: &str = "user";
const MODEL: &str = "model";

/// What depends on settings and model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Whether calls and results carry ids.
    pub(crate) call_ids: bool,
    /// Whether the model refuses calls without signature.
    pub(crate) needs_signatures: bool,
}

/// A conversation in Google's form.
#[derive(Debug)]
pub(crate) struct Conversation<'a> {
    pub(crate) instructions: Content<'a>,
    pub(crate) contents: Vec<Content<'a>>,
}

/// A conversation that is being written.
struct Writing<'a, 'd> {
    messages: &'a [Message],
    style: Style,
    dropped: &'d mut Dropped,
    instructions: Content<'a>,
    contents: Vec<Content<'a>>,
    /// Whether the last content is one of results.
    results_last: bool,
}

/// Writes the messages.
pub(crate) fn write<'a>(
    messages: &'a [Message],
    style: Style,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Failure> {
    let mut writing = Writing {
        messages,
        style,
        dropped,
        instructions: Content::default(),
        contents: Vec::new(),
        results_last: false,
    };
    let mut at = 0;
    while let Some(message) = messages.get(at) {
        at += match &message.role {
            Role::Tool | Role::Function => writing.results(at)?,
            _ => {
                writing.message(message, at)?;
                1
            }
        };
    }
    writing.end()
}

impl<'a> Writing<'a, '_> {
    fn message(&mut self, message: &'a Message, at: usize) -> Result<(), Failure> {
        let path = format!("messages[{at}]");
        self.dropped.add_if(message.name.is_some(), &format!("{path}.name"));
        if message.role == Role::Assistant {
            let parts = model_turn::write(message, &path, self.style, self.dropped)?;
            self.turn(MODEL, parts);
            return Ok(());
        }
        drop_rest(self.dropped, &path, &message.extra);
        let parts = said(message.content.as_ref(), &path, self.dropped)?;
        if is_instruction(message) {
            self.instructions.parts.extend(parts);
            return Ok(());
        }
        if message.role != Role::User {
            let path = format!("{path}.role");
            return Err(Failure::invalid_request(&path, format!("{path} is not a known role")));
        }
        self.turn(USER, parts);
        Ok(())
    }

    /// All results that follow each other, in one content; how many messages they were.
    fn results(&mut self, start: usize) -> Result<usize, Failure> {
        let rest = self.messages.get(start..).unwrap_or_default();
        let is_result = |message: &&Message| matches!(message.role, Role::Tool | Role::Function);
        let count = rest.iter().take_while(is_result).count();
        let mut placed = Vec::with_capacity(count);
        for at in start..start + count {
            placed.extend(calls::result(self.messages, at, self.style, self.dropped)?);
        }
        placed.sort_by(calls::Placed::order);
        let parts = placed.into_iter().map(|placed| placed.part.into()).collect();
        self.contents.push(Content { role: Some(USER), parts });
        self.results_last = true;
        Ok(count.max(1))
    }

    fn turn(&mut self, role: &'static str, parts: Vec<AnyPart<'a>>) {
        if parts.is_empty() {
            return;
        }
        let last = self.contents.last_mut().filter(|last| last.role == Some(role));
        match last.filter(|_| !self.results_last) {
            Some(last) => last.parts.extend(parts),
            None => self.contents.push(Content { role: Some(role), parts }),
        }
        self.results_last = false;
    }

    fn end(self) -> Result<Conversation<'a>, Failure> {
        let Self { mut instructions, mut contents, .. } = self;
        if contents.is_empty() {
            let parts = std::mem::take(&mut instructions.parts);
            if parts.is_empty() {
                return Err(Failure::invalid_request("messages", "no message says anything"));
            }
            contents.push(Content { role: Some(USER), parts });
        }
        Ok(Conversation { instructions, contents })
    }
}

/// What a user or the instructions say. Empty texts are left out: the API refuses them.
pub(crate) fn said<'a>(
    content: Option<&'a Said>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Vec<AnyPart<'a>>, Failure> {
    let list = match content {
        None => return Ok(Vec::new()),
        Some(Said::Text(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Said::Text(text)) => return Ok(vec![Part::of_text(text.as_str()).into()]),
        Some(Said::Parts(list)) => list,
    };
    let mut parts = Vec::with_capacity(list.len());
    for (index, part) in list.iter().enumerate() {
        let path = format!("{path}.content[{index}]");
        parts.extend(said_part(part, &path, dropped)?.map(AnyPart::from));
    }
    Ok(parts)
}

fn said_part<'a>(
    part: &'a SaidPart,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Option<Part<'a>>, Failure> {
    let mut rest = part.extra.clone();
    let written = match part.view() {
        PartView::Text("") | PartView::Refusal("") => None,
        PartView::Text(text) | PartView::Refusal(text) => Some(Part::of_text(text)),
        PartView::ImageUrl(image) => Some(media::image(image, path, dropped)?),
        PartView::InputAudio(audio) => Some(media::audio(audio, path, dropped)),
        PartView::File(file) => Some(media::file(file, path, dropped)?),
        PartView::Other("video_url") => {
            let video: Object = rest.take("video_url").ok().flatten().unwrap_or_default();
            Some(media::video(&video, path)?)
        }
        PartView::Other(_) => {
            dropped.add(path);
            return Ok(None);
        }
    };
    drop_rest(dropped, path, &rest);
    Ok(written)
}
