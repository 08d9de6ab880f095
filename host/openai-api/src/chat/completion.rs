//! The whole answer of a chat completion.

use super::message::Message;
use crate::canonical::{canonical, open_words};
use crate::{Number, RawJson, Usage};

open_words! {
    /// Why the model ended.
    pub enum FinishReason {
        /// It was done, or met a stop text.
        Stop = "stop",
        /// A limit was reached.
        Length = "length",
        /// It wants tools called.
        ToolCalls = "tool_calls",
        /// A filter cut in.
        ContentFilter = "content_filter",
    }
}

canonical! {
    /// An answer in one piece.
    pub struct ChatCompletion {
        /// `chatcmpl-…`
        defaulted id: String,
        /// `chat.completion`
        defaulted object: String,
        /// Seconds since the Unix epoch.
        defaulted created: Number,
        /// The model that answered.
        defaulted model: String,
        /// The answers.
        required choices: Vec<Choice>,
        /// Tokens.
        lenient usage: Usage,
        /// The tier that served it.
        optional service_tier: String,
        /// Configuration of the backend.
        optional system_fingerprint: String,
    }
}

impl ChatCompletion {
    /// An answer without choices yet.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            object: "chat.completion".to_owned(),
            created: created.into(),
            model: model.into(),
            ..Self::default()
        }
    }
}

canonical! {
    /// One of the answers.
    pub struct Choice {
        /// Its number.
        defaulted index: u32,
        /// What the model said.
        required message: Message,
        /// Why it ended.
        nullable finish_reason: FinishReason,
        /// Log probabilities.
        nullable logprobs: RawJson,
    }
}
