//! The dialects towards providers, and what their targets need to know of them.

use std::path::Path;

use anthropic_messages::AnthropicMessages;
use bedrock_converse::BedrockConverse;
use cli_jsonl::CliJsonl;
use cli_text::CliText;
use cohere_chat::CohereChat;
use gemini_dialect::Gemini;
use ollama_chat::OllamaChat;
use openai_chat::OpenAiChat;
use openai_responses::OpenAiResponses;
use patchbay_sdk::testing::{aws_event, aws_exception};
use patchbay_sdk::{Encoded, Failure, Normalizer};
use serde_json::Value;
use tgi_dialect::Tgi;

/// Calls a macro with every dialect.
#[macro_export]
macro_rules! for_each_dialect {
    ($run:ident) => {
        $run!(
            AnthropicMessages,
            BedrockConverse,
            CliJsonl,
            CliText,
            CohereChat,
            Gemini,
            OllamaChat,
            OpenAiChat,
            OpenAiResponses,
            Tgi
        )
    };
}

/// How bytes of an input become bytes of a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// As they are.
    AsTheyAre,
    /// Lines of `TYPE JSON` become events of AWS's encoding, whose checksums no engine guesses.
    Aws,
}

/// A dialect towards providers.
pub trait Dialect: Normalizer {
    /// Names the targets.
    const NAME: &'static str;
    /// Folder of the plugin.
    const PLUGIN: &'static str;
    /// Models that it tells apart.
    const MODELS: &'static [&'static str] = &["m"];
    /// Settings to choose from.
    const SETTINGS: &'static [&'static str] = &["{}"];
    /// How replies are framed.
    const FRAMES: Frames = Frames::AsTheyAre;
    /// Whether a reply is text without frames, whose cuts may show.
    const IS_TEXT: bool = false;
    /// Whether a request may be text and no JSON.
    const ASKS_IN_TEXT: bool = Self::IS_TEXT;
    /// Whether replies are passed on as they come: then they are no better than what came.
    const IS_VERBATIM: bool = false;
}

impl Dialect for AnthropicMessages {
    const NAME: &'static str = "anthropic-messages";
    const PLUGIN: &'static str = "anthropic-messages";
    const MODELS: &'static [&'static str] =
        &["claude-opus-4-8", "claude-sonnet-4-5", "claude-3-5-haiku-20241022", "claude", "m"];
    const SETTINGS: &'static [&'static str] = &[
        "{}",
        r#"{"mid_conversation_system":"keep","thinking":"adaptive","sampling":true}"#,
        r#"{"body_version":"vertex-2023-10-16","thinking":"budget","max_tokens_default":7}"#,
    ];
}

impl Dialect for BedrockConverse {
    const NAME: &'static str = "bedrock-converse";
    const PLUGIN: &'static str = "bedrock-converse";
    const MODELS: &'static [&'static str] = &[
        "anthropic.claude-opus-4-6-v1",
        "amazon.nova-2-lite-v1:0",
        "openai.gpt-oss-120b-1:0",
        "amazon.titan-embed-text-v2:0",
        "cohere.embed-v4:0",
        "m",
    ];
    const SETTINGS: &'static [&'static str] = &[
        "{}",
        r#"{"model_family":"nova","unknown_members":"drop","cache_points":false}"#,
        r#"{"reasoning":"thinking-budget","request_metadata":{"a":"b"},"service_tier":"flex"}"#,
    ];
    const FRAMES: Frames = Frames::Aws;
}

impl Dialect for CliJsonl {
    const NAME: &'static str = "cli-jsonl";
    const PLUGIN: &'static str = "cli-jsonl";
    const ASKS_IN_TEXT: bool = true;
    const SETTINGS: &'static [&'static str] = &[
        r#"{"format":"claude","tool_calls":true}"#,
        r#"{"format":"codex","tool_calls":true,"prompt":"transcript"}"#,
        r#"{"format":"gemini","tool_calls":true}"#,
        r#"{"format":"claude","input":"json"}"#,
        r#"{"max_line_bytes":64,"events":[
            {"kind":"a","text":"t","reasoning":"r","paragraph":true},
            {"kind":"b","tool_call":{"name":"n","id":"i"}},{"kind":"b","arguments":"t","new_paragraph":true},
            {"kind":"c","tool_call":{"name":"n","arguments":{"x":"/t"}},"final_text":"t","notice":"r"},
            {"usage":{"prompt_tokens":"u.0","completion_tokens":["u.1"],"total_tokens":"u.2"}}]}"#,
    ];
}

