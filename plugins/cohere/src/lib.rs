//! Cohere's API.

use patchbay_sdk::HttpAdapter;

/// The adapter `cohere`.
pub struct Cohere;

impl HttpAdapter for Cohere {}

patchbay_sdk::export!(http_adapter: Cohere);
