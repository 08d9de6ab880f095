//! A body whose every event is a write of its own.
//!
//! hyper gathers frames until the body is not ready, and only then writes. So the body says
//! "not ready" after each event, and each event reaches the far end as its own chunk, as the
//! tokens of a model do.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

/// The events of one reply.
pub(crate) struct FlushedBody {
    events: Arc<[Bytes]>,
    sent: usize,
    pacing: Pacing,
    pause: Pause,
}

/// How long the body waits between two events, beyond flushing each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pacing {
    /// Not at all.
    Burst,
    /// This long, each time.
    Each(Duration),
    /// This long after the first event, not at all after the others.
    First(Duration),
}

enum Pause {
    /// Nothing to wait for.
    Over,
    /// Not ready once, ready when polled again.
    Flush,
    /// Not ready until the timer has run out.
    Timer(Pin<Box<Sleep>>),
}

impl FlushedBody {
    /// Sends `events` at a pace.
    pub(crate) fn new(events: Arc<[Bytes]>, pacing: Pacing) -> Self {
        Self { events, sent: 0, pacing, pause: Pause::Over }
    }
}

impl Pacing {
    fn pause_after(self, sent: usize) -> Pause {
        match self {
            Self::First(length) if sent == 1 => Pause::Timer(Box::pin(sleep(length))),
            Self::Each(length) => Pause::Timer(Box::pin(sleep(length))),
            Self::Burst | Self::First(_) => Pause::Flush,
        }
    }
}

impl Pause {
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Over => Poll::Ready(()),
            Self::Flush => {
                *self = Self::Over;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Timer(timer) => timer.as_mut().poll(context),
        }
    }
}

impl Body for FlushedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let Some(event) = this.events.get(this.sent) else {
            return Poll::Ready(None);
        };
        if this.pause.poll_over(context).is_pending() {
            return Poll::Pending;
        }
        this.sent += 1;
        this.pause = this.pacing.pause_after(this.sent);
        Poll::Ready(Some(Ok(Frame::data(event.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent >= self.events.len()
    }
}
