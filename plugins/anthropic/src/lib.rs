//! Anthropic's API, and servers that offer the same.

use patchbay_sdk::HttpAdapter;

/// The adapter `anthropic`.
pub struct Anthropic;

impl HttpAdapter for Anthropic {}

patchbay_sdk::export!(http_adapter: Anthropic);
