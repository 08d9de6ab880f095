//! The dialects towards providers.

#[path = "providers/anthropic.rs"]
mod anthropic;
#[path = "providers/bedrock.rs"]
mod bedrock;
#[path = "providers/chat_messages.rs"]
mod chat_messages;
#[path = "providers/gemini.rs"]
mod gemini;
#[path = "providers/responses.rs"]
mod responses;
#[path = "providers/text.rs"]
mod text;

use crate::provider::Provider;

/// All of them.
pub(crate) const ALL: [&dyn Provider; 10] = [
    &chat_messages::OpenAi,
    &anthropic::Anthropic,
    &chat_messages::Ollama,
    &bedrock::Bedrock,
    &gemini::Google,
    &chat_messages::Cohere,
    &text::TextGeneration,
    &responses::Responses,
    &text::Program,
    &text::Agent,
];