impl Dialect for CliText {
    const NAME: &'static str = "cli-text";
    const PLUGIN: &'static str = "cli-text";
    const SETTINGS: &'static [&'static str] = &["{}", r#"{"prompt":"transcript"}"#];
    const IS_TEXT: bool = true;
}

impl Dialect for CohereChat {
    const NAME: &'static str = "cohere-chat";
    const PLUGIN: &'static str = "cohere-chat";
}

impl Dialect for Gemini {
    const NAME: &'static str = "gemini";
    const PLUGIN: &'static str = "gemini-dialect";
    const MODELS: &'static [&'static str] =
        &["gemini-3-flash-preview", "gemini-2.5-pro", "gemini-embedding-001", "m"];
    const SETTINGS: &'static [&'static str] = &[
        "{}",
        r#"{"api":"vertex","call_ids":false,"include_thoughts":true}"#,
        r#"{"embeddings_api":"predict","api":"vertex","generation_config":{"topK":3}}"#,
    ];
}

impl Dialect for OllamaChat {
    const NAME: &'static str = "ollama-chat";
    const PLUGIN: &'static str = "ollama-chat";
    const SETTINGS: &'static [&'static str] =
        &["{}", r#"{"options":{"num_ctx":8},"keep_alive":-1,"think":"low"}"#];
}

impl Dialect for OpenAiChat {
    const NAME: &'static str = "openai-chat";
    const PLUGIN: &'static str = "openai-chat";
    const SETTINGS: &'static [&'static str] = &[
        r#"{"unsupported_members":["logit_bias","messages[].name","tools[].function.strict"],
            "renamed_members":{"seed":"random_seed","messages[].refusal":"content"},
            "developer_role":"system"}"#,
        "{}",
    ];
    const IS_VERBATIM: bool = true;
}

impl Dialect for OpenAiResponses {
    const NAME: &'static str = "openai-responses";
    const PLUGIN: &'static str = "openai-responses";
    const SETTINGS: &'static [&'static str] =
        &["{}", r#"{"reasoning_summary":"auto","encrypted_reasoning":false}"#];
}

impl Dialect for Tgi {
    const NAME: &'static str = "tgi";
    const PLUGIN: &'static str = "tgi-dialect";
    const SETTINGS: &'static [&'static str] = &[
        r#"{"prompt_template":"chatml","images":true}"#,
        r#"{"prompt_template":"llama3"}"#,
        r#"{"prompt_template":"mistral","parameters":{"typical_p":0.5}}"#,
        r#"{"prompt_template":"mistral-v1"}"#,
        r#"{"prompt_template":"gemma"}"#,
        r#"{"prompt_template":"plain"}"#,
    ];
}

/// Encodes with a dialect.
pub type Encode = fn(&patchbay_sdk::Call, &[u8]) -> Result<Encoded, Failure>;

/// Every dialect's encoder with settings that suit it.
pub fn encoders() -> Vec<(Encode, &'static str, &'static str)> {
    macro_rules! list {
        ($($dialect:ident),*) => {
            vec![$((
                <$dialect as Normalizer>::encode as Encode,
                <$dialect as Dialect>::MODELS[0],
                <$dialect as Dialect>::SETTINGS[0],
            )),*]
        };
    }
    for_each_dialect!(list)
}

/// Lines of `TYPE JSON` as events; an exception's type ends in `Exception`.
pub fn framed(lines: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let mut words = line.splitn(2, |byte| *byte == b' ');
        let kind = String::from_utf8_lossy(words.next().unwrap_or_default());
        let payload = words.next().unwrap_or_default();
        // A header's name and value are short in this encoding.
        if kind.len() < 200 {
            bytes.extend(match kind.ends_with("Exception") {
                true => aws_exception(&kind, payload),
                false => aws_event(&kind, payload),
            });
        }
    }
    bytes
}

/// A transcript of events as lines for [`framed`].
pub fn lines_of(transcript: &[u8]) -> Option<Vec<u8>> {
    let events: Value = serde_json::from_slice(transcript).ok()?;
    let lines = events.as_array()?.iter().filter_map(|entry| {
        let kind = entry.get("event").or_else(|| entry.get("exception"))?.as_str()?;
        Some(format!("{kind} {}", entry.get("payload")?))
    });
    Some(lines.collect::<Vec<_>>().join("\n").into_bytes())
}

/// Whether a file of a plugin's replies is a stream.
pub fn is_stream(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with(".sse") || text.ends_with(".jsonl") || text.contains("/stream/")
}
