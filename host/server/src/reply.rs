//! Answers: heads and bodies, good ones and failures.
//!
//! The only place that writes a head. What a failure means is decided in the failure table
//! alone; this says how it looks.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use exchange::{Failure, FailureKind, Outcome, Retry};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use openai_api::ErrorBody;
use pipeline::{CallerReply, Level, ReplyBody, Wait};
use serde::Serialize;

use crate::body::{ChunkBody, Chunks, EventBody, WholeBody};
use crate::containment::contained_async;
use crate::endpoint::Endpoint;
use crate::visit::{REQUEST_ID, Visit};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const PROVIDER: HeaderName = HeaderName::from_static("x-patchbay-provider");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-patchbay-attempts");
const DROPPED_PARAMS: HeaderName = HeaderName::from_static("x-patchbay-dropped-params");
/// Limit, what is left of it, and when all of it is left again (OpenAI's documentation, "Rate
/// limits").
type LimitHeaders = [HeaderName; 3];
const REQUEST_LIMIT: LimitHeaders = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const TOKEN_LIMIT: LimitHeaders = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

/// Headers of an upstream that would contradict our own framing, whatever the allow-list says.
const FRAMING: [HeaderName; 4] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
];

/// Most bytes of one header value of ours.
const MAX_VALUE_BYTES: usize = 1024;

/// Answers with what the service found.
pub(crate) fn from_service(mut visit: Visit, reply: CallerReply) -> Response {
    let mut headers = reply.headers;
    for name in &FRAMING {
        headers.remove(name);
    }
    headers.insert(PROVIDER, header_value(&reply.provider));
    headers.insert(ATTEMPTS, HeaderValue::from(reply.attempts));
    if !reply.dropped.is_empty() {
        headers.insert(DROPPED_PARAMS, header_value(&reply.dropped.join(",")));
    }
    visit.note_status(StatusCode::OK.as_u16());
    match reply.body {
        ReplyBody::Complete(bytes) => {
            headers.insert(header::CONTENT_TYPE, reply.content_type.unwrap_or(JSON));
            add_own_headers(&mut headers, &visit);
            let body = WholeBody::new(bytes, Outcome::Completed, visit);
            assemble(StatusCode::OK, headers, Body::new(body))
        }
        ReplyBody::Stream(stream) => {
            headers.insert(header::CONTENT_TYPE, reply.content_type.unwrap_or(EVENTS));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            // nginx gathers a reply into its buffers unless it is told not to.
            headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
            add_own_headers(&mut headers, &visit);
            assemble(StatusCode::OK, headers, Body::new(EventBody::new(stream, visit)))
        }
    }
}

/// Answers with a JSON document of the edge itself.
pub(crate) fn json(visit: Visit, status: StatusCode, document: &impl Serialize) -> Response {
    let document =
        serde_json::to_vec(document).expect("texts, numbers and lists of them have a JSON");
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    whole(visit, status, headers, document.into())
}

/// Answers with a document under headers that say what it is.
pub(crate) fn whole(
    mut visit: Visit,
    status: StatusCode,
    mut headers: HeaderMap,
    document: Bytes,
) -> Response {
    add_own_headers(&mut headers, &visit);
    visit.note_status(status.as_u16());
    let body = WholeBody::new(document, Outcome::Completed, visit);
    assemble(status, headers, Body::new(body))
}

/// Answers with a head alone.
pub(crate) fn bodiless(mut visit: Visit, status: StatusCode, mut headers: HeaderMap) -> Response {
    add_own_headers(&mut headers, &visit);
    visit.note_status(status.as_u16());
    visit.note_outcome(Outcome::Completed);
    assemble(status, headers, Body::empty())
}

/// Answers 200 with what comes bit by bit, of a length that may be known.
pub(crate) fn in_chunks(
    mut visit: Visit,
    mut headers: HeaderMap,
    chunks: Chunks,
    length: Option<u64>,
) -> Response {
    add_own_headers(&mut headers, &visit);
    visit.note_status(StatusCode::OK.as_u16());
    assemble(StatusCode::OK, headers, Body::new(ChunkBody::new(chunks, length, visit)))
}

/// Answers with a failure, in the error form of the endpoint's dialect.
pub(crate) async fn refusal(visit: Visit, refused: Failure) -> Response {
    let told = match visit.entrance() {
        None => None,
        // A plugin that cannot even say that something failed: OpenAI's envelope is better than
        // nothing.
        Some(entrance) => contained_async(entrance.plugin.fail(&refused)).await.ok(),
    };
    match told {
        None => failure(visit, refused),
        Some(reply) => failure_in(visit, refused, reply.head.headers, reply.body),
    }
}

/// Answers with a failure, in OpenAI's envelope.
pub(crate) fn failure(visit: Visit, failure: Failure) -> Response {
    let document = envelope(&failure, visit.endpoint());
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(header::CONTENT_TYPE, JSON);
    failure_in(visit, failure, headers, document.into())
}

