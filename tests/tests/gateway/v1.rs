//! What callers ask with their keys.

mod chat_completions;
mod embeddings;
mod keys;
mod messages;
mod models;
