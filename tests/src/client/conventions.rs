//! What holds for every reply of the gateway.

use anyhow::{Context, Result, bail, ensure};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Every header that a reply may have. Another one is a mistake, or belongs in this list.
const KNOWN_HEADERS: [&str; 32] = [
    "allow",
    "cache-control",
    "connection",
    "content-disposition",
    "content-length",
    "content-type",
    "date",
    "etag",
    "location",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "server-timing",
    "transfer-encoding",
    "www-authenticate",
    "x-accel-buffering",
    "x-content-type-options",
    "x-patchbay-attempts",
    "x-patchbay-checksum",
    "x-patchbay-dropped-params",
    "x-patchbay-provider",
    "x-patchbay-token-count",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-request-id",
    "x-should-retry",
    "vary",
];

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";
/// What operators download: the audit log, a backup.
const DOWNLOADS: [&str; 2] = ["application/x-ndjson", "application/octet-stream"];

/// What a reply's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    EventStream,
    Error,
    Download,
    Nothing,
}

/// Checks a head and says what body has to follow.
pub(super) fn check_head(status: StatusCode, headers: &HeaderMap) -> Result<Kind> {
    for name in headers.keys() {
        ensure!(KNOWN_HEADERS.contains(&name.as_str()), "unexpected header {name} in {headers:?}");
        let values = headers.get_all(name).iter().count();
        ensure!(values == 1, "header {name} is there {values} times");
    }
    let request_id = text(headers, "x-request-id")?;
    ensure!(is_request_id(request_id), "x-request-id {request_id:?} is not well-formed");
    if status == StatusCode::NO_CONTENT {
        ensure!(!headers.contains_key("content-type"), "a type of no content: {headers:?}");
        return Ok(Kind::Nothing);
    }
    let content_type = text(headers, "content-type")?;
    if !status.is_success() && status != StatusCode::SERVICE_UNAVAILABLE {
        ensure!(content_type == JSON, "an error of type {content_type:?}");
    }
    match content_type.split(';').next().unwrap_or_default() {
        JSON if status.is_success() => Ok(Kind::Json),
        JSON => Ok(Kind::Error),
        EVENT_STREAM if status == StatusCode::OK => {
            let caching = text(headers, "cache-control")?;
            ensure!(caching.contains("no-cache"), "a stream may not be cached: {caching:?}");
            Ok(Kind::EventStream)
        }
        download if status == StatusCode::OK && DOWNLOADS.contains(&download) => Ok(Kind::Download),
        _ => bail!("status {status} with content type {content_type:?}"),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str> {
    let value = headers.get(name).with_context(|| format!("no {name} in {headers:?}"))?;
    value.to_str().with_context(|| format!("{name} is not text"))
}

fn is_request_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Checks a whole JSON body; that of an error has to be OpenAI's envelope and nothing else.
pub(super) fn check_json(kind: Kind, body: &[u8]) -> Result<Value> {
    let value: Value = serde_json::from_slice(body)
        .with_context(|| format!("not JSON: {}", String::from_utf8_lossy(body)))?;
    // Readiness has a body of its own, whatever its status.
    if kind == Kind::Error && value.get("checks").is_none() {
        check_envelope(&value)?;
    }
    Ok(value)
}

/// Checks OpenAI's error envelope: `{"error":{"message","type","param","code"}}`. Errors of an
/// operator's document have `problems`, too.
pub(super) fn check_envelope(value: &Value) -> Result<()> {
    let error = value
        .as_object()
        .filter(|envelope| envelope.len() == 1)
        .and_then(|envelope| envelope.get("error")?.as_object())
        .with_context(|| format!("not an error envelope: {value}"))?;
    let mut members: Vec<&str> = error.keys().map(String::as_str).collect();
    members.retain(|member| *member != "problems");
    members.sort_unstable();
    ensure!(members == ["code", "message", "param", "type"], "members of an error: {members:?}");
    let is_text =
        |name: &str| error.get(name).and_then(Value::as_str).is_some_and(|t| !t.is_empty());
    ensure!(is_text("message") && is_text("type"), "an error without words: {value}");
    for name in ["param", "code"] {
        let is_null = error.get(name).is_some_and(Value::is_null);
        ensure!(is_null || is_text(name), "{name} is neither text nor null: {value}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_openais_envelope_passes() {
        let good = json!({"error": {"message": "m", "type": "t", "param": null, "code": "c"}});
        assert!(check_envelope(&good).is_ok());
        for bad in [
            json!({}),
            json!({"error": "text"}),
            json!({"error": {"message": "m", "type": "t"}}),
            json!({"error": {"message": "", "type": "t", "param": null, "code": null}}),
            json!({"error": {"message": "m", "type": "t", "param": 1, "code": null}}),
            json!({"error": {"message": "m", "type": "t", "param": null, "code": null}, "more": 1}),
        ] {
            assert!(check_envelope(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_header_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "r-1".parse().unwrap());
        headers.insert("content-type", JSON.parse().unwrap());
        assert_eq!(check_head(StatusCode::OK, &headers).unwrap(), Kind::Json);
        headers.insert("server", "x".parse().unwrap());
        assert!(check_head(StatusCode::OK, &headers).is_err());
    }
}
