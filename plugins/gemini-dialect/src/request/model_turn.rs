//! An assistant's message as a turn of the model.
//!
//! Thought signatures go back onto the parts that had them: one with the id of a call onto that
//! call, any other onto the text.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Message, ReasoningDetail};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::{DataUrl, Dropped};

use super::contents::{Style, said};
use super::parts::{AnyPart, Blob, Part};
use super::{calls, drop_rest};

/// What stands in for the signature of a call that another model made. Gemini 3 refuses calls
/// without one (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// What the decoder adds to a message about its making. It is no part of the conversation, and is
/// left out where a caller sends it back.
const OUTPUT_ONLY: [&str; 5] = [
    "groundingMetadata",
    "citationMetadata",
    "urlContextMetadata",
    "continuationToken",
    "finishMessage",
];

/// An assistant's turn: kept parts, text, images, calls, each with its signature.
pub(crate) fn write<'a>(
    message: &'a Message,
    path: &str,
    style: Style,
    dropped: &mut Dropped,
) -> Result<Vec<AnyPart<'a>>, Failure> {
    let mut rest = message.extra.clone();
    let kept: Vec<RawJson> = rest.take("gemini_parts").ok().flatten().unwrap_or_default();
    let images: Vec<Object> = rest.take("images").ok().flatten().unwrap_or_default();
    for name in OUTPUT_ONLY {
        rest.remove(name);
    }
    drop_rest(dropped, path, &rest);
    let mut signatures = Signatures::read(message, path, dropped);

    let mut calls = Vec::new();
    for (index, call) in message.tool_calls.iter().flatten().enumerate() {
        let id = call.id.as_deref().unwrap_or_default();
        let call = calls::call(call, &format!("{path}.tool_calls[{index}]"), style, dropped)?;
        let thought_signature = signatures.of_call(id).map(Into::into);
        let part = |function_call| Part { function_call, thought_signature, ..Part::default() };
        calls.extend(call.map(|call| part(Some(call))));
    }
    if style.needs_signatures && calls.iter().all(|part| part.thought_signature.is_none()) {
        // Of calls made at once only the first has one.
        if let Some(first) = calls.first_mut() {
            first.thought_signature = Some(NO_SIGNATURE.into());
        }
    }

    let mut parts: Vec<AnyPart<'a>> = kept.into_iter().map(AnyPart::Kept).collect();
    let mut text = said(message.content.as_ref(), path, dropped)?;
    text.extend(message.refusal.as_deref().map(|text| Part::of_text(text).into()));
    signatures.onto_text(&mut text);
    parts.append(&mut text);
    for (index, image) in images.iter().enumerate() {
        match own_image(image) {
            Some(image) => parts.push(image.into()),
            None => dropped.add(format!("{path}.images[{index}]")),
        }
    }
    parts.extend(calls.into_iter().map(AnyPart::from));
    Ok(parts)
}

/// An image that the model made earlier, as the decoder writes it.
fn own_image<'a>(image: &Object) -> Option<Part<'a>> {
    let address: Object = image.get("image_url").ok()??;
    let url: String = address.get("url").ok()??;
    let data = DataUrl::parse(&url)?;
    let blob =
        Blob { mime_type: data.media_type.to_owned().into(), data: data.base64.to_owned().into() };
    let signature: Option<String> = image.get("thought_signature").ok().flatten();
    Some(Part {
        inline_data: Some(blob),
        thought_signature: signature.map(Into::into),
        ..Part::default()
    })
}

/// The thought signatures of a message.
struct Signatures<'a> {
    of_calls: Vec<(&'a str, &'a str)>,
    of_text: Vec<&'a str>,
}

impl<'a> Signatures<'a> {
    /// Readable reasoning does not go back: the signature stands for it. It is named where there
    /// is none.
    fn read(message: &'a Message, path: &str, dropped: &mut Dropped) -> Self {
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        let is_call = |id: &&str| calls.iter().any(|call| call.id.as_deref() == Some(id));
        let mut signatures = Self { of_calls: Vec::new(), of_text: Vec::new() };
        for (index, detail) in message.reasoning_details.iter().flatten().enumerate() {
            if !detail.is_for(ReasoningDetail::GEMINI) {
                dropped.add(format!("{path}.reasoning_details[{index}]"));
                continue;
            }
            let Some(data) = detail.data.as_deref().or(detail.signature.as_deref()) else {
                continue;
            };
            match detail.id.as_deref().filter(is_call) {
                Some(id) => signatures.of_calls.push((id, data)),
                None => signatures.of_text.push(data),
            }
        }
        let none = signatures.of_calls.is_empty() && signatures.of_text.is_empty();
        let readable = message.reasoning_content.as_deref().is_some_and(|text| !text.is_empty());
        dropped.add_if(none && readable, &format!("{path}.reasoning_content"));
        signatures
    }

    fn of_call(&mut self, id: &str) -> Option<&'a str> {
        let place = self.of_calls.iter().position(|(call, _)| *call == id)?;
        Some(self.of_calls.remove(place).1)
    }

    /// The last signature belongs to the text. Others, and one of a turn without text, stand on
    /// empty texts of their own, as the API sends them at the end of a stream.
    fn onto_text(&mut self, text: &mut Vec<AnyPart<'a>>) {
        let mut of_text = std::mem::take(&mut self.of_text);
        if let (Some(AnyPart::Written(part)), Some(last)) = (text.last_mut(), of_text.last()) {
            part.thought_signature = Some((*last).into());
            of_text.pop();
        }
        let alone = |signature: &'a str| -> AnyPart<'a> {
            Part { thought_signature: Some(signature.into()), ..Part::of_text("") }.into()
        };
        text.splice(0..0, of_text.into_iter().map(alone));
    }
}
