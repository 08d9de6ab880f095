//! Google Cloud's Vertex AI.

use patchbay_sdk::HttpAdapter;

/// The adapter `vertex`.
pub struct Vertex;

impl HttpAdapter for Vertex {}

patchbay_sdk::export!(http_adapter: Vertex);
