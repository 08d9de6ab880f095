//! The conversation as Ollama wants it: one text a message, images beside it, tool results by
//! the name of their function.

use std::borrow::Cow;
use std::collections::HashMap;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, ImageUrl, Message, Part, PartView, Role, ToolCall};
use patchbay_sdk::canonical::{JsonKind, RawJson};
use patchbay_sdk::request::{DataUrl, Dropped};
use serde::Serialize;

#[derive(Default, Serialize)]
pub(crate) struct WireMessage<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct WireCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    function: WireFunction<'a>,
}

#[derive(Serialize)]
struct WireFunction<'a> {
    index: usize,
    name: &'a str,
    /// An object, where canonical has a text.
    arguments: RawJson,
}

/// Names of the functions that were called so far, by the ids of the calls.
type Called<'a> = HashMap<&'a str, &'a str>;

/// Writes the messages, and names what they do not hold.
///
/// # Errors
/// `invalid-request` if nothing of a message can be carried, or if the arguments of an earlier
/// call are no JSON object.
pub(crate) fn write<'a>(
    messages: &'a [Message],
    dropped: &mut Dropped,
) -> Result<Vec<WireMessage<'a>>, Failure> {
    if messages.is_empty() {
        // Ollama would load the model and answer nothing.
        let message = "messages must have at least one message";
        return Err(Failure::invalid_request("messages", message));
    }
    let mut called = Called::new();
    let messages = messages.iter().enumerate();
    messages.map(|(index, message)| one(index, message, &mut called, dropped)).collect()
}

fn one<'a>(
    index: usize,
    message: &'a Message,
    called: &mut Called<'a>,
    dropped: &mut Dropped,
) -> Result<WireMessage<'a>, Failure> {
    let path = format!("messages[{index}].");
    let mut wire = WireMessage { role: role(message, &path)?, ..WireMessage::default() };
    content(message, &path, &mut wire, dropped)?;
    wire.thinking = message.reasoning_content.as_deref().filter(|text| !text.is_empty());
    // Ollama has nothing of its own here: whatever stands there is somebody else's.
    let foreign = message.reasoning_details.as_ref().is_some_and(|details| !details.is_empty());
    dropped.add_if(foreign, &format!("{path}reasoning_details"));
    for (at, call) in message.tool_calls.iter().flatten().enumerate() {
        let path = format!("{path}tool_calls[{at}]");
        if let Some(call) = tool_call(call, &path, wire.tool_calls.len(), dropped)? {
            if let Some(id) = call.id {
                called.insert(id, call.function.name);
            }
            wire.tool_calls.push(call);
        }
    }
    wire.tool_call_id = message.tool_call_id.as_deref();
    if wire.role == "tool" {
        let named = wire.tool_call_id.and_then(|id| called.get(id).copied());
        wire.tool_name = named.or(message.name.as_deref());
    } else {
        dropped.add_if(message.name.is_some(), &format!("{path}name"));
    }
    dropped.add_members(&path, &message.extra);
    Ok(wire)
}

fn role(message: &Message, path: &str) -> Result<&'static str, Failure> {
    Ok(match &message.role {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool | Role::Function => "tool",
        Role::Other(_) => {
            let message = "this provider knows the roles system, user, assistant and tool";
            return Err(Failure::invalid_request(&format!("{path}role"), message));
        }
    })
}

/// Writes text and images. A message of which nothing is left is refused: the model would answer
/// something that was never asked.
fn content<'a>(
    message: &'a Message,
    path: &str,
    wire: &mut WireMessage<'a>,
    dropped: &mut Dropped,
) -> Result<(), Failure> {
    let mut lost = None;
    match &message.content {
        None => {}
        Some(Content::Text(text)) => wire.content = Cow::Borrowed(text),
        Some(Content::Parts(parts)) => {
            for (at, one) in parts.iter().enumerate() {
                let path = format!("{path}content[{at}]");
                if !part(one, &path, wire, dropped) {
                    lost.get_or_insert_with(|| path.clone());
                    dropped.add(path);
                }
            }
        }
    }
    if let Some(refusal) = &message.refusal {
        match wire.content.is_empty() {
            true => wire.content = Cow::Borrowed(refusal),
            false => dropped.add(format!("{path}refusal")),
        }
    }
    match lost {
        Some(path) if wire.content.is_empty() && wire.images.is_empty() => {
            let message = "this provider takes text, and images as data: addresses; \
                           nothing of this message is left";
            Err(Failure::invalid_request(&path, message))
        }
        _ => Ok(()),
    }
}

/// Whether the part could be carried.
fn part<'a>(part: &'a Part, path: &str, wire: &mut WireMessage<'a>, dropped: &mut Dropped) -> bool {
    match part.view() {
        PartView::Text(text) | PartView::Refusal(text) => append(&mut wire.content, text),
        PartView::ImageUrl(image) => match image_content(image) {
            Some(content) => {
                let detail = image.detail.as_deref().unwrap_or("auto");
                dropped.add_if(detail != "auto", &format!("{path}.image_url.detail"));
                dropped.add_members(&format!("{path}.image_url."), &image.extra);
                wire.images.push(content);
            }
            None => return false,
        },
        PartView::InputAudio(_) | PartView::File(_) | PartView::Other(_) => return false,
    }
    dropped.add_members(&format!("{path}."), &part.extra);
    true
}

fn append<'a>(content: &mut Cow<'a, str>, text: &'a str) {
    match content.is_empty() {
        true => *content = Cow::Borrowed(text),
        false => content.to_mut().push_str(text),
    }
}

/// An image's base64 in the alphabet and with the padding that Ollama wants.
fn image_content(image: &ImageUrl) -> Option<Cow<'_, str>> {
    let base64 = DataUrl::parse(&image.url)?.base64;
    if !base64.contains(['-', '_']) && base64.len().is_multiple_of(4) {
        return Some(Cow::Borrowed(base64));
    }
    let mut standard = base64.trim_end_matches('=').replace('-', "+").replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    Some(Cow::Owned(standard))
}

fn tool_call<'a>(
    call: &'a ToolCall,
    path: &str,
    index: usize,
    dropped: &mut Dropped,
) -> Result<Option<WireCall<'a>>, Failure> {
    let Some(function) = &call.function else {
        dropped.add(path);
        return Ok(None);
    };
    dropped.add_members(&format!("{path}."), &call.extra);
    dropped.add_members(&format!("{path}.function."), &function.extra);
    let text = match function.arguments.trim() {
        "" => "{}",
        text => text,
    };
    let arguments = RawJson::from_text(text).ok().filter(|json| json.kind() == JsonKind::Object);
    let arguments = arguments.ok_or_else(|| {
        let path = format!("{path}.function.arguments");
        Failure::invalid_request(&path, "this provider takes a JSON object as arguments only")
    })?;
    let function = WireFunction { index, name: &function.name, arguments };
    Ok(Some(WireCall { id: call.id.as_deref(), function }))
}
