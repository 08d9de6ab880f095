//! Building JSON, and the few pieces of it that both directions share.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

/// A value as JSON.
pub(crate) fn raw(value: &(impl Serialize + ?Sized)) -> RawJson {
    RawJson::of(value).expect("texts, numbers, lists and objects of them have a JSON")
}

/// Building objects member by member.
pub(crate) trait Members {
    /// Adds a member.
    fn with(self, name: &str, value: &(impl Serialize + ?Sized)) -> Self;

    /// Adds a member if there is a value.
    fn with_some(self, name: &str, value: Option<&(impl Serialize + ?Sized)>) -> Self;
}

impl Members for Object {
    fn with(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        self.insert_raw(name, raw(value));
        self
    }

    fn with_some(self, name: &str, value: Option<&(impl Serialize + ?Sized)>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// An object with its member `type`.
pub(crate) fn of_type(kind: &str) -> Object {
    Object::new().with("type", kind)
}

/// The arguments of a call as the object that this dialect wants, and whether they are one.
/// Arguments that are none, such as those of a call that was cut off, are kept as text: the
/// conversation has to go on.
pub(crate) fn tool_input(arguments: &str) -> (RawJson, bool) {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return (raw(&Object::new()), true);
    }
    match RawJson::from_text(arguments) {
        Ok(input) if input.kind() == JsonKind::Object => (input, true),
        _ => (raw(&Object::new().with("arguments", arguments)), false),
    }
}

/// Member of canonical replies: the dialect's own reason to stop where the canonical one says
/// less.
pub(crate) const STOP_REASON: &str = "stop_reason";
/// Member of canonical replies: the text at which the model stopped.
pub(crate) const STOP_SEQUENCE: &str = "stop_sequence";
/// Member of canonical replies: why the model declined.
pub(crate) const STOP_DETAILS: &str = "stop_details";

/// A text that is borrowed where it has no escapes; null is empty.
#[derive(Debug, Default)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
}
