//! Function calls of a conversation: their names by id, their order, their results.

use std::cmp::Ordering;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, Message, PartView, Role, ToolCall};
use patchbay_sdk::canonical::{JsonKind, RawJson};
use patchbay_sdk::request::Dropped;

use super::contents::Style;
use super::parts::{FunctionCall, FunctionResponse, Part};
use super::{drop_rest, media};

/// A call that a result answers, and its place among the calls of its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<'a> {
    name: &'a str,
    place: usize,
}

/// A result in the place of its call.
pub(crate) struct Placed<'a> {
    place: usize,
    pub(crate) part: Part<'a>,
}

impl Placed<'_> {
    /// Results go in the order of their calls, whatever the order of the messages.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

/// The call of an id in the messages before: the latest, since ids of some servers repeat.
fn find<'a>(earlier: &'a [Message], id: &str) -> Option<Answered<'a>> {
    earlier.iter().rev().find_map(|message| {
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        let place = calls.iter().position(|call| call.id.as_deref() == Some(id))?;
        let name = calls.get(place)?.function.as_ref()?.name.as_str();
        Some(Answered { name, place })
    })
}

/// A call as the model made it.
pub(crate) fn call<'a>(
    call: &'a ToolCall,
    path: &str,
    style: Style,
    dropped: &mut Dropped,
) -> Result<Option<FunctionCall<'a>>, Failure> {
    let Some(function) = &call.function else {
        dropped.add(path);
        return Ok(None);
    };
    drop_rest(dropped, path, &call.extra);
    drop_rest(dropped, &format!("{path}.function"), &function.extra);
    let id = call.id.as_deref().filter(|id| style.call_ids && !id.is_empty());
    let args = arguments(&function.arguments).ok_or_else(|| {
        let path = format!("{path}.function.arguments");
        Failure::invalid_request(&path, format!("{path} has to be a JSON object in a string"))
    })?;
    Ok(Some(FunctionCall { id, name: &function.name, args }))
}

fn arguments(text: &str) -> Option<RawJson> {
    let text = if matches!(text.trim(), "" | "null") { "{}" } else { text };
    RawJson::from_text(text).ok().filter(|json| json.kind() == JsonKind::Object)
}

/// A result, as a part in the place of its call.
pub(crate) fn result<'a>(
    messages: &'a [Message],
    at: usize,
    style: Style,
    dropped: &mut Dropped,
) -> Result<Option<Placed<'a>>, Failure> {
    let Some((earlier, message)) = messages.get(..at).zip(messages.get(at)) else {
        return Ok(None);
    };
    let path = format!("messages[{at}]");
    let id = message.tool_call_id.as_deref().unwrap_or_default();
    let own = message.name.as_deref();
    let found = match message.role {
        Role::Function => None,
        _ => find(earlier, id),
    };
    let answered = found.or(own.map(|name| Answered { name, place: usize::MAX }));
    let Some(Answered { name, place }) = answered else {
        let path = format!("{path}.tool_call_id");
        let message = "no earlier message has a tool call of this id, and this message no name";
        return Err(Failure::invalid_request(&path, message));
    };
    drop_rest(dropped, &path, &message.extra);
    let (text, parts) = contents(message, &path, dropped)?;
    let id = Some(id).filter(|id| style.call_ids && !id.is_empty());
    let response = FunctionResponse { id, name, response: response(&text), parts };
    Ok(Some(Placed { place, part: Part { function_response: Some(response), ..Part::default() } }))
}

/// The text of a result, and its images and files, which go beside it.
fn contents<'a>(
    message: &'a Message,
    path: &str,
    dropped: &mut Dropped,
) -> Result<(String, Vec<Part<'a>>), Failure> {
    let list = match &message.content {
        None => return Ok((String::new(), Vec::new())),
        Some(Content::Text(text)) => return Ok((text.clone(), Vec::new())),
        Some(Content::Parts(list)) => list,
    };
    let (mut text, mut parts) = (String::new(), Vec::new());
    for (index, part) in list.iter().enumerate() {
        let path = format!("{path}.content[{index}]");
        drop_rest(dropped, &path, &part.extra);
        match part.view() {
            PartView::Text(more) | PartView::Refusal(more) => text.push_str(more),
            PartView::ImageUrl(image) => parts.push(media::image(image, &path, dropped)?),
            PartView::InputAudio(audio) => parts.push(media::audio(audio, &path, dropped)),
            PartView::File(file) => parts.push(media::file(file, &path, dropped)?),
            PartView::Other(_) => dropped.add(path),
        }
    }
    Ok((text, parts))
}

/// A result has to be an object: one that is none goes under `output`, the key that the API names
/// for it.
fn response(text: &str) -> RawJson {
    let object = RawJson::from_text(text).ok().filter(|json| json.kind() == JsonKind::Object);
    object.unwrap_or_else(|| {
        let text = RawJson::of(text).unwrap_or_default();
        RawJson::from_text(format!(r#"{{"output":{}}}"#, text.as_str())).unwrap_or_default()
    })
}
