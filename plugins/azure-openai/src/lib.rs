//! Azure OpenAI: deployments and API versions.

use patchbay_sdk::HttpAdapter;

/// The adapter `azure-openai`.
pub struct AzureOpenai;

impl HttpAdapter for AzureOpenai {}

patchbay_sdk::export!(http_adapter: AzureOpenai);
