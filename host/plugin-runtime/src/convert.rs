//! Where the contract's types meet the validated ones of `exchange`.
//!
//! What goes in is stripped of credentials; what comes out is checked, or refused as a
//! [`Breach`].

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use exchange::{Call, Extra, Failure, FailureKind, RequestHead, ResponseHead};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bindings::types;
use crate::breach::{Breach, shorten};

/// Headers of a reply that no plugin sees: credentials and cookies.
const HIDDEN_FROM_PLUGINS: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::WWW_AUTHENTICATE,
    header::COOKIE,
    header::SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    HeaderName::from_static("authentication-info"),
    HeaderName::from_static("proxy-authentication-info"),
];
/// Longest name of a request member, or upstream's code, that is taken over.
const MAX_NAME_BYTES: usize = 256;
/// Longest wait that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

pub(crate) fn call(call: &Call) -> types::Call {
    types::Call {
        operation: call.operation.as_str().into(),
        model: (*call.model).into(),
        streaming: call.streaming,
        settings: (*call.settings).into(),
        extra: Vec::new(),
    }
}

pub(crate) fn request_head(head: &RequestHead) -> types::RequestHead {
    types::RequestHead {
        method: head.method().as_str().into(),
        path_and_query: head.path_and_query().into(),
        headers: headers(head.headers()),
        extra: Vec::new(),
    }
}

pub(crate) fn response_head(head: &ResponseHead) -> types::ResponseHead {
    types::ResponseHead {
        status: head.status.as_u16(),
        headers: headers(&head.headers),
        extra: Vec::new(),
    }
}

