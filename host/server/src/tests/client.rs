//! A client that checks on every reply what must hold of every reply.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use exchange::{AccessRecord, Outcome, RequestId};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tower::ServiceExt as _;

use super::fake::{self, Fake, KEY};
use crate::router::{Door, router};
use crate::{Edge, EdgeLimits};

/// Headers that the edge may send. Another one fails the test that sees it.
const KNOWN_HEADERS: [&str; 27] = [
    "content-type",
    "content-length",
    "cache-control",
    "allow",
    "www-authenticate",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-request-id",
    "x-patchbay-provider",
    "x-patchbay-attempts",
    "x-patchbay-dropped-params",
    "x-accel-buffering",
    "server-timing",
    "x-upstream",
    "date",
    "etag",
    "location",
    "content-disposition",
    "x-patchbay-checksum",
    "transfer-encoding",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

/// A reply that was read to its end, and its record.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) record: AccessRecord,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Member of the error envelope.
    pub(super) fn error(&self, member: &str) -> Value {
        self.json()["error"][member].clone()
    }
}

/// Sends requests to an edge in memory.
pub(super) struct TestClient {
    router: Router,
    records: UnboundedReceiver<AccessRecord>,
}

impl TestClient {
    pub(super) fn new(fake: Fake) -> Self {
        Self::with_limits(fake, fake::limits())
    }

    pub(super) fn with_limits(fake: Fake, limits: EdgeLimits) -> Self {
        Self::of(fake::edge(fake, limits))
    }

    /// A client of an edge that a test has made.
    pub(super) fn of((edge, records): (Edge, UnboundedReceiver<AccessRecord>)) -> Self {
        Self { router: router(Arc::new(edge), Door::Everything), records }
    }

    /// Sends a request as it is and hands out the head, unread.
    pub(super) async fn open(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request, reads the reply to its end and checks what holds of every reply.
    pub(super) async fn send(&mut self, request: Request<Body>) -> Reply {
        let is_head = request.method() == Method::HEAD;
        let response = self.open(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let record = self.records.try_recv().expect("one record a request");
        assert!(self.records.try_recv().is_err(), "one record a request");
        let reply = Reply { status: head.status, headers: head.headers, body, record };
        check(&reply, is_head);
        reply
    }

    /// The record of a request whose reply was not read by `send`.
    pub(super) fn record(&mut self) -> AccessRecord {
        let record = self.records.try_recv().expect("one record a request");
        assert!(self.records.try_recv().is_err(), "one record a request");
        record
    }
}

/// Checks what holds of every reply.
pub(super) fn check(reply: &Reply, is_head: bool) {
    for name in reply.headers.keys() {
        assert!(KNOWN_HEADERS.contains(&name.as_str()), "unexpected header {name}");
    }
    let id = reply.header("x-request-id").expect("x-request-id on every reply");
    assert!(RequestId::parse(id).is_some(), "{id}");
    assert_eq!(id, reply.record.request_id.as_str());
    assert!(reply.header("server-timing").unwrap().starts_with("gateway;dur="));
    assert_eq!(reply.status.as_u16(), reply.record.status);
    if !is_head {
        assert_eq!(reply.body.len() as u64, reply.record.response_bytes);
        assert!(reply.record.first_byte.is_some() || reply.body.is_empty());
    }
    let is_admin = reply.record.endpoint.contains(" /admin/");
    if is_admin {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    if let Outcome::Failed(failure) = &reply.record.outcome
        && reply.status != StatusCode::OK
    {
        assert!(["true", "false"].contains(&reply.header("x-should-retry").unwrap()));
        // The endpoint of a dialect has an error form of its own.
        if reply.record.endpoint == "POST /v1/terse"
            && reply.header("content-type") == Some("text/terse")
        {
            return;
        }
        assert_eq!(reply.header("content-type"), Some("application/json"));
        if !is_head {
            check_envelope(&reply.json(), is_admin);
            assert_eq!(reply.error("message"), failure.message());
        }
    }
}

/// Operators are told of each problem in a document, besides.
fn check_envelope(document: &Value, is_admin: bool) {
    let envelope = document.as_object().unwrap();
    assert_eq!(envelope.keys().collect::<Vec<_>>(), ["error"]);
    let error = envelope["error"].as_object().unwrap();
    let mut members: Vec<_> = error.keys().map(String::as_str).collect();
    members.sort_unstable();
    if is_admin && let Some(problems) = error.get("problems") {
        members.retain(|name| *name != "problems");
        for problem in problems.as_array().filter(|it| !it.is_empty()).unwrap() {
            let members: Vec<_> = problem.as_object().unwrap().keys().collect();
            assert_eq!(members, ["fix", "message", "path"]);
        }
    }
    assert_eq!(members, ["code", "message", "param", "type"]);
    assert!(error["message"].is_string() && error["type"].is_string());
}

/// A chat request of a caller with a good key.
pub(super) fn chat(body: impl Into<Body>) -> Request<Body> {
    let builder = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json");
    builder.body(body.into()).unwrap()
}

/// A request without a body, with a good key.
pub(super) fn bare(method: Method, path: &str) -> Request<Body> {
    let builder = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {KEY}"));
    builder.body(Body::empty()).unwrap()
}
