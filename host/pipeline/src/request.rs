//! What the edge hands in and gets back.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use exchange::{Failure, Operation, RequestId};
use futures_util::Stream;
use http::HeaderMap;

use crate::caller::Caller;
use crate::trace::Trace;

/// An authenticated request with its whole body.
pub struct CallerRequest {
    /// Which endpoint was called.
    pub operation: Operation,
    /// The canonical body, not yet parsed.
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

/// An answer that has begun well.
pub struct CallerReply {
    /// Provider that answered, for `x-patchbay-provider`.
    pub provider: Arc<str>,
    /// Attempts made, for `x-patchbay-attempts`.
    pub attempts: u32,
    /// Members that were not carried over, for `x-patchbay-dropped-params`.
    pub dropped: Vec<String>,
    /// Upstream headers on the allow-list.
    pub headers: HeaderMap,
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

/// Whole server-sent events, `data: [DONE]` included; or an `Err` as the last item, for which
/// the edge writes one error event and ends without `[DONE]`. Dropping it ends the upstream
/// exchange.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;
