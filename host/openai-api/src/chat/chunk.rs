//! A piece of a streamed chat completion.

use super::completion::FinishReason;
use super::message::Role;
use super::reasoning::ReasoningDetail;
use crate::canonical::canonical;
use crate::{Number, RawJson, Usage};

canonical! {
    /// One event of a stream.
    pub struct ChatChunk {
        /// The same in every chunk.
        defaulted id: String,
        /// `chat.completion.chunk`
        defaulted object: String,
        /// The same in every chunk; seconds since the Unix epoch.
        defaulted created: Number,
        /// The same in every chunk.
        defaulted model: String,
        /// What is new; empty in the chunk that has `usage`.
        defaulted choices: Vec<ChunkChoice>,
        /// Tokens, in the last chunk.
        lenient usage: Usage,
        /// The tier that serves it.
        optional service_tier: String,
        /// Configuration of the backend.
        optional system_fingerprint: String,
    }
}

impl ChatChunk {
    /// A chunk without choices yet.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            object: "chat.completion.chunk".to_owned(),
            created: created.into(),
            model: model.into(),
            ..Self::default()
        }
    }
}

canonical! {
    /// What is new in one of the answers.
    pub struct ChunkChoice {
        /// Which answer.
        defaulted index: u32,
        /// What is new.
        defaulted delta: Delta,
        /// Null until the last chunk of this answer.
        nullable finish_reason: FinishReason,
        /// Log probabilities of what is new.
        optional logprobs: RawJson,
    }
}

canonical! {
    /// Text and calls to append.
    pub struct Delta {
        /// Only in the first chunk.
        optional role: Role,
        /// Text.
        optional content: String,
        /// Why the model declines.
        optional refusal: String,
        /// The model's reasoning.
        optional reasoning_content: String,
        /// Reasoning that can be given back to the model; pieces of one index are joined.
        lenient reasoning_details: Vec<ReasoningDetail>,
        /// Fragments of calls.
        optional tool_calls: Vec<ToolCallDelta>,
    }
}

canonical! {
    /// A fragment of a call.
    pub struct ToolCallDelta {
        /// Which call of this answer; the same in all its fragments.
        required index: u32,
        /// Only in the first fragment.
        optional id: String,
        /// Only in the first fragment.
        optional kind as "type": String,
        /// Name and a piece of the arguments.
        optional function: FunctionDelta,
    }
}

canonical! {
    /// A fragment of a function call.
    pub struct FunctionDelta {
        /// Only in the first fragment.
        optional name: String,
        /// A piece of JSON text; the pieces of a call join to a document.
        optional arguments: String,
    }
}
