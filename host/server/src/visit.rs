//! One request, from its head to its access record.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use exchange::{AccessRecord, Entrance, Failure, FailureKind, Outcome, RequestId};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use pipeline::{Caller, Levels, Meter, Spent, Trace, TraceData};
use uuid::Uuid;

use crate::admin::is_admin_path;
use crate::containment;
use crate::edge::Edge;
use crate::endpoint::Endpoint;

/// Header of the request's id, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Status in the record of a request whose caller went away before its end.
const CALLER_WENT_AWAY: u16 = 499;

/// What stands before an operator's name in the record.
const OPERATOR: &str = "operator:";

/// Most characters of an operator's name in the record.
const MAX_SUBJECT_CHARS: usize = 64;

/// Stands for one request. It travels from the extractor to the answer's body, and when it is
/// dropped, wherever that happens, the request is recorded: an answer that was not given to its
/// end counts as cancelled by the caller.
pub(crate) struct Visit {
    edge: Arc<Edge>,
    started: Instant,
    request_id: RequestId,
    endpoint: Endpoint,
    entrance: Option<Entrance>,
    is_head: bool,
    trace: Arc<Trace>,
    caller: Option<Arc<str>>,
    /// Of a caller that has limits.
    meter: Option<Arc<Meter>>,
    request_bytes: u64,
    status: u16,
    first_byte: Option<Duration>,
    response_bytes: u64,
    outcome: Option<Outcome>,
}

impl Visit {
    /// Begins with a request's head.
    pub(crate) fn begin(edge: &Arc<Edge>, parts: &Parts) -> Self {
        let (endpoint, entrance) = find_endpoint(edge, parts);
        Self {
            edge: Arc::clone(edge),
            started: Instant::now(),
            request_id: request_id(&parts.headers),
            endpoint,
            entrance,
            is_head: parts.method == Method::HEAD,
            trace: Arc::default(),
            caller: None,
            meter: None,
            request_bytes: 0,
            status: CALLER_WENT_AWAY,
            first_byte: None,
            response_bytes: 0,
            outcome: None,
        }
    }

    /// The request's id.
    pub(crate) fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// What was called.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The client API that was called, if a plugin speaks it.
    pub(crate) fn entrance(&self) -> Option<&Entrance> {
        self.entrance.as_ref()
    }

    /// Whether the answer's body is not to be sent.
    pub(crate) fn is_head(&self) -> bool {
        self.is_head
    }

