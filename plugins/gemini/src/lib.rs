//! Google's Gemini API.

use patchbay_sdk::HttpAdapter;

/// The adapter `gemini`.
pub struct Gemini;

impl HttpAdapter for Gemini {}

patchbay_sdk::export!(http_adapter: Gemini);
