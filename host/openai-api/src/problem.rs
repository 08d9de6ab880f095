//! What is wrong with a JSON document, and where.

use std::error::Error;
use std::fmt;
use std::str::Utf8Error;

use serde::de::IgnoredAny;

use crate::canonical::trail;

/// A member that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The member as a path, `messages[2].content`; empty for the document as a whole.
    pub path: String,
    /// What is wrong and how to mend it. Quotes no text of the document.
    pub message: String,
}

impl Problem {
    /// A problem with one member.
    #[must_use]
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// A problem with the document as a whole.
    #[must_use]
    pub fn whole(message: impl Into<String>) -> Self {
        Self::at("", message)
    }

    /// The member's path, or `None` for the document as a whole.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        (!self.path.is_empty()).then_some(self.path.as_str())
    }

    pub(crate) fn empty() -> Self {
        Self::whole("the body is empty: send a JSON object")
    }

    pub(crate) fn not_utf8(error: &Utf8Error) -> Self {
        let place = error.valid_up_to();
        Self::whole(format!("the body is not UTF-8: the byte at offset {place} is not valid"))
    }

    pub(crate) fn too_deep(limit: usize) -> Self {
        Self::whole(format!("the body is nested deeper than {limit} levels: flatten it"))
    }

    pub(crate) fn malformed(error: &serde_json::Error) -> Self {
        Self::whole(format!("the body is not valid JSON: {error}"))
    }

    /// Explains why `json` could not be read as a type.
    pub(crate) fn of_reading(json: &str, error: &serde_json::Error) -> Self {
        if let Err(syntax) = serde_json::from_str::<IgnoredAny>(json) {
            return Self::malformed(&syntax);
        }
        let (path, reason) = trail::split(&error.to_string());
        Self { path, message: mended(&reason) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl Error for Problem {}

/// Turns serde's words into ours: its `invalid type` quotes the value, which may be a prompt.
fn mended(reason: &str) -> String {
    const WRONG_VALUES: [&str; 3] = ["invalid type: ", "invalid value: ", "invalid length "];
    if !WRONG_VALUES.iter().any(|prefix| reason.starts_with(prefix)) {
        return reason.to_owned();
    }
    let expected = reason.rsplit_once(", expected ").map_or("of another type", |(_, e)| e);
    let found = [
        ("invalid type: string", "a string"),
        ("invalid type: boolean", "a boolean"),
        ("invalid type: integer", "a number"),
        ("invalid type: floating point", "a number"),
        ("invalid type: number", "a number"),
        ("invalid type: null", "null"),
        ("invalid type: map", "an object"),
        ("invalid type: sequence", "an array"),
    ];
    match found.iter().find(|(prefix, _)| reason.starts_with(prefix)) {
        Some((_, kind)) => format!("must be {expected}, not {kind}"),
        None => format!("must be {expected}"),
    }
}
