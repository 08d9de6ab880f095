//! The body of a reply: deadlines and cap over the client's stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use exchange::Failure;
use futures_util::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::problem;
use crate::deadline::{Deadline, DeadlineKind};

/// What a body must keep to.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplyLimits {
    /// The whole exchange.
    pub(super) total: Deadline,
    /// Between asking for bytes and getting some. Time in which nobody asks does not count.
    pub(super) idle: Duration,
    /// Most bytes, decoded.
    pub(super) max_bytes: u64,
}

pin_project! {
    /// Yields the body; after an error, or its end, the connection is let go at once and nothing
    /// follows.
    ///
    /// One timer serves the whole body. It is armed at the first wait and moved only when it
    /// fires too early, so that a chunk costs no timer operation.
    pub(super) struct ReplyBody<S> {
        #[pin]
        inner: Option<S>,
        #[pin]
        timer: Sleep,
        limits: ReplyLimits,
        received: u64,
        waiting_since: Option<Instant>,
    }
}

impl<S> ReplyBody<S> {
    pub(super) fn new(inner: S, limits: ReplyLimits) -> Self {
        Self {
            inner: Some(inner),
            timer: sleep_until(limits.total.at),
            limits,
            received: 0,
            waiting_since: None,
        }
    }

    /// Waits for the earlier one of the idle and the total deadline.
    fn poll_deadline(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Failure> {
        let mut this = self.project();
        let since = *this.waiting_since.get_or_insert_with(Instant::now);
        let next =
            Deadline::after(since, DeadlineKind::Idle, this.limits.idle).earlier(this.limits.total);
        if next.at < this.timer.deadline() {
            this.timer.as_mut().reset(next.at);
        }
        loop {
            ready!(this.timer.as_mut().poll(context));
            if Instant::now() >= next.at {
                return Poll::Ready(next.failure());
            }
            this.timer.as_mut().reset(next.at);
        }
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>>> ReplyBody<S> {
    fn poll_bytes(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Failure>>> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(chunk) = ready!(inner.poll_next(context)) else {
            return Poll::Ready(None);
        };
        *this.waiting_since = None;
        Poll::Ready(Some(chunk.map_err(problem::within_body).and_then(|chunk| {
            *this.received = this.received.saturating_add(chunk.len() as u64);
            if *this.received > this.limits.max_bytes {
                Err(problem::over_cap(this.limits.max_bytes))
            } else if Instant::now() >= this.limits.total.at {
                Err(this.limits.total.failure())
            } else {
                Ok(chunk)
            }
        })))
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>>> Stream for ReplyBody<S> {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = match self.as_mut().poll_bytes(context) {
            Poll::Ready(item) => item,
            Poll::Pending => Some(Err(ready!(self.as_mut().poll_deadline(context)))),
        };
        if !matches!(item, Some(Ok(_))) {
            self.project().inner.set(None);
        }
        Poll::Ready(item)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;

    use exchange::FailureKind;
    use futures_util::{StreamExt, stream};
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(total: Duration, idle: Duration) -> ReplyLimits {
        ReplyLimits {
            total: Deadline::after(Instant::now(), DeadlineKind::Total, total),
            idle,
            max_bytes: 1000,
        }
    }

    /// A byte after every pause.
    fn drip(count: usize, pause: Duration) -> impl Stream<Item = reqwest::Result<Bytes>> {
        stream::iter(0..count).then(move |_| async move {
            sleep(pause).await;
            Ok(Bytes::from_static(b"x"))
        })
    }

    /// Bytes that came, and the failure after them.
    async fn read(
        inner: impl Stream<Item = reqwest::Result<Bytes>>,
        limits: ReplyLimits,
    ) -> (usize, Option<Failure>) {
        let mut body = Box::pin(ReplyBody::new(inner, limits));
        let mut count = 0;
        while let Some(item) = body.next().await {
            match item {
                Ok(chunk) => count += chunk.len(),
                Err(failure) => return (count, Some(failure)),
            }
        }
        (count, None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_within_the_idle_timeout_goes_on() {
        let (count, failure) = read(drip(50, SECOND * 9), limits(SECOND * 1000, SECOND * 10)).await;
        assert_eq!(count, 50);
        assert!(failure.is_none(), "{failure:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_over_the_idle_timeout_ends_the_body() {
        let paces = stream::iter([9, 9, 11]).then(|seconds| async move {
            sleep(SECOND * seconds).await;
            Ok(Bytes::from_static(b"x"))
        });
        let (count, failure) = read(paces, limits(SECOND * 1000, SECOND * 10)).await;
        assert_eq!(count, 2);
        assert!(failure.unwrap().message().contains("idle timeout of 10s"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_does_not_outlive_the_total_timeout() {
        let (count, failure) = read(drip(50, SECOND * 3), limits(SECOND * 100, SECOND * 10)).await;
        assert_eq!(count, 33);
        let failure = failure.unwrap();
        assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
        assert!(failure.message().contains("total timeout of 100s"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_does_not_outlive_the_total_timeout() {
        let flood = stream::repeat_with(|| Ok(Bytes::new()));
        let limits = limits(SECOND, SECOND * 10);
        sleep(SECOND * 2).await;
        let (_, failure) = read(flood, limits).await;
        assert!(failure.unwrap().message().contains("total timeout of 1s"));
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_reads_is_not_idle() {
        let limits = limits(SECOND * 1000, SECOND * 10);
        let chunks = stream::iter([Ok(Bytes::from_static(b"x")), Ok(Bytes::from_static(b"y"))]);
        let mut body = Box::pin(ReplyBody::new(chunks, limits));
        assert_eq!(body.next().await.unwrap().unwrap(), "x");
        sleep(SECOND * 100).await;
        assert_eq!(body.next().await.unwrap().unwrap(), "y");
    }

    #[tokio::test(start_paused = true)]
    async fn the_connection_is_let_go_with_the_failure() {
        let connection = Arc::new(());
        let held = Arc::clone(&connection);
        let silent = stream::once(async move {
            let _held = held;
            pending().await
        });
        let mut body = Box::pin(ReplyBody::new(silent, limits(SECOND, SECOND)));
        assert!(body.next().await.unwrap().is_err());
        assert_eq!(Arc::strong_count(&connection), 1);
        assert!(body.next().await.is_none());
    }
}
