//! A stream's event, read without copying texts that have no escapes.

use std::borrow::Cow;

use patchbay_sdk::Failure;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members that are looked at, of any event.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(default)]
    pub(super) output_index: u32,
    #[serde(default)]
    pub(super) summary_index: u32,
    #[serde(default)]
    pub(super) content_index: u32,
    #[serde(borrow, default)]
    pub(super) delta: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) response: Option<&'a RawValue>,
}

/// A text that is borrowed where it can be.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Events whose members have to be as they are documented.
const READ: [&str; 13] = [
    "error",
    "response.completed",
    "response.created",
    "response.custom_tool_call_input.delta",
    "response.failed",
    "response.function_call_arguments.delta",
    "response.incomplete",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.refusal.delta",
];

impl<'a> Event<'a> {
    /// Reads an event's data. None for an event of another type that looks unlike the known ones.
    ///
    /// # Errors
    /// `upstream-error` for what is no event, or a known one that is not as it should be.
    pub(super) fn read(data: &'a [u8]) -> Result<Option<Self>, Failure> {
        #[derive(Deserialize)]
        struct AnyEvent<'a> {
            #[serde(borrow, rename = "type")]
            kind: Text<'a>,
        }
        let problem = match serde_json::from_slice(data) {
            Ok(event) => return Ok(Some(event)),
            Err(problem) => problem,
        };
        match serde_json::from_slice::<AnyEvent<'_>>(data) {
            Ok(event) if !READ.contains(&&*event.kind.0) => Ok(None),
            Ok(event) => {
                let kind = event.kind.0;
                Err(Failure::upstream(format!(
                    "the provider's event {kind} is malformed: {problem}"
                )))
            }
            Err(_) => Err(Failure::upstream(
                "the provider's stream has something that is not a JSON object with a type",
            )),
        }
    }
}
