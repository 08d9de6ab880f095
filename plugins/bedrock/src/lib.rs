//! Amazon Bedrock.

use patchbay_sdk::HttpAdapter;

/// The adapter `bedrock`.
pub struct Bedrock;

impl HttpAdapter for Bedrock {}

patchbay_sdk::export!(http_adapter: Bedrock);
