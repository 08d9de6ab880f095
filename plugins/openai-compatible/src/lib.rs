//! Reaches any server that speaks like OpenAI's: vLLM, llama.cpp, Mistral, Groq, another gateway.
//!
//! The provider's base URL ends in its version path, so heads go out with the paths that the
//! dialect gave them. Settings add headers, a version and a path before the dialect's, and say
//! where the model list is if it is not at `/models`. The list's reply is read by the SDK.
//!
//! Providers that are known are presets of the manifest: data alone, in `plugin.json`. Each is
//! explained, with its source, in `md-docs/providers.md`.

use std::collections::BTreeMap;

use patchbay_sdk::{
    Call, DEFAULT_SLOT, Exchange, Failure, FailureKind, HttpAdapter, RequestHead, Settings,
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
    path_prefix: Option<String>,
    #[serde(default = "default_models_path")]
    models_path: String,
}

fn default_models_path() -> String {
    "/models".to_owned()
}

impl HttpAdapter for OpenAiCompatible {
    fn prepare(call: &Call, mut head: RequestHead) -> Result<Exchange, Failure> {
        let settings: ServerSettings = call.settings()?;
        if let Some(prefix) = settings.path_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            check_path("settings.path_prefix", prefix)?;
            head = head.with_path_prefix(prefix);
        }
        exchange(head, &settings)
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        Self::list_models(settings)?.ok_or_else(|| {
            let message = "this provider lists no models, and nothing else proves reach for free";
            Failure::new(FailureKind::NotFound, message)
        })
    }

    fn list_models(settings: Settings<'_>) -> Result<Option<Exchange>, Failure> {
        let settings: ServerSettings = settings.read()?;
        let path = settings.models_path.as_str();
        if path.is_empty() {
            return Ok(None);
        }
        check_path("settings.models_path", path)?;
        let head = RequestHead::get(path).with_header("accept", "application/json");
        exchange(head, &settings).map(Some)
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

/// A path as RFC 3986 section 3.3 has it, without escapes, that does not climb.
fn check_path(member: &str, path: &str) -> Result<(), Failure> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~/@:".contains(&b);
    let climbs = path.split('/').skip(1).any(|segment| matches!(segment, "" | "." | ".."));
    if !path.starts_with('/') || climbs || !path.bytes().all(allowed) {
        return Err(Failure::misconfigured(member, "this is not a path like \"/inference\""));
    }
    Ok(())
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
