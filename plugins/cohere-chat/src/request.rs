//! Canonical requests as Cohere's.

pub(crate) mod chat;
pub(crate) mod embeddings;
mod messages;
mod options;
mod tools;
