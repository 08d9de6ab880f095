//! Chat completions: request, reply and chunk.
//!
//! Every struct keeps the members it does not know in `extra`; every number is a
//! [`Number`](crate::Number), so that it leaves as it came.

mod chunk;
mod completion;
mod message;
mod reasoning;
mod request;
mod tool;

pub use chunk::{ChatChunk, ChunkChoice, Delta, FunctionDelta, ToolCallDelta};
pub use completion::{ChatCompletion, Choice, FinishReason};
pub use message::{Content, File, ImageUrl, InputAudio, Message, Part, PartView, Role};
pub use reasoning::ReasoningDetail;
pub use request::{ChatRequest, JsonSchemaFormat, ResponseFormat, Stop, StreamOptions};
pub use tool::{FunctionCall, FunctionDefinition, Tool, ToolCall, ToolChoice, ToolChoiceView};

#[cfg(test)]
mod tests;
