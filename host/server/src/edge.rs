//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exchange::AccessSink;

use crate::admin::AdminParts;
use crate::service::Service;

/// Limits of the edge. There are no defaults here: the operator's configuration has them.
#[derive(Clone, Copy, Debug)]
pub struct EdgeLimits {
    /// Most bytes of a request's body; more is answered with 413.
    pub max_body_bytes: u64,
    /// Most bytes of a request's head, at least 8 KiB; more is answered with 431. A connection
    /// buffers as much.
    pub max_head_bytes: u32,
    /// Most connections at a time; further ones wait in the kernel's queue.
    pub max_connections: usize,
    /// Most requests at a time on one HTTP/2 connection.
    pub max_requests_per_connection: u32,
    /// From an HTTP/1 connection's last answer, or its start, to the end of the next head. So
    /// it is how long an idle connection is kept, too: longer than the idle timeout of a load
    /// balancer in front.
    pub head_read: Duration,
    /// From a request's head to the end of its body; later is answered with 408.
    pub body_read: Duration,
    /// How long a stream is silent before a comment keeps it alive.
    pub keep_alive: Duration,
    /// How long requests in flight may take once the gateway shuts down.
    pub drain: Duration,
}

/// The edge: a service, where its requests are recorded, its limits, and the admin API if there
/// is one.
pub struct Edge {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) access: Arc<dyn AccessSink>,
    pub(crate) limits: EdgeLimits,
    pub(crate) admin: Option<Arc<AdminParts>>,
    aborting: AtomicBool,
}

impl Edge {
    /// An edge, ready to be served.
    #[must_use]
    pub fn new(service: Arc<dyn Service>, access: Arc<dyn AccessSink>, limits: EdgeLimits) -> Self {
        Self { service, access, limits, admin: None, aborting: AtomicBool::new(false) }
    }

    /// With the admin API. Without it, its paths answer 404 and say how it is configured.
    #[must_use]
    pub fn with_admin(self, parts: AdminParts) -> Self {
        Self { admin: Some(Arc::new(parts)), ..self }
    }

    /// Notes that whatever is in flight now ends through us, not through its caller.
    pub(crate) fn note_abort(&self) {
        self.aborting.store(true, Ordering::Relaxed);
    }

    /// Whether requests are being aborted.
    pub(crate) fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::Relaxed)
    }
}
