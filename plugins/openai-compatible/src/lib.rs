//! Reaches any server that speaks like OpenAI's: vLLM, llama.cpp, Mistral, Groq, another gateway.
//!
//! The provider's base URL ends in its version path, so heads go out with the paths that the
//! dialect gave them. Settings add headers and a version; the model list and the probe are the
//! SDK's.

use std::collections::BTreeMap;

use patchbay_sdk::{
    Call, DEFAULT_SLOT, Exchange, Failure, HttpAdapter, RequestHead, Settings, models,
};
use serde::Deserialize;

/// Headers that the host owns: it would remove them, so that a setting for them never works.
const HOST_OWNED: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
];

/// The adapter `openai-compatible`.
pub struct OpenAiCompatible;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Deserialize)]
struct ServerSettings {
    organization: Option<String>,
    project: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    api_version: Option<String>,
}

impl HttpAdapter for OpenAiCompatible {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        exchange(head, &call.settings()?)
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        exchange(models::list_head(), &settings.read()?)
    }
}

fn exchange(mut head: RequestHead, settings: &ServerSettings) -> Result<Exchange, Failure> {
    let named = [
        ("settings.organization", "openai-organization", &settings.organization),
        ("settings.project", "openai-project", &settings.project),
    ];
    for (member, name, value) in named {
        if let Some(value) = value {
            check_value(member, value)?;
            head = head.with_header(name, value);
        }
    }
    for (name, value) in &settings.headers {
        let member = format!("settings.headers.{name}");
        check_name(&member, name)?;
        check_value(&member, value)?;
        head = head.with_header(name, value);
    }
    if let Some(version) = &settings.api_version {
        check_version(version)?;
        head = head.with_query("api-version", version);
    }
    Ok(Exchange::new(head).with_credential(DEFAULT_SLOT))
}

/// A header name is a token of RFC 9110 section 5.6.2.
fn check_name(member: &str, name: &str) -> Result<(), Failure> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Failure::misconfigured(member, "this is not a header name"));
    }
    if HOST_OWNED.iter().any(|owned| name.eq_ignore_ascii_case(owned)) {
        let reason = "the gateway sets this header; a key belongs into credentials.api_key";
        return Err(Failure::misconfigured(member, reason));
    }
    Ok(())
}

fn check_value(member: &str, value: &str) -> Result<(), Failure> {
    match value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
        true => Ok(()),
        false => Err(Failure::misconfigured(member, "a header value is printable ASCII")),
    }
}

fn check_version(version: &str) -> Result<(), Failure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if version.is_empty() || !version.bytes().all(plain) {
        let reason = "a version has letters, digits, \".\", \"_\" and \"-\"";
        return Err(Failure::misconfigured("settings.api_version", reason));
    }
    Ok(())
}

patchbay_sdk::export!(http_adapter: OpenAiCompatible);
