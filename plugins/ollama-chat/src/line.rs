//! One line of a stream, or a whole reply: both have the same members.

use std::borrow::Cow;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::{JsonKind, Number, RawJson};
use patchbay_sdk::reply::{FinishReason, ReplyWriter, TokenUsage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::errors;

/// What is new, borrowed from the line.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    message: Option<LineMessage<'a>>,
    /// Whether this is the last one.
    done: Option<bool>,
    #[serde(borrow)]
    done_reason: Option<Text<'a>>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    logprobs: Option<Vec<TokenLogprob>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct LineMessage<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<LineCall<'a>>>,
    images: Option<RawJson>,
}

/// A text that is borrowed where it has no escapes.
#[derive(Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct LineCall<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    function: LineFunction<'a>,
}

#[derive(Deserialize)]
struct LineFunction<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// The same in both languages, but that canonical has every member.
#[derive(Deserialize, Serialize)]
struct TokenLogprob {
    token: String,
    logprob: Number,
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    #[serde(default)]
    top_logprobs: Vec<TopLogprob>,
}

#[derive(Deserialize, Serialize)]
struct TopLogprob {
    token: String,
    logprob: Number,
    #[serde(default)]
    bytes: Option<Vec<u8>>,
}

impl<'a> Line<'a> {
    /// Reads a line. One that says nothing known is read as well.
    ///
    /// # Errors
    /// What Ollama says instead of an answer, or `upstream-error`.
    pub(crate) fn read(json: &'a [u8]) -> Result<Self, Failure> {
        match serde_json::from_slice::<Self>(json) {
            Ok(line) if line.error.is_none_or(|error| error.get() == "null") => Ok(line),
            _ => Err(errors::instead_of_answer(json)),
        }
    }

    /// Whether it says anything of a chat.
    pub(crate) fn is_of_chat(&self) -> bool {
        self.message.is_some() || self.done.is_some()
    }

    /// Whether this is the last line.
    pub(crate) fn is_last(&self) -> bool {
        self.done == Some(true)
    }

    /// Says what is new.
    pub(crate) fn tell(self, reply: &mut ReplyWriter) -> Result<(), Failure> {
        let is_last = self.is_last();
        if let Some(message) = self.message {
            message.tell(reply);
        }
        if let Some(logprobs) = self.logprobs.filter(|logprobs| !logprobs.is_empty()) {
            let content = Content { content: &logprobs };
            let logprobs = RawJson::of(&content);
            reply.logprobs(logprobs.map_err(|problem| Failure::upstream(problem.message))?);
        }
        if is_last {
            // "load" and "unload" come with an empty answer.
            reply.finish_reason(match self.done_reason.unwrap_or_default().0.as_ref() {
                "length" => FinishReason::Length,
                _ => FinishReason::Stop,
            });
            if let Some(tokens) = tokens(self.prompt_eval_count, self.eval_count) {
                reply.usage(tokens);
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Content<'a> {
    content: &'a [TokenLogprob],
}

impl LineMessage<'_> {
    fn tell(self, reply: &mut ReplyWriter) {
        let (thinking, content) =
            (self.thinking.unwrap_or_default(), self.content.unwrap_or_default());
        reply.begin();
        if !thinking.0.is_empty() {
            reply.reasoning_text(&thinking.0);
        }
        if !content.0.is_empty() {
            reply.text(&content.0);
        }
        for call in self.tool_calls.into_iter().flatten() {
            let id = call.id.as_ref().map(|id| id.0.as_ref());
            reply.call(id, &call.function.name.0, &arguments(call.function.arguments));
        }
        if let Some(images) = self.images.filter(|images| !images.is_null()) {
            reply.member("images", images);
        }
    }
}

/// Arguments as JSON text. Ollama sends an object; a text in its place is one already.
fn arguments(raw: Option<&RawValue>) -> Cow<'_, str> {
    let Some(raw) = raw.map(RawValue::get) else { return Cow::Borrowed("") };
    match JsonKind::of(raw) {
        JsonKind::Null => Cow::Borrowed(""),
        JsonKind::String => serde_json::from_str(raw).map_or(Cow::Borrowed(""), Cow::Owned),
        _ => Cow::Borrowed(raw),
    }
}

/// Ollama leaves a count out where it is 0, as for a prompt that its cache held.
fn tokens(prompt: Option<u64>, completion: Option<u64>) -> Option<TokenUsage> {
    prompt.or(completion)?;
    let (prompt_tokens, completion_tokens) = (prompt.unwrap_or(0), completion.unwrap_or(0));
    let total_tokens = prompt_tokens.saturating_add(completion_tokens);
    Some(TokenUsage { prompt_tokens, completion_tokens, total_tokens, ..TokenUsage::default() })
}
