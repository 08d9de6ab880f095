//! A local Ollama server.

use patchbay_sdk::HttpAdapter;

/// The adapter `ollama`.
pub struct Ollama;

impl HttpAdapter for Ollama {}

patchbay_sdk::export!(http_adapter: Ollama);
