//! What may be written down of a request or a reply.
//!
//! By default every text is masked, and what stays is listed: members that say what a document is
//! ([`names`]), while they hold one word. Documents of others' making, arguments of tools for one,
//! are masked with the names of their members. Lists of numbers can be read as text, tokens and
//! vectors for two, so they become zeros. What decoders go by stays, so that they take the same
//! way as with the words.
//!
//! Where texts are kept, only what quotes our credential is removed, as always.

mod names;
mod text;

use exchange::SentSecrets;
use serde_json::{Map, Number, Value};

use names::{is_free, is_structural, is_word};
use text::{masked, masked_char};

use crate::configuration::RecordedTexts;

/// The rules for one exchange.
pub(super) struct Mask<'a> {
    /// What becomes of texts.
    pub(super) texts: RecordedTexts,
    /// What must never stay.
    pub(super) secrets: &'a SentSecrets,
}

/// Where a value stands.
#[derive(Clone, Copy)]
enum Place {
    /// In a member that says what a document is.
    Structural,
    /// In another member.
    Ordinary,
    /// In a document of somebody else's making.
    Free,
}

impl Mask<'_> {
    /// A JSON document. `None` if it is none.
    pub(super) fn document(&self, json: &[u8]) -> Option<Value> {
        let mut value = serde_json::from_slice(json).ok()?;
        self.walk(&mut value, Place::Ordinary);
        Some(value)
    }

    /// A body: JSON, server-sent events, lines of JSON, or else words. `None` if it is no text
    /// and texts are masked, or if a credential is in it that cannot be taken out.
    pub(super) fn body(&self, bytes: &[u8]) -> Option<Body> {
        match std::str::from_utf8(bytes) {
            Ok(text) if is_text(text) => Some(Body::Text(self.text_body(text))),
            _ => match self.texts {
                RecordedTexts::Masked => None,
                RecordedTexts::Kept => (!self.secrets.are_quoted_in(bytes)).then_some(Body::Bytes),
            },
        }
    }

    /// A word that the host or a plugin chose: it stays, but for credentials.
    pub(super) fn chosen(&self, word: &str) -> String {
        self.secrets.redact_text(word).into_owned()
    }

    fn text_body(&self, text: &str) -> String {
        let body = match self.json(text) {
            Some(whole) => whole,
            None => text.split_inclusive('\n').map(|line| self.line(line)).collect(),
        };
        // Names of members and words of protocols quote, too.
        self.chosen(&body)
    }

    /// One line with its end: a field of server-sent events, or a document.
    fn line(&self, line: &str) -> String {
        let content = line.trim_end_matches(['\r', '\n']);
        let end = line.get(content.len()..).unwrap_or_default();
        let (field, value) = match content.split_once(':') {
            Some((field @ ("data" | "event" | "id" | "retry"), value)) => (field, value),
            _ => return self.json(content).unwrap_or_else(|| self.words(content)) + end,
        };
        let blanks = value.len() - value.trim_start().len();
        let (blanks, value) = value.split_at(blanks);
        let value = match field {
            "event" if is_word(value) => self.chosen(value),
            "data" if value == "[DONE]" => value.to_owned(),
            "data" => self.json(value).unwrap_or_else(|| self.words(value)),
            _ => self.words(value),
        };
        format!("{field}:{blanks}{value}{end}")
    }

    /// A text that is JSON. Where texts are kept and nothing quotes a credential, it stays byte
    /// by byte; a masked one is written anew, so that nothing of it is overlooked.
    fn json(&self, text: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        if !value.is_object() && !value.is_array() {
            return None;
        }
        let before = value.clone();
        self.walk(&mut value, Place::Ordinary);
        let stays = !self.masks() && value == before;
        Some(if stays { text.to_owned() } else { value.to_string() })
    }

    /// Text that is no document.
    fn words(&self, text: &str) -> String {
        match self.texts {
            RecordedTexts::Masked => text.chars().map(masked_char).collect(),
            RecordedTexts::Kept => self.chosen(text),
        }
    }

    fn walk(&self, value: &mut Value, place: Place) {
        match value {
            Value::String(text) => *text = self.leaf(text, place),
            Value::Number(number) if self.masks() && matches!(place, Place::Free) => {
                *number = zero(number);
            }
            Value::Array(values) if self.masks() && !values.is_empty() && are_numbers(values) => {
                values.iter_mut().for_each(|value| {
                    if let Value::Number(number) = value {
                        *number = zero(number);
                    }
                });
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.walk(value, place)),
            Value::Object(members) if self.masks() && matches!(place, Place::Free) => {
                *members = self.free(std::mem::take(members));
            }
            Value::Object(members) => self.members(members),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn members(&self, members: &mut Map<String, Value>) {
        let names: Vec<String> = members.keys().cloned().collect();
        let has = |name: &str| names.iter().any(|it| it == name);
        for (name, value) in members.iter_mut() {
            let place = match name.as_str() {
                // Who takes part in a conversation; elsewhere names are those of tools.
                "name" if has("role") => Place::Ordinary,
                name if is_free(name, has) => Place::Free,
                name if is_structural(name) => Place::Structural,
                _ => Place::Ordinary,
            };
            match value {
                // A number that stands for a piece of text.
                Value::Number(id) if name == "id" && self.masks() => *id = zero(id),
                value => self.walk(value, place),
            }
        }
    }

    /// Members without their names, which say something too. No two become one.
    fn free(&self, members: Map<String, Value>) -> Map<String, Value> {
        let mut masked = Map::new();
        for (name, mut value) in members {
            self.walk(&mut value, Place::Free);
            let mut name: String = name.chars().map(masked_char).collect();
            while masked.contains_key(&name) {
                name.push('x');
            }
            masked.insert(name, value);
        }
        masked
    }

    fn leaf(&self, text: &str, place: Place) -> String {
        match (self.texts, place) {
            (RecordedTexts::Kept, _) => self.chosen(text),
            (RecordedTexts::Masked, Place::Structural) if is_word(text) => self.chosen(text),
            (RecordedTexts::Masked, _) => masked(text),
        }
    }

    fn masks(&self) -> bool {
        self.texts == RecordedTexts::Masked
    }
}

/// What may be written down of a body.
pub(super) enum Body {
    /// This text.
    Text(String),
    /// The bytes as they are.
    Bytes,
}

/// Frames of binary protocols hold control characters, texts hold none but blanks.
fn is_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Numbers, or lists of them.
fn are_numbers(values: &[Value]) -> bool {
    values.iter().all(Value::is_number)
}

/// Nothing, in the same form.
fn zero(number: &Number) -> Number {
    match number.is_f64() {
        true => Number::from_f64(0.0).unwrap_or_else(|| 0.into()),
        false => 0.into(),
    }
}

#[cfg(test)]
mod tests;
