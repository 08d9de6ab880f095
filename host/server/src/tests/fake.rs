//! A service that does what a test says, and a sink that keeps what it is given.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use exchange::{AccessRecord, AccessSink, Entrance, Failure, FailureKind};
use futures_util::stream;
use http::HeaderMap;
use pipeline::{Caller, CallerReply, CallerRequest, ReplyBody};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{Edge, EdgeLimits, ModelEntry, Readiness, ReadinessCheck, Service};

/// The one key that the fake knows.
pub(super) const KEY: &str = "pb-good";

type Answer = Pin<Box<dyn Future<Output = Result<CallerReply, Failure>> + Send>>;
type Behaviour = Box<dyn Fn(CallerRequest) -> Answer + Send + Sync>;

/// Answers requests as a test says.
pub(super) struct Fake {
    behaviour: Behaviour,
    ready: bool,
    entrance: Option<Entrance>,
    caller: Caller,
}

impl Fake {
    pub(super) fn new<F, R>(behaviour: F) -> Self
    where
        F: Fn(CallerRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<CallerReply, Failure>> + Send + 'static,
    {
        let behaviour: Behaviour = Box::new(move |request| Box::pin(behaviour(request)));
        Self { behaviour, ready: true, entrance: None, caller: Caller::new("laptop") }
    }

    /// Answers with the request's own body.
    pub(super) fn echo() -> Self {
        Self::new(|request| async move { Ok(reply(ReplyBody::Complete(request.body))) })
    }

    /// Fails with this kind.
    pub(super) fn failing(failure: impl Fn() -> Failure + Send + Sync + 'static) -> Self {
        Self::new(move |_| std::future::ready(Err(failure())))
    }

    /// Speaks a client API, too.
    pub(super) fn with_entrance(mut self, entrance: Entrance) -> Self {
        self.entrance = Some(entrance);
        self
    }

    /// Knows the holder of the key as this.
    pub(super) fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    pub(super) fn not_ready(mut self) -> Self {
        self.ready = false;
        self
    }
}

#[async_trait]
impl Service for Fake {
    fn authenticate(&self, key: &str) -> Result<Caller, Failure> {
        match key {
            KEY => Ok(self.caller.clone()),
            "pb-panic" => panic!("a fault in authentication"),
            _ => Err(Failure::new(FailureKind::Unauthenticated, "this key is not known here")),
        }
    }

    fn entrance(&self, path: &str) -> Option<Entrance> {
        self.entrance.clone().filter(|it| it.endpoint.trim_start_matches("POST ") == path)
    }

    async fn run(&self, request: CallerRequest) -> Result<CallerReply, Failure> {
        (self.behaviour)(request).await
    }

    fn models(&self, _: &Caller) -> Vec<ModelEntry> {
        ["main/org/big", "smart"]
            .map(|id| ModelEntry { id: id.into(), created: 7, owned_by: "main".to_owned() })
            .into()
    }

    fn readiness(&self) -> Readiness {
        let reason = (!self.ready).then(|| "no provider is configured".to_owned());
        let check = ReadinessCheck { name: "providers".to_owned(), ok: self.ready, reason };
        let plugins = ReadinessCheck { name: "plugins".to_owned(), ok: true, reason: None };
        Readiness { ready: self.ready, checks: vec![check, plugins] }
    }
}

/// A reply with a body and nothing unusual.
pub(super) fn reply(body: ReplyBody) -> CallerReply {
    CallerReply {
        provider: "main".into(),
        attempts: 1,
        dropped: Vec::new(),
        headers: HeaderMap::new(),
        content_type: None,
        body,
    }
}

/// A stream of these items that then ends.
pub(super) fn stream_of(items: Vec<Result<&'static str, Failure>>) -> ReplyBody {
    let items: Vec<_> =
        items.into_iter().map(|item| item.map(Into::into).map_err(Into::into)).collect();
    ReplyBody::Stream(Box::pin(stream::iter(items)))
}

/// Tells when it is dropped.
pub(super) struct DropSignal(pub(super) UnboundedSender<()>);

impl Drop for DropSignal {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Keeps records.
pub(super) struct Records(UnboundedSender<AccessRecord>);

impl Records {
    pub(super) fn new() -> (Arc<Self>, UnboundedReceiver<AccessRecord>) {
        let (sender, receiver) = unbounded_channel();
        (Arc::new(Self(sender)), receiver)
    }
}

impl AccessSink for Records {
    fn record(&self, record: AccessRecord) {
        let _ = self.0.send(record);
    }
}

/// Limits that no test meets by accident.
pub(super) fn limits() -> EdgeLimits {
    EdgeLimits {
        max_body_bytes: 64 * 1024,
        max_head_bytes: 16 * 1024,
        max_connections: 100,
        max_requests_per_connection: 100,
        head_read: Duration::from_secs(60),
        body_read: Duration::from_secs(60),
        keep_alive: Duration::from_secs(15),
        drain: Duration::from_secs(60),
    }
}

/// An edge before a fake, and what it records.
pub(super) fn edge(fake: Fake, limits: EdgeLimits) -> (Edge, UnboundedReceiver<AccessRecord>) {
    let (records, receiver) = Records::new();
    (Edge::new(Arc::new(fake), records, limits), receiver)
}
