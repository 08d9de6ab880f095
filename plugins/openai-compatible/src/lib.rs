//! Bundled plugin openai-compatible
