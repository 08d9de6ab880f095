//! A second generation of a plugin that takes a share of the exchanges.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    DecodedRequest, DialectReply, Failure, GenerationId, IngressDialect, IngressExchange,
    RequestHead, RequestId,
};

use super::table::Entry;

/// What one request has to do with a canary is decided by its id alone: all its attempts, and
/// both sides of a dialect, meet the same generation.
#[derive(Clone)]
pub(crate) struct Canary {
    pub(crate) entry: Arc<Entry>,
    /// How many of a thousand exchanges it takes.
    pub(crate) share_permille: u16,
}

impl Canary {
    /// Whether the canary serves a request. Another canary would serve other requests.
    pub(super) fn serves(&self, request: &RequestId) -> bool {
        let mut hasher = DefaultHasher::new();
        self.entry.digest.as_str().hash(&mut hasher);
        request.as_str().hash(&mut hasher);
        hasher.finish() % 1000 < self.share_permille.into()
    }
}

/// A client API of two generations. What belongs to no request is the old one's.
pub(super) struct SharedIngress {
    pub(super) old: Arc<dyn IngressDialect>,
    pub(super) new: Arc<dyn IngressDialect>,
    pub(super) canary: Canary,
}

impl SharedIngress {
    fn of(&self, request: &RequestId) -> &dyn IngressDialect {
        if self.canary.serves(request) { &*self.new } else { &*self.old }
    }
}

#[async_trait]
impl IngressDialect for SharedIngress {
    fn generation(&self) -> GenerationId {
        self.old.generation()
    }

    async fn decode(
        &self,
        head: &RequestHead,
        body: Bytes,
        request_id: RequestId,
    ) -> Result<DecodedRequest, Failure> {
        self.of(&request_id).decode(head, body, request_id.clone()).await
    }

    fn open(&self, request_id: RequestId) -> Box<dyn IngressExchange> {
        self.of(&request_id).open(request_id.clone())
    }

    async fn fail(&self, failure: &Failure) -> Result<DialectReply, Failure> {
        self.old.fail(failure).await
    }
}
