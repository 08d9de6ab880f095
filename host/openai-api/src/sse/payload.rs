//! What the data of an event is.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::reply::is_set;
use crate::scan;
use crate::usage::TokenUsage;

/// What the data of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// `[DONE]`
    Done,
    /// Nothing but white space, which some servers send to keep a connection alive.
    Empty,
    /// A canonical document.
    Document(DocumentFacts),
    /// Neither; bad bytes.
    Malformed,
}

/// What the gateway wants to know of a chunk that it relays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentFacts {
    /// Token counts, if the chunk has them.
    pub usage: Option<TokenUsage>,
    /// Whether it has `usage` and no choices: the chunk of `stream_options.include_usage`.
    pub only_usage: bool,
    /// Whether it is an error; [`read_error`](crate::read_error) reads it.
    pub is_error: bool,
}

/// Classifies the data of an event.
///
/// A document that has neither `usage` nor `error` is not parsed, only searched for these names,
/// so [`Payload::Document`] does not mean that it is valid inside.
#[must_use]
pub fn classify(data: &[u8]) -> Payload {
    match data.trim_ascii() {
        b"" => Payload::Empty,
        b"[DONE]" => Payload::Done,
        document => classify_document(document).map_or(Payload::Malformed, Payload::Document),
    }
}

/// Reads along in a chunk, or `None` if it is no JSON object.
#[must_use]
pub fn classify_document(document: &[u8]) -> Option<DocumentFacts> {
    let document = document.trim_ascii();
    if !matches!(document, [b'{', .., b'}']) {
        return None;
    }
    if holds(document, &USAGE) || holds(document, &ERROR) {
        return read_along(document);
    }
    Some(DocumentFacts::default())
}

/// Whether a choice of the chunk ends with it: a `finish_reason` that is not null.
#[must_use]
pub fn has_finish_reason(document: &[u8]) -> bool {
    holds(document, &FINISH_REASON)
}

/// Searchers for a name with its quotes. Within a string the quotes would be escaped, so what
/// they find is a name, or a whole string, which no colon follows.
static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""usage""#));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""error""#));
static FINISH_REASON: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(br#""finish_reason""#));

/// Whether a member of this name, at any depth, has a value other than null.
fn holds(document: &[u8], name: &Finder<'static>) -> bool {
    name.find_iter(document).any(|at| {
        let behind = scan::skip_space(document, at + name.needle().len());
        if document.get(behind) != Some(&b':') {
            return name.needle() == ERROR.needle() && is_object_word(document, at);
        }
        let value = scan::skip_space(document, behind + 1);
        !document.get(value..).unwrap_or_default().starts_with(b"null")
    })
}

/// Whether the string at `at` is the value in `"object":"error"`.
fn is_object_word(document: &[u8], at: usize) -> bool {
    let before = document.get(..at).unwrap_or_default().trim_ascii_end();
    before
        .strip_suffix(b":")
        .is_some_and(|before| before.trim_ascii_end().ends_with(br#""object""#))
}

fn read_along(document: &[u8]) -> Option<DocumentFacts> {
    let mut facts = DocumentFacts::default();
    let mut has_choices = false;
    for member in scan::members(document) {
        let member = member.ok()?;
        match &*member.name {
            b"usage" => facts.usage = TokenUsage::read(member.value),
            b"error" => facts.is_error |= is_set(member.value),
            b"object" => facts.is_error |= member.value == br#""error""#,
            b"choices" => has_choices = !is_empty_list(member.value),
            _ => {}
        }
    }
    facts.only_usage = facts.usage.is_some() && !has_choices && !facts.is_error;
    Some(facts)
}

fn is_empty_list(value: &[u8]) -> bool {
    match value {
        b"null" => true,
        [b'[', inside @ .., b']'] => inside.trim_ascii().is_empty(),
        _ => false,
    }
}
