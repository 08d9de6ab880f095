//! What the edge needs of the rest of the gateway.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Entrance, Failure};
use pipeline::{Caller, CallerReply, CallerRequest};

/// The gateway behind the edge.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// Finds the holder of an API key. Must not wait for anything.
    ///
    /// # Errors
    /// `Unauthenticated`.
    fn authenticate(&self, key: &str) -> Result<Caller, Failure>;

    /// The client API behind a path that is none of the edge's own, if a plugin speaks it. Must
    /// not wait for anything.
    fn entrance(&self, path: &str) -> Option<Entrance>;

    /// Answers one request. Dropping the future, or the reply's stream, ends all work on it.
    ///
    /// # Errors
    /// Why there is no answer; the edge turns it into the reply.
    async fn run(&self, request: CallerRequest) -> Result<CallerReply, Failure>;

    /// The models a caller may use, in the order in which they are to be listed.
    fn models(&self, caller: &Caller) -> Vec<ModelEntry>;

    /// Whether requests can be answered now, from what is known already.
    fn readiness(&self) -> Readiness;
}

/// One entry of `GET /v1/models`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// The public name; may contain `/`.
    pub id: Arc<str>,
    /// Seconds since the Unix epoch.
    pub created: u64,
    /// Who offers it.
    pub owned_by: String,
}

/// The answer to `GET /health/ready`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether traffic should be sent here.
    pub ready: bool,
    /// What was looked at.
    pub checks: Vec<ReadinessCheck>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessCheck {
    /// What it is: `plugins`, `providers`.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// Why not, or what to know. Anyone may read it: no secret, no internal address.
    pub reason: Option<String>,
}
