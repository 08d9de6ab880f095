//! A canonical chunk, or a whole canonical reply, read without copying texts that have no escapes.
//!
//! Both are read as one type: `message` stands where a chunk has `delta`.

use std::borrow::Cow;

use patchbay_sdk::canonical::Number;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A document.
#[derive(Deserialize)]
pub(crate) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(default)]
    pub(crate) created: Option<Number>,
    #[serde(borrow, default)]
    pub(crate) model: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    pub(crate) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) system_fingerprint: Option<Text<'a>>,
}

/// One answer.
#[derive(Deserialize)]
pub(crate) struct Choice<'a> {
    #[serde(default)]
    pub(crate) index: u32,
    #[serde(borrow, default, alias = "message")]
    pub(crate) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(crate) finish_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) logprobs: Option<&'a RawValue>,
}

/// What is new.
#[derive(Deserialize)]
pub(crate) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(crate) content: Option<Said<'a>>,
    #[serde(borrow, default)]
    pub(crate) refusal: Option<Text<'a>>,
}

/// A text that is borrowed where it can be.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Content: a text, or parts with texts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Said<'a> {
    /// The ordinary case.
    Text(#[serde(borrow)] Text<'a>),
    /// A list of parts.
    Parts(Vec<Part>),
}

/// A part of content.
#[derive(Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    text: Option<String>,
}

impl Text<'_> {
    /// The text of a member; empty if it is absent.
    pub(crate) fn of<'b>(member: Option<&'b Text<'_>>) -> &'b str {
        member.map_or("", |text| &text.0)
    }
}

impl Delta<'_> {
    /// What is said: the content, or why the model declines.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let refusal = Text::of(self.refusal.as_ref());
        match &self.content {
            Some(Said::Text(Text(text))) if refusal.is_empty() => Cow::Borrowed(text),
            Some(Said::Text(Text(text))) => Cow::Owned(format!("{text}{refusal}")),
            Some(Said::Parts(parts)) => {
                let texts = parts.iter().filter_map(|part| part.text.as_deref());
                Cow::Owned(texts.chain([refusal]).collect())
            }
            None => Cow::Borrowed(refusal),
        }
    }
}
