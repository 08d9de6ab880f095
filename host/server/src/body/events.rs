//! A body of server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use exchange::Outcome;
use http_body::{Body, Frame};
use pipeline::{Broken, ReplyStream};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::containment::contained;
use crate::reply;
use crate::visit::Visit;

/// A comment, which every reader of server-sent events passes over (HTML standard, 9.2.6).
const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Relays a stream, fills its silences with comments, and turns a failure into one last event.
/// Dropping it drops the stream, which ends the upstream exchange.
pub(crate) struct EventBody {
    /// `None` once the answer has ended.
    open: Option<Open>,
}

struct Open {
    stream: ReplyStream,
    visit: Visit,
    silence: Silence,
}

impl EventBody {
    /// The body of an answer that has begun well.
    pub(crate) fn new(stream: ReplyStream, visit: Visit) -> Self {
        let silence = Silence::new(visit.keep_alive());
        Self { open: Some(Open { stream, visit, silence }) }
    }

    fn close(&mut self, outcome: Outcome) {
        if let Some(mut open) = self.open.take() {
            open.visit.note_outcome(outcome);
        }
    }

    fn close_with(&mut self, Broken { failure, last_words }: Broken) -> Bytes {
        let event = last_words.unwrap_or_else(|| reply::error_event(&failure));
        if let Some(open) = &mut self.open {
            open.visit.note_sent(event.len());
        }
        self.close(Outcome::Failed(failure));
        event
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(open) = &mut self.open else {
            return Poll::Ready(None);
        };
        let next = contained(|| open.stream.as_mut().poll_next(cx));
        let bytes = match next {
            Ok(Poll::Ready(Some(Ok(chunk)))) => {
                open.silence.end();
                open.visit.note_sent(chunk.len());
                chunk
            }
            Ok(Poll::Pending) => {
                if open.silence.poll_comment(cx).is_pending() {
                    return Poll::Pending;
                }
                open.visit.note_sent(KEEP_ALIVE.len());
                KEEP_ALIVE
            }
            Ok(Poll::Ready(None)) => {
                self.close(Outcome::Completed);
                return Poll::Ready(None);
            }
            Ok(Poll::Ready(Some(Err(broken)))) => self.close_with(broken),
            Err(failure) => self.close_with(failure.into()),
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.open.is_none()
    }
}

/// Measures silence without touching a timer for each chunk: the timer is set once and, when it
/// fires, moved to where the latest silence will have lasted long enough.
struct Silence {
    longest: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    fn new(longest: Duration) -> Self {
        Self { longest, since: None, timer: None }
    }

    /// Something was sent.
    fn end(&mut self) {
        self.since = None;
    }

    /// Ready when a comment is due.
    fn poll_comment(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = *self.since.get_or_insert_with(Instant::now) + self.longest;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                self.since = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
