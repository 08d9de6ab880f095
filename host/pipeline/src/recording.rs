//! What is noted of an exchange while it goes on, for the recorder.
//!
//! A provider that is not recorded costs one look at an `Option`. Of one that is, the bodies are
//! shared, and the reply is copied as it comes in, up to the recorder's limit. The recording is
//! handed over when its reader has let go of it: only then is known how far the reply was read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use exchange::{
    Ending, Failure, RecordedExchange, RecordedReply, RecordedRequest, RecordingPort, UpstreamBody,
    UpstreamReply,
};
use futures_util::{Stream, StreamExt as _};

use crate::request::{Asked, CallerRequest};

/// One exchange that is being recorded. Dropping it hands it over: the last step of an attempt,
/// however it ended. The recorder does not wait.
pub(crate) struct Recording {
    port: Arc<dyn RecordingPort>,
    /// Gone once it was handed over or has become too large.
    exchange: Option<RecordedExchange>,
    /// How many bytes may still come.
    room: usize,
}

impl Recording {
    /// Begins with what the plugins are asked.
    pub(crate) fn begin(port: &Arc<dyn RecordingPort>, exchange: RecordedExchange) -> Self {
        let mut recording =
            Self { port: Arc::clone(port), exchange: None, room: port.max_exchange_bytes() };
        let bodies = [
            exchange.canonical.as_ref().map_or(0, Bytes::len),
            exchange.ingress.as_ref().map_or(0, |request| request.body.len()),
        ];
        recording.exchange = Some(exchange);
        recording.take_room(bodies.into_iter().sum());
        recording
    }

    /// Notes something, unless the exchange is too large by now.
    pub(crate) fn note(&mut self, note: impl FnOnce(&mut RecordedExchange)) {
        if let Some(exchange) = &mut self.exchange {
            note(exchange);
        }
    }

    /// The same reply; what is read of it is recorded.
    pub(crate) fn follow(mut self, reply: UpstreamReply) -> UpstreamReply {
        let UpstreamReply { head, body, sent_secrets } = reply;
        self.note(|exchange| {
            exchange.secrets = sent_secrets.clone();
            exchange.reply = Some(RecordedReply {
                head: head.clone(),
                body: Bytes::new(),
                ending: Ending::Broken,
            });
        });
        let body = Followed { inner: body, read: BytesMut::new(), recording: self };
        UpstreamReply { head, body: Box::pin(body), sent_secrets }
    }

    /// Whether there was room for as many bytes; if not, nothing is recorded.
    fn take_room(&mut self, bytes: usize) -> bool {
        match self.room.checked_sub(bytes) {
            Some(rest) => self.room = rest,
            None => {
                if self.exchange.take().is_some() {
                    self.port.leave_out();
                }
            }
        }
        self.exchange.is_some()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            self.port.record(exchange);
        }
    }
}

/// A caller's request, where a plugin read it.
pub(crate) fn ingress_of(request: &CallerRequest) -> Option<RecordedRequest> {
    match &request.asked {
        Asked::Canonical(_) => None,
        Asked::InDialect { entrance, head } => Some(RecordedRequest {
            dialect: Arc::clone(&entrance.dialect),
            head: head.clone(),
            body: request.body.clone(),
        }),
    }
}

/// A body that is copied while it is read.
struct Followed {
    inner: UpstreamBody,
    read: BytesMut,
    recording: Recording,
}

impl Stream for Followed {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = self.inner.poll_next_unpin(cx);
        match &item {
            Poll::Ready(Some(Ok(chunk))) if self.recording.take_room(chunk.len()) => {
                self.read.extend_from_slice(chunk);
            }
            // What was copied of a reply that is too large.
            Poll::Ready(Some(Ok(_))) => self.read = BytesMut::new(),
            Poll::Ready(None) => self.end(Ending::Clean),
            Poll::Ready(Some(Err(_))) => self.end(Ending::Broken),
            Poll::Pending => {}
        }
        item
    }
}

impl Followed {
    /// Puts what was read into the recording, once.
    fn end(&mut self, ending: Ending) {
        let body = std::mem::take(&mut self.read).freeze();
        self.recording.note(|exchange| {
            if let Some(reply) = &mut exchange.reply {
                (reply.body, reply.ending) = (body, ending);
            }
        });
        if let Some(exchange) = self.recording.exchange.take() {
            self.recording.port.record(exchange);
        }
    }
}

impl Drop for Followed {
    /// Whoever read it has heard enough, or has failed: what it read is what a decoder has to
    /// answer to.
    fn drop(&mut self) {
        self.end(Ending::Broken);
    }
}
