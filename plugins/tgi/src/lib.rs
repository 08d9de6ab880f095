//! A Text Generation Inference server.

use patchbay_sdk::HttpAdapter;

/// The adapter `tgi`.
pub struct Tgi;

impl HttpAdapter for Tgi {}

patchbay_sdk::export!(http_adapter: Tgi);