/// Answers with a failure in a form that is written already.
pub(crate) fn failure_in(
    mut visit: Visit,
    failure: Failure,
    mut headers: HeaderMap,
    document: Bytes,
) -> Response {
    let status = StatusCode::from_u16(failure.kind().rule().status)
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for name in &FRAMING {
        headers.remove(name);
    }
    add_retry_headers(&mut headers, &failure);
    if failure.kind().rule().status == 401 {
        // RFC 9110 section 11.6.1 wants a challenge with every 401.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let notes = visit.trace().read();
    if let Some(provider) = &notes.provider {
        headers.insert(PROVIDER, header_value(provider));
        headers.insert(ATTEMPTS, HeaderValue::from(notes.attempts));
    }
    add_own_headers(&mut headers, &visit);
    visit.note_status(status.as_u16());
    let body = WholeBody::new(document, Outcome::Failed(failure), visit);
    assemble(status, headers, Body::new(body))
}

/// The one event with which a stream says that it failed; `[DONE]` does not follow.
pub(crate) fn error_event(failure: &Failure) -> Bytes {
    let mut event = b"data: ".to_vec();
    error_body(failure, failure.kind().rule().code).write(&mut event);
    event.extend_from_slice(b"\n\n");
    event.into()
}

fn envelope(failure: &Failure, endpoint: Endpoint) -> Vec<u8> {
    // The table's code speaks of models; a path is no model.
    let code = match endpoint {
        Endpoint::Unknown => Some("unknown_url"),
        _ => failure.kind().rule().code,
    };
    error_body(failure, code).to_json()
}

fn error_body<'a>(failure: &'a Failure, code: Option<&'a str>) -> ErrorBody<'a> {
    ErrorBody {
        message: failure.message().into(),
        kind: failure.kind().rule().error_type.into(),
        param: failure.param().map(Into::into),
        code: code.map(Into::into),
    }
}

/// What the official clients look at before they try again: `x-should-retry`, then
/// `retry-after-ms`, then `retry-after`.
fn add_retry_headers(headers: &mut HeaderMap, failure: &Failure) {
    let wait = failure.retry_after();
    let retry = HeaderValue::from_static(if should_retry(failure) { "true" } else { "false" });
    headers.insert(SHOULD_RETRY, retry);
    if let Some(wait) = wait {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        headers.insert(RETRY_AFTER_MS, HeaderValue::from(milliseconds));
    }
}

/// Whether the same request can fare better later: where the table would retry it itself, and
/// where waiting clears the failure. A quota that is used up is not cleared by waiting a while.
fn should_retry(failure: &Failure) -> bool {
    failure.kind().rule().retry != Retry::Never
        || (failure.retry_after().is_some() && failure.kind() != FailureKind::QuotaExceeded)
}

fn add_own_headers(headers: &mut HeaderMap, visit: &Visit) {
    headers.insert(REQUEST_ID, header_value(visit.request_id().as_str()));
    let upstream = visit.trace().read().upstream;
    headers.insert(SERVER_TIMING, gateway_share(visit.elapsed().saturating_sub(upstream)));
    if let Some(levels) = visit.levels() {
        add_limit_headers(headers, (&REQUEST_LIMIT, levels.requests));
        add_limit_headers(headers, (&TOKEN_LIMIT, levels.tokens));
    }
}

/// What a caller with limits is told with every answer.
fn add_limit_headers(headers: &mut HeaderMap, (names, level): (&LimitHeaders, Option<Level>)) {
    let Some(Level { limit, remaining, reset }) = level else {
        return;
    };
    let [of_limit, of_rest, of_reset] = names.clone();
    headers.insert(of_limit, HeaderValue::from(limit));
    headers.insert(of_rest, HeaderValue::from(remaining));
    headers.insert(of_reset, header_value(&Wait(reset).to_string()));
}

/// `Server-Timing` (W3C): what the gateway itself took, in milliseconds.
fn gateway_share(share: Duration) -> HeaderValue {
    let mut buffer = [0_u8; 64];
    let mut rest = buffer.as_mut_slice();
    let micros = share.as_micros();
    // The buffer has room for any duration.
    let _ = write!(rest, "gateway;dur={}.{:03}", micros / 1000, micros % 1000);
    let length = 64 - rest.len();
    let text = buffer.get(..length).unwrap_or_default();
    HeaderValue::from_bytes(text).expect("digits and letters are a header value")
}

/// A text as a header's value. What may not stand in one becomes `?`, and it is cut.
fn header_value(text: &str) -> HeaderValue {
    let short = text.get(..text.floor_char_boundary(MAX_VALUE_BYTES)).unwrap_or_default();
    let is_allowed = |b: u8| matches!(b, b' '..=b'~');
    if short.bytes().all(is_allowed)
        && let Ok(value) = HeaderValue::from_str(short)
    {
        return value;
    }
    let clean: String =
        short.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    HeaderValue::try_from(clean).expect("printable ASCII is a header value")
}

fn assemble(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_inject_a_header() {
        assert_eq!(header_value("a\r\nx: y\u{e9}\u{0}"), "a??x: y??");
        assert_eq!(header_value(&"é".repeat(2000)).len(), MAX_VALUE_BYTES / 2);
    }

    #[test]
    fn a_share_has_three_decimals() {
        assert_eq!(gateway_share(Duration::from_micros(45)), "gateway;dur=0.045");
        assert_eq!(gateway_share(Duration::from_millis(61_007)), "gateway;dur=61007.000");
        assert!(!gateway_share(Duration::MAX).is_empty());
    }

    #[test]
    fn callers_are_told_whether_to_try_again() {
        for (kind, expected) in [
            (FailureKind::InvalidRequest, false),
            (FailureKind::RateLimited, true),
            (FailureKind::QuotaExceeded, false),
            (FailureKind::QueueFull, true),
            (FailureKind::ShuttingDown, true),
            (FailureKind::UpstreamRateLimited, true),
            (FailureKind::UpstreamError, true),
            (FailureKind::UpstreamTimeout, false),
            (FailureKind::PluginFault, false),
        ] {
            assert_eq!(should_retry(&Failure::new(kind, "")), expected, "{kind:?}");
        }
    }
}