fn headers(map: &HeaderMap) -> Vec<types::Header> {
    map.iter()
        .filter(|(name, _)| !HIDDEN_FROM_PLUGINS.contains(name))
        .map(|(name, value)| types::Header {
            name: name.as_str().into(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        })
        .collect()
}

pub(crate) fn accept_head(head: &types::RequestHead) -> Result<RequestHead, Breach> {
    let headers = head.headers.iter().map(|header| (header.name.as_str(), header.value.as_str()));
    Ok(RequestHead::try_new(&head.method, &head.path_and_query, headers)?)
}

/// A number that a plugin named in `extra`; none if there is no such number. Unknown names and
/// wrong types are passed over, as the contract says.
pub(crate) fn number_in(extra: &types::Extra, name: &str) -> Option<NonZeroUsize> {
    let (_, json) = extra.iter().find(|(known, _)| known == name)?;
    json.trim().parse().ok()
}

/// A text that a plugin named in `extra`, likewise.
pub(crate) fn text_in(extra: &types::Extra, name: &str) -> Option<String> {
    let (_, json) = extra.iter().find(|(known, _)| known == name)?;
    serde_json::from_str(json).ok()
}

/// What a plugin wants back later in the same exchange. Opaque; only its size is looked at.
pub(crate) fn accept_extra(extra: types::Extra) -> Result<Extra, Breach> {
    Breach::check_count("entries of extra", extra.len(), 64)?;
    Ok(extra)
}

/// A failure in the contract's words, with the table's words for callers.
pub(crate) fn caller_failure(failure: &Failure) -> types::Failure {
    let rule = failure.kind().rule();
    let json = |text: Option<&str>| Value::from(text).to_string();
    types::Failure {
        kind: rule.label.into(),
        message: failure.message().into(),
        param: failure.param().map(Into::into),
        retry_after_ms: failure
            .retry_after()
            .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        upstream_code: failure.upstream_code().map(Into::into),
        extra: vec![
            ("error-type".into(), json(Some(rule.error_type))),
            ("error-code".into(), json(rule.code)),
        ],
    }
}

/// The head of an answer that a plugin wrote for a caller.
pub(crate) fn accept_answer_head(
    head: &types::ResponseHead,
    status: Option<StatusCode>,
) -> Result<ResponseHead, Breach> {
    let headers = head.headers.iter().map(|header| (header.name.as_str(), header.value.as_str()));
    let mut accepted = ResponseHead::try_new(head.status, headers)?;
    if let Some(status) = status {
        // The host's table decides the status.
        accepted.status = status;
    }
    Ok(accepted)
}

/// A plugin's own failure. Its kind is one that plugins may claim, else `UpstreamError`.
pub(crate) fn failure(failure: types::Failure) -> Failure {
    let kind = FailureKind::from_plugin(&failure.kind);
    let mut taken = Failure::new(kind.unwrap_or(FailureKind::UpstreamError), failure.message);
    if kind.is_none() {
        let cause = format!("the plugin named the kind {:?}", shorten(&failure.kind));
        taken = taken.with_cause(cause);
    }
    if let Some(param) = failure.param {
        taken = taken.with_param(cut(param));
    }
    if let Some(code) = failure.upstream_code {
        taken = taken.with_upstream_code(cut(code));
    }
    if let Some(wait_ms) = failure.retry_after_ms {
        taken = taken.with_retry_after(Duration::from_millis(wait_ms).min(MAX_RETRY_AFTER));
    }
    taken
}

fn cut(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    name
}

/// Canonical documents: each one JSON object on one line, so that none can break the framing of
/// an event stream.
pub(crate) fn accept_documents(documents: Vec<Vec<u8>>) -> Result<Vec<Bytes>, Breach> {
    documents
        .into_iter()
        .enumerate()
        .map(|(index, document)| accept_document(index, document))
        .collect()
}

fn accept_document(index: usize, mut document: Vec<u8>) -> Result<Bytes, Breach> {
    let object = serde_json::from_slice::<&RawValue>(&document)
        .map_err(|error| error.to_string())
        .and_then(|json| match json.get().starts_with('{') {
            true => Ok(()),
            false => Err("it is another JSON value".into()),
        });
    object.map_err(|reason| Breach::Document { index, reason })?;
    // Line ends in JSON are white space: inside a string they are escaped.
    if memchr::memchr2(b'\n', b'\r', &document).is_some() {
        for byte in &mut document {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    Ok(document.into())
}

/// Names of members that a dialect cannot express; they reach a header of the answer.
pub(crate) fn accept_dropped(dropped: Vec<String>) -> Result<Vec<String>, Breach> {
    Breach::check_count("dropped members", dropped.len(), 256)?;
    match dropped.iter().find(|name| !is_visible_name(name)) {
        Some(name) => Err(Breach::DroppedMember(shorten(name))),
        None => Ok(dropped),
    }
}

fn is_visible_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
}

pub(crate) fn accept_model_ids(ids: Vec<String>) -> Result<Vec<String>, Breach> {
    Breach::check_count("model ids", ids.len(), 10_000)?;
    let is_id = |id: &&String| {
        (1..=MAX_NAME_BYTES).contains(&id.len()) && !id.chars().any(char::is_control)
    };
    match ids.iter().find(|id| !is_id(id)) {
        Some(id) => Err(Breach::ModelId(shorten(id))),
        None => Ok(ids),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Result<Bytes, Breach> {
        accept_document(0, text.as_bytes().to_vec())
    }

    #[test]
    fn a_document_cannot_break_the_framing_of_a_stream() {
        let text = "{\"a\":\r\n\n \"b\\n\"}";
        assert_eq!(document(text).unwrap(), "{\"a\":    \"b\\n\"}");
    }

    #[test]
    fn a_document_is_one_json_object() {
        for text in ["", "[]", "1", "{} {}", "{\"a\":\"\n\"}", "{\"a\"", "[DONE]"] {
            assert!(document(text).is_err(), "{text:?}");
        }
        assert!(accept_document(0, b"{\"a\":\"\xff\"}".to_vec()).is_err());
        assert!(document(" {\"a\": 1} ").is_ok());
    }

    #[test]
    fn deep_json_is_harmless() {
        let depth = 2_000_000;
        let text = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(document(&text).is_ok());
    }

    #[test]
    fn a_plugin_sees_no_credential_of_a_reply() {
        let mut head = ResponseHead::of_process();
        for name in &HIDDEN_FROM_PLUGINS {
            head.headers.insert(name, "secret".parse().unwrap());
        }
        head.headers.insert("x-request-id", "1".parse().unwrap());
        let seen = response_head(&head);
        assert_eq!(seen.headers.len(), 1);
        assert_eq!(seen.headers[0].name, "x-request-id");
    }

    #[test]
    fn an_unknown_kind_is_an_upstream_error() {
        let told = types::Failure {
            kind: "unauthenticated".into(),
            message: "no".into(),
            param: Some("é".repeat(200)),
            retry_after_ms: Some(u64::MAX),
            upstream_code: Some("E1".into()),
            extra: Vec::new(),
        };
        let taken = failure(told);
        assert_eq!(taken.kind(), FailureKind::UpstreamError);
        assert!(taken.cause_chain().unwrap().contains("unauthenticated"));
        assert_eq!(taken.param().unwrap().len(), MAX_NAME_BYTES);
        assert_eq!(taken.retry_after(), Some(MAX_RETRY_AFTER));
        assert_eq!(taken.upstream_code(), Some("E1"));
    }

    #[test]
    fn a_text_in_extra_is_one_json_string() {
        let extra = vec![
            ("aws-region".to_owned(), "\"eu-west-1\"".to_owned()),
            ("aws-service".to_owned(), "bedrock".to_owned()),
        ];
        assert_eq!(text_in(&extra, "aws-region").as_deref(), Some("eu-west-1"));
        assert_eq!(text_in(&extra, "aws-service"), None);
        assert_eq!(text_in(&extra, "other"), None);
    }

    #[test]
    fn dropped_members_are_fit_for_a_header() {
        for name in ["", "a b", "a\r\nb", "ü"] {
            assert!(accept_dropped(vec![name.into()]).is_err(), "{name:?}");
        }
        assert!(accept_dropped(vec!["messages[2].name".into()]).is_ok());
    }
}
