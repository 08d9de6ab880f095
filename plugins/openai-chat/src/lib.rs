//! Bundled plugin openai-chat