    /// Where the pipeline notes what happens.
    pub(crate) fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }

    /// How long a stream may be silent.
    pub(crate) fn keep_alive(&self) -> Duration {
        self.edge.limits.keep_alive
    }

    /// Time so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The path of what was called, as it is documented: `/v1/models/{id}`.
    pub(crate) fn endpoint_path(&self) -> &str {
        let label = match &self.entrance {
            Some(entrance) => &entrance.endpoint,
            None => self.endpoint.label(),
        };
        ["GET ", "POST "].iter().find_map(|method| label.strip_prefix(method)).unwrap_or(label)
    }

    /// What is left of the caller's limits, if it has any.
    pub(crate) fn levels(&self) -> Option<Levels> {
        self.meter.as_ref().map(|meter| meter.levels(now()))
    }

    /// Notes who calls.
    pub(crate) fn note_caller(&mut self, caller: &Caller) {
        self.caller = Some(Arc::clone(&caller.id));
        self.meter = caller.meter.is_limited().then(|| Arc::clone(&caller.meter));
    }

    /// Notes the operator who administers. In the record it cannot be taken for an API key's id,
    /// which has no colon, and it has nothing that a log could not show on one line.
    pub(crate) fn note_operator(&mut self, subject: &str) {
        let printable = |c: char| if matches!(c, '!'..='~') { c } else { '?' };
        let shown = subject.chars().take(MAX_SUBJECT_CHARS).map(printable);
        self.caller = Some(OPERATOR.chars().chain(shown).collect::<String>().into());
    }

    /// Notes what was called, where only the router knows.
    pub(crate) fn note_endpoint(&mut self, endpoint: Endpoint) {
        self.endpoint = endpoint;
    }

    /// Notes bytes of the caller's body.
    pub(crate) fn note_received(&mut self, bytes: usize) {
        self.request_bytes += bytes as u64;
    }

    /// Notes the status that the answer's head has.
    pub(crate) fn note_status(&mut self, status: u16) {
        self.status = status;
    }

    /// Notes bytes of the answer that are on their way.
    pub(crate) fn note_sent(&mut self, bytes: usize) {
        if self.first_byte.is_none() {
            self.first_byte = Some(self.started.elapsed());
        }
        self.response_bytes += bytes as u64;
    }

    /// Notes how it ended; dropping the visit then records it.
    pub(crate) fn note_outcome(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// What the request has cost, as far as it is known. What an upstream may have done for a
    /// caller that went away is not forgiven.
    fn spent(&self, outcome: &Outcome, notes: &TraceData) -> Spent {
        let answer_began = self.status < 400;
        match (notes.usage, outcome) {
            (Some(usage), _) => {
                Spent::Counted(usage.prompt_tokens.saturating_add(usage.completion_tokens))
            }
            (None, Outcome::Failed(_)) if !answer_began => Spent::Nothing,
            (None, _) if notes.attempts == 0 => Spent::Nothing,
            (None, _) => Spent::Unknown,
        }
    }

    /// How a request ended that nobody brought to its end.
    fn broken_off(&mut self) -> Outcome {
        if std::thread::panicking() {
            return Outcome::Failed(containment::fault());
        }
        if self.edge.is_aborting() {
            let message = "the gateway shut down before the answer was complete";
            return Outcome::Failed(Failure::new(FailureKind::ShuttingDown, message));
        }
        Outcome::Cancelled
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut outcome = self.outcome.take().unwrap_or_else(|| self.broken_off());
        if matches!(&outcome, Outcome::Failed(f) if f.kind() == FailureKind::Cancelled) {
            outcome = Outcome::Cancelled;
        }
        let notes = self.trace.read();
        if let Some(admission) = &notes.admission {
            admission.settle(self.spent(&outcome, &notes), now());
        }
        if matches!(outcome, Outcome::Cancelled) {
            self.status = CALLER_WENT_AWAY;
        }
        self.edge.access.record(AccessRecord {
            request_id: self.request_id.clone(),
            endpoint: match &self.entrance {
                Some(entrance) => Cow::Owned(entrance.endpoint.to_string()),
                None => Cow::Borrowed(self.endpoint.label()),
            },
            status: self.status,
            outcome,
            duration: self.started.elapsed(),
            first_byte: self.first_byte,
            upstream: notes.upstream,
            caller: self.caller.take(),
            operation: notes.operation,
            model: notes.model,
            provider: notes.provider,
            provider_model: notes.provider_model,
            attempts: notes.attempts,
            streaming: notes.streaming,
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            usage: notes.usage,
        });
    }
}

/// The time that limits of keys go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// For endpoints that need no key.
impl FromRequestParts<Arc<Edge>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        edge: &Arc<Edge>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::begin(edge, parts))
    }
}

/// The edge's own endpoint, else one that a plugin declares. A fault in looking it up is found
/// again when it is called.
fn find_endpoint(edge: &Edge, parts: &Parts) -> (Endpoint, Option<Entrance>) {
    let endpoint = Endpoint::of(&parts.method, parts.uri.path());
    if endpoint != Endpoint::Unknown || is_admin_path(parts.uri.path()) {
        return (endpoint, None);
    }
    match containment::contained(|| edge.service.entrance(parts.uri.path())) {
        Ok(Some(_)) if parts.method != Method::POST => (Endpoint::WrongMethod, None),
        Ok(Some(entrance)) => (Endpoint::InDialect, Some(entrance)),
        Ok(None) | Err(_) => (Endpoint::Unknown, None),
    }
}

/// The caller's id if it is well-formed, else one that sorts by time (UUIDv7, RFC 9562).
fn request_id(headers: &HeaderMap) -> RequestId {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    given.and_then(RequestId::parse).unwrap_or_else(|| {
        let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        RequestId::parse(text).expect("hexadecimal digits and hyphens are well-formed")
    })
}
