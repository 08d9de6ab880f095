//! What the edge hands in and gets back.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use exchange::{Entrance, Failure, Operation, RequestHead, RequestId};
use futures_util::Stream;
use http::{HeaderMap, HeaderValue};

use crate::caller::Caller;
use crate::trace::Trace;

/// An authenticated request with its whole body.
pub struct CallerRequest {
    /// Which endpoint was called.
    pub asked: Asked,
    /// The body, not yet parsed.
    pub body: Bytes,
    /// Who calls.
    pub caller: Caller,
    /// The request's id, sent upstream too.
    pub request_id: RequestId,
    /// The caller's headers that policy forwards; nothing else of the caller's goes upstream.
    pub forwarded: HeaderMap,
    /// Where the pipeline notes what happened.
    pub trace: Arc<Trace>,
}

/// What was called, and in which language.
#[derive(Clone, Debug)]
pub enum Asked {
    /// One of OpenAI's own endpoints: the body is canonical.
    Canonical(Operation),
    /// A client API that a plugin speaks.
    InDialect {
        /// The endpoint and its plugin.
        entrance: Entrance,
        /// Path and those headers that the plugin may see.
        head: RequestHead,
    },
}

/// An answer that has begun well.
pub struct CallerReply {
    /// Provider that answered, for `x-patchbay-provider`.
    pub provider: Arc<str>,
    /// Attempts made, for `x-patchbay-attempts`.
    pub attempts: u32,
    /// Members that were not carried over, for `x-patchbay-dropped-params`.
    pub dropped: Vec<String>,
    /// Upstream headers on the allow-list, and those of the caller's dialect.
    pub headers: HeaderMap,
    /// Where it is not the usual one of the body.
    pub content_type: Option<HeaderValue>,
    /// The body.
    pub body: ReplyBody,
}

/// The body of an answer.
pub enum ReplyBody {
    /// One JSON document.
    Complete(Bytes),
    /// `text/event-stream`.
    Stream(ReplyStream),
}

/// Whole events; or an `Err` as the last item, after which nothing is written but its last words.
/// Dropping it ends the upstream exchange.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send>>;

/// How a stream ended that did not end well.
#[derive(Debug)]
pub struct Broken {
    /// Why.
    pub failure: Failure,
    /// What the caller is told, in its dialect. `None`: the edge writes OpenAI's error event.
    pub last_words: Option<Bytes>,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self { failure, last_words: None }
    }
}
