//! The outermost members of a request, read in one pass and edited in place.
//!
//! The hot path: the body is checked to be UTF-8 and JSON as a whole, but only its outermost
//! members are looked at, and none is built. What a value holds inside is the provider's affair.
//! An edit splices the few members that the gateway has to change and leaves every other byte
//! as it was.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::canonical::{Name, check_depth, text_of};
use crate::problem::Problem;
use crate::raw::JsonKind;
use crate::scan;

mod edit;
mod members;
mod model;

pub use edit::Edit;
pub use model::with_model;

use members::{MAX_ROWS, Member};

/// Longest name of a model, in bytes.
pub const MAX_MODEL_BYTES: usize = 256;

/// What kind of request a body is, which decides what its members must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/embeddings`
    Embeddings,
}

/// A request that is valid JSON and whose outermost members have the right types.
#[derive(Clone, Debug)]
pub struct RequestEnvelope<'a> {
    body: &'a str,
    model: Cow<'a, str>,
    streaming: bool,
    include_usage: Option<bool>,
    spans: Spans,
}

/// Where the values that may be edited stand in the body.
#[derive(Clone, Debug, Default)]
struct Spans {
    model: Range<usize>,
    stream: Option<Range<usize>>,
    stream_options: Option<Range<usize>>,
    include_usage: Option<Range<usize>>,
}

impl<'a> RequestEnvelope<'a> {
    /// Reads a body.
    ///
    /// Refused are: what is empty, not UTF-8, not JSON, not an object or nested deeper than
    /// [`MAX_DEPTH`](crate::MAX_DEPTH); a known member of the wrong type, or given twice (readers differ on which
    /// one counts, so a key's models could be circumvented); a required member that is absent.
    /// Unknown members pass.
    ///
    /// # Errors
    /// Names the member, what is wrong with it, and what would be right.
    pub fn read(kind: Kind, body: &'a [u8]) -> Result<Self, Problem> {
        let body = text_of(body)?;
        let table = members::table(kind);
        let values = read_values(table, body)?;
        check_depth(body)?;
        for (member, value) in table.iter().zip(values.iter()) {
            member.check(*value)?;
        }
        let value_of = |name| members::place_of(table, name).and_then(|place| values.get(place));
        let value_of = |name| value_of(name).copied().flatten();
        let options = value_of("stream_options").filter(|options| *options != "null");
        let include_usage = options.map_or(Ok(None), include_usage_of)?;
        let model_text = value_of("model").unwrap_or_default();
        Ok(Self {
            body,
            model: members::model_of(model_text)?,
            streaming: value_of("stream") == Some("true"),
            include_usage: include_usage.map(|text| text == "true"),
            spans: Spans {
                model: span_of(body, model_text),
                stream: value_of("stream").map(|text| span_of(body, text)),
                stream_options: value_of("stream_options").map(|text| span_of(body, text)),
                include_usage: include_usage.map(|text| span_of(body, text)),
            },
        })
    }

    /// The name of the model that the caller asks for.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether the caller wants server-sent events.
    #[must_use]
    pub fn streaming(&self) -> bool {
        self.streaming
    }

    /// `stream_options.include_usage` as the caller gave it; null counts as false.
    #[must_use]
    pub fn include_usage(&self) -> Option<bool> {
        self.include_usage
    }

    /// Whether the caller wants the chunk with `usage`.
    #[must_use]
    pub fn wants_usage(&self) -> bool {
        self.include_usage == Some(true)
    }
}

/// The texts of the members that `table` names, in its order.
fn read_values<'a>(table: &'static [Member], body: &'a str) -> Result<Values<'a>, Problem> {
    let mut json = serde_json::Deserializer::from_str(body);
    let read =
        Outermost { table }.deserialize(&mut json).and_then(|read| json.end().map(|()| read));
    let (values, twice) = read.map_err(|error| {
        let kind = JsonKind::of(body);
        if error.is_data() && kind != JsonKind::Object {
            return Problem::whole(format!("the body must be a JSON object, not {kind}"));
        }
        Problem::malformed(&error)
    })?;
    match twice {
        None => Ok(values),
        Some(name) => {
            Err(Problem::at(name, format!("`{name}` is given more than once: keep one of them")))
        }
    }
}

/// Texts by the row of their member.
type Values<'a> = [Option<&'a str>; MAX_ROWS];

/// Reads the outermost members that `table` names; the second part names one given twice.
struct Outermost {
    table: &'static [Member],
}

impl<'de> DeserializeSeed<'de> for Outermost {
    type Value = (Values<'de>, Option<&'static str>);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Outermost {
    type Value = (Values<'de>, Option<&'static str>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values: Values<'de> = [None; MAX_ROWS];
        let mut twice = None;
        while let Some(Name(name)) = map.next_key()? {
            let place = members::place_of(self.table, &name);
            match place.and_then(|place| self.table.get(place).zip(values.get_mut(place))) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some((member, value)) => {
                    let text = map.next_value::<&RawValue>()?.get();
                    if value.replace(text).is_some() {
                        twice = Some(member.name);
                    }
                }
            }
        }
        Ok((values, twice))
    }
}

/// The text of `include_usage` in the text of `stream_options`.
fn include_usage_of(options: &str) -> Result<Option<&str>, Problem> {
    const PATH: &str = "stream_options.include_usage";
    let mut found = None;
    for member in scan::members(options.as_bytes()).flatten() {
        if &*member.name != b"include_usage" {
            continue;
        }
        let value = std::str::from_utf8(member.value).unwrap_or_default();
        if found.replace(value).is_some() {
            let message = "`include_usage` is given more than once: keep one of them";
            return Err(Problem::at(PATH, message));
        }
        if !matches!(value, "true" | "false" | "null") {
            let kind = JsonKind::of(value);
            let message = format!("`include_usage` must be a boolean, not {kind}");
            return Err(Problem::at(PATH, message));
        }
    }
    Ok(found)
}

/// Where `part`, a slice of `body`, stands in it.
fn span_of(body: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(body.as_ptr().addr());
    start..start + part.len()
}

#[cfg(test)]
mod tests;
