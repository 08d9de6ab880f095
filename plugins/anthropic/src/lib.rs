//! Anthropic's API, and servers that offer the same: llama.cpp, gateways.
//!
//! The base URL has no version path; the dialect's paths have it. The adapter adds the headers
//! `anthropic-version`, where the dialect has not, and `anthropic-beta`, and says which credential
//! is sent. The model list has up to 1000 entries on one page, which is all there are.
//!
//! Sources: <https://platform.claude.com/docs/en/api/overview>,
//! <https://platform.claude.com/docs/en/api/models-list>.

use patchbay_sdk::{Call, DEFAULT_SLOT, Exchange, Failure, HttpAdapter, RequestHead, Settings};
use serde::Deserialize;

const VERSION_HEADER: &str = "anthropic-version";
const BETA_HEADER: &str = "anthropic-beta";

/// The version of the API if no setting names another.
const VERSION: &str = "2023-06-01";

/// The adapter `anthropic`.
pub struct Anthropic;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Deserialize)]
struct ServerSettings {
    #[serde(default)]
    auth: Auth,
    anthropic_version: Option<String>,
    #[serde(default)]
    anthropic_beta: Vec<String>,
}

/// Which credential is sent.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Auth {
    #[default]
    ApiKey,
    AuthToken,
}

impl HttpAdapter for Anthropic {
    fn prepare(call: &Call, head: RequestHead) -> Result<Exchange, Failure> {
        exchange(head, call.settings()?)
    }

    fn probe(settings: Settings<'_>) -> Result<Exchange, Failure> {
        let head = RequestHead::get("/v1/models")
            .with_query("limit", "1000")
            .with_header("accept", "application/json");
        exchange(head, settings.read()?)
    }
}

fn exchange(mut head: RequestHead, settings: ServerSettings) -> Result<Exchange, Failure> {
    let version = settings.anthropic_version.as_deref().unwrap_or(VERSION);
    check("settings.anthropic_version", version)?;
    let has_version = head.headers.iter().any(|header| is_named(&header.name, VERSION_HEADER));
    if !has_version {
        head = head.with_header(VERSION_HEADER, version);
    }
    for (index, beta) in settings.anthropic_beta.iter().enumerate() {
        check(&format!("settings.anthropic_beta[{index}]"), beta)?;
    }
    let slot = match settings.auth {
        Auth::ApiKey => DEFAULT_SLOT,
        Auth::AuthToken => "auth_token",
    };
    Ok(Exchange::new(with_betas(head, settings.anthropic_beta)).with_credential(slot))
}

/// One header with the betas of the operator and those of the request, each once.
fn with_betas(mut head: RequestHead, mut betas: Vec<String>) -> RequestHead {
    let (of_request, others): (Vec<_>, Vec<_>) =
        head.headers.into_iter().partition(|header| is_named(&header.name, BETA_HEADER));
    head.headers = others;
    for beta in of_request.iter().flat_map(|header| header.value.split(',')) {
        let beta = beta.trim();
        if !beta.is_empty() && !betas.iter().any(|known| known == beta) {
            betas.push(beta.to_owned());
        }
    }
    match betas.is_empty() {
        true => head,
        false => head.with_header(BETA_HEADER, betas.join(",")),
    }
}

fn is_named(name: &str, expected: &str) -> bool {
    name.eq_ignore_ascii_case(expected)
}

fn check(member: &str, value: &str) -> Result<(), Failure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if value.is_empty() || !value.bytes().all(plain) {
        let reason = "this has letters, digits, \".\", \"_\" and \"-\" alone";
        return Err(Failure::misconfigured(member, reason));
    }
    Ok(())
}

patchbay_sdk::export!(http_adapter: Anthropic);
