//! A turn of a conversation.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::reasoning::ReasoningDetail;
use super::tool::ToolCall;
use crate::canonical::{Member, canonical, open_words, read_items};

open_words! {
    /// Who speaks.
    pub enum Role {
        /// Instructions; the successor of `system`.
        Developer = "developer",
        /// Instructions.
        System = "system",
        /// The person.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The result of a tool call.
        Tool = "tool",
        /// The result of a function call, before there were tools.
        Function = "function",
    }
}

/// Who speaks most often.
impl Default for Role {
    fn default() -> Self {
        Self::User
    }
}

canonical! {
    /// One message of a request, or the message of a choice.
    pub struct Message {
        /// Who speaks.
        required role: Role,
        /// What is said; null where there are only tool calls.
        nullable content: Content,
        /// Name of the speaker, or of the function.
        optional name: String,
        /// Why the model declined.
        optional refusal: String,
        /// What the model wants to be called.
        optional tool_calls: Vec<ToolCall>,
        /// Which call a `tool` message answers.
        optional tool_call_id: String,
        /// The model's reasoning, as several providers send it and want it back.
        optional reasoning_content: String,
        /// The model's reasoning in a form that can be given back to it.
        lenient reasoning_details: Vec<ReasoningDetail>,
    }
}

impl Message {
    /// A message of plain text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: Some(Content::Text(text.into())), ..Self::default() }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Written as a string.
    Text(String),
    /// Written as a list of parts.
    Parts(Vec<Part>),
}

impl Content {
    /// The text of all text parts, joined.
    #[must_use]
    pub fn plain_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Parts(parts) => match parts.as_slice() {
                [Part { text: Some(text), .. }] => Cow::Borrowed(text),
                parts => Cow::Owned(parts.iter().filter_map(|p| p.text.as_deref()).collect()),
            },
        }
    }
}

canonical! {
    /// A part of a message's content. Exactly the member that `kind` names should be there;
    /// [`Part::view`] reads it so.
    pub struct Part {
        /// `text`, `image_url`, `input_audio`, `file`, `refusal`.
        required kind as "type": String,
        /// With `text`.
        optional text: String,
        /// With `image_url`.
        optional image_url: ImageUrl,
        /// With `input_audio`.
        optional input_audio: InputAudio,
        /// With `file`.
        optional file: File,
        /// With `refusal`.
        optional refusal: String,
    }
}

/// A part by what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PartView<'a> {
    /// Text.
    Text(&'a str),
    /// An image.
    ImageUrl(&'a ImageUrl),
    /// Sound.
    InputAudio(&'a InputAudio),
    /// A file.
    File(&'a File),
    /// Why the model declined.
    Refusal(&'a str),
    /// A type that is not known, or one whose member is missing.
    Other(&'a str),
}

impl Part {
    /// A part of text.
    #[must_use]
    pub fn of_text(text: impl Into<String>) -> Self {
        Self { kind: "text".to_owned(), text: Some(text.into()), ..Self::default() }
    }

    /// The part by what it is.
    #[must_use]
    pub fn view(&self) -> PartView<'_> {
        let known = match self.kind.as_str() {
            "text" => self.text.as_deref().map(PartView::Text),
            "image_url" => self.image_url.as_ref().map(PartView::ImageUrl),
            "input_audio" => self.input_audio.as_ref().map(PartView::InputAudio),
            "file" => self.file.as_ref().map(PartView::File),
            "refusal" => self.refusal.as_deref().map(PartView::Refusal),
            _ => None,
        };
        known.unwrap_or(PartView::Other(&self.kind))
    }
}

canonical! {
    /// An image by address.
    pub struct ImageUrl {
        /// `https:` or `data:`.
        required url: String,
        /// `auto`, `low`, `high`.
        optional detail: String,
    }
}

canonical! {
    /// Sound in the request.
    pub struct InputAudio {
        /// Base64.
        required data: String,
        /// `wav`, `mp3`.
        required format: String,
    }
}

canonical! {
    /// A file, by content or by id.
    pub struct File {
        /// A `data:` address.
        optional file_data: String,
        /// Id of an uploaded file.
        optional file_id: String,
        /// Its name.
        optional filename: String,
    }
}

impl Member for Content {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Content, A::Error> {
                read_items(seq).map(Content::Parts)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}
