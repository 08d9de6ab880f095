//! The upstream's body: how long it was waited for, and how it is collected.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use exchange::{Failure, UpstreamBody};
use futures_util::{Stream, StreamExt as _};

use crate::trace::Trace;

/// Longest the rest of a reply is read after its logical end, to keep the connection usable.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// A body that notes the time it was waited for.
pub(crate) struct TimedBody {
    inner: UpstreamBody,
    waiting_since: Option<Instant>,
    trace: Arc<Trace>,
}

impl TimedBody {
    pub(crate) fn new(inner: UpstreamBody, trace: Arc<Trace>) -> Self {
        Self { inner, waiting_since: None, trace }
    }

    /// Collects at most `limit` bytes and leaves the rest.
    ///
    /// # Errors
    /// What the body ended with, if it broke before the limit.
    pub(crate) async fn collect_at_most(&mut self, limit: usize) -> Result<Bytes, Failure> {
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        if first.len() >= limit {
            return Ok(first.slice(..limit));
        }
        let Some(second) = self.next().await.transpose()? else {
            return Ok(first);
        };
        let mut whole = BytesMut::with_capacity(first.len() + second.len());
        whole.extend_from_slice(&first);
        let mut chunk = second;
        loop {
            let room = limit - whole.len();
            whole.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if whole.len() == limit {
                return Ok(whole.freeze());
            }
            match self.next().await.transpose()? {
                Some(next) => chunk = next,
                None => return Ok(whole.freeze()),
            }
        }
    }

    /// Lets go of a body whose logical end was seen: reads on for a moment in the background,
    /// so that the connection can be used again, then drops it.
    pub(crate) fn release(mut self) {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.inner.poll_next_unpin(&mut context) {
            Poll::Ready(None | Some(Err(_))) => {}
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {
                // Bounded by time, holds one connection and nothing of the caller's.
                tokio::spawn(async move {
                    let drain = async { while let Some(Ok(_)) = self.inner.next().await {} };
                    drop(tokio::time::timeout(DRAIN_TIME, drain).await);
                });
            }
        }
    }
}

impl Stream for TimedBody {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = self.inner.poll_next_unpin(cx);
        if item.is_pending() {
            self.waiting_since.get_or_insert_with(Instant::now);
        } else if let Some(since) = self.waiting_since.take() {
            self.trace.note(|notes| notes.upstream += since.elapsed());
        }
        item
    }
}
