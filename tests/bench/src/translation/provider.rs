//! The providers of the gateway under test: one of every dialect, all of them the mock.

use std::net::SocketAddr;

use crate::case::MODEL;
use crate::gateway;

/// One provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    OpenAi,
    Anthropic,
    BedrockKey,
    BedrockSigned,
    Cohere,
    Gemini,
    Ollama,
}

/// What the configuration says of a provider.
struct Entry {
    id: &'static str,
    adapter: &'static str,
    base_path: &'static str,
    credentials: &'static str,
    settings: &'static str,
}

const API_KEY: &str = r#"api_key = "${env:BENCH_UPSTREAM_KEY}""#;

/// What the providers are apart from the plain run's.
const OTHERS: [Provider; 6] = [
    Provider::Anthropic,
    Provider::BedrockKey,
    Provider::BedrockSigned,
    Provider::Cohere,
    Provider::Gemini,
    Provider::Ollama,
];

impl Provider {
    /// Its model, whose name is a real one: dialects go by it.
    pub(super) const fn model(self) -> &'static str {
        match self {
            Self::OpenAi => MODEL,
            Self::Anthropic => "claude-sonnet-4-5",
            Self::BedrockKey => "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            Self::BedrockSigned => "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            Self::Cohere => "command-a-03-2025",
            Self::Gemini => "gemini-2.5-flash",
            Self::Ollama => "llama3.2:3b",
        }
    }

    const fn entry(self) -> Entry {
        let (id, adapter, base_path) = match self {
            Self::OpenAi => ("mock", "openai-compatible", "/v1"),
            Self::Anthropic => ("anthropic", "anthropic", ""),
            Self::BedrockKey => ("bedrock", "bedrock", ""),
            Self::BedrockSigned => ("bedrock-signed", "bedrock", ""),
            Self::Cohere => ("cohere", "cohere", ""),
            Self::Gemini => ("gemini", "gemini", "/v1beta"),
            Self::Ollama => ("ollama", "ollama", ""),
        };
        let (credentials, settings) = match self {
            Self::BedrockKey => (API_KEY, r#"region = "us-east-1", credential = "api_key""#),
            Self::BedrockSigned => (
                r#"aws = "AKIABENCHBENCHBENCHB:${env:BENCH_UPSTREAM_KEY}""#,
                r#"region = "eu-west-1""#,
            ),
            _ => (API_KEY, ""),
        };
        Entry { id, adapter, base_path, credentials, settings }
    }
}

/// The normalizers of all passages, by the names of their plugins.
const NORMALIZERS: [&str; 6] = [
    "anthropic-messages",
    "bedrock-converse",
    "cohere-chat",
    "gemini-dialect",
    "ollama-chat",
    "openai-responses",
];

/// The grant that lets their instances be reused.
pub(super) fn reuse() -> String {
    let grants =
        NORMALIZERS.map(|plugin| format!("\n[plugins.grants.{plugin}]\nisolation = \"reuse\"\n"));
    grants.concat()
}

/// The configuration of all providers and their routes.
pub(crate) fn configuration(upstream: SocketAddr) -> String {
    let others = OTHERS.map(|provider| {
        let Entry { id, adapter, base_path, credentials, settings } = provider.entry();
        let model = provider.model();
        format!(
            r#"
[[providers]]
id = "{id}"
adapter = "{adapter}"
base_url = "http://{upstream}{base_path}"
credentials = {{ {credentials} }}
models = ["{model}"]
settings = {{ {settings} }}

[[routes]]
model = "{model}"
candidates = [ {{ provider = "{id}", model = "{model}", weight = 1 }} ]
"#
        )
    });
    gateway::mock_provider(upstream) + &others.concat()
}
