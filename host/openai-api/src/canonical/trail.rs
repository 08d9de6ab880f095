//! Carries the path of a wrong member through serde's errors.
//!
//! A serde error is opaque, so the path travels in its text, between two control characters
//! that no reason contains: `\u{1}messages[2].content\u{1}must be a string`.

use std::fmt::Display;

use serde::de;

const MARK: char = '\u{1}';

/// Puts a member's name in front of the path.
pub(crate) fn under_member<E: de::Error>(name: &str, error: &E) -> E {
    let (path, reason) = split(&error.to_string());
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    marked(format_args!("{name}{dot}{path}"), &reason)
}

/// Puts an index in front of the path.
pub(crate) fn under_index<E: de::Error>(index: usize, error: &E) -> E {
    let (path, reason) = split(&error.to_string());
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    marked(format_args!("[{index}]{dot}{path}"), &reason)
}

/// A required member that is not there.
pub(crate) fn missing<E: de::Error>(name: &str) -> E {
    marked(name, "is required")
}

/// Path and reason of an error's text.
pub(crate) fn split(text: &str) -> (String, String) {
    let text = without_position(text);
    let marked = text.strip_prefix(MARK).and_then(|rest| rest.split_once(MARK));
    let (path, reason) = marked.unwrap_or(("", text));
    (path.to_owned(), reason.to_owned())
}

fn marked<E: de::Error>(path: impl Display, reason: &str) -> E {
    E::custom(format_args!("{MARK}{path}{MARK}{reason}"))
}

/// Cuts ` at line 1 column 2`, which serde_json appends.
fn without_position(text: &str) -> &str {
    let Some((before, position)) = text.rsplit_once(" at line ") else {
        return text;
    };
    let Some((line, column)) = position.split_once(" column ") else {
        return text;
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if is_number(line) && is_number(column) { before } else { text }
}
