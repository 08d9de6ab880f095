//! Contents and parts as they go out (<https://ai.google.dev/api/caching#Content>).

use std::borrow::Cow;

use patchbay_sdk::canonical::RawJson;
use serde::Serialize;

/// A turn: who speaks, and in which parts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Content<'a> {
    /// `user` or `model`; none in `systemInstruction`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    pub(crate) parts: Vec<AnyPart<'a>>,
}

/// A part, written here or kept as it came.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum AnyPart<'a> {
    Written(Box<Part<'a>>),
    Kept(RawJson),
}

/// Exactly one kind of data, and perhaps the signature of the thought that led to it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_data: Option<FileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thought_signature: Option<Cow<'a, str>>,
}

/// Data inside the request, in base64.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob<'a> {
    pub(crate) mime_type: Cow<'a, str>,
    pub(crate) data: Cow<'a, str>,
}

/// Data elsewhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<Cow<'a, str>>,
    pub(crate) file_uri: Cow<'a, str>,
}

/// What the model wanted called.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) args: RawJson,
}

/// What a function gave.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) response: RawJson,
    /// Images and other data of the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<Part<'a>>,
}

impl<'a> Part<'a> {
    pub(crate) fn of_text(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }
}

impl<'a> From<Part<'a>> for AnyPart<'a> {
    fn from(part: Part<'a>) -> Self {
        Self::Written(Box::new(part))
    }
}
