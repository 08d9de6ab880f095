//! Counts what goes through the program's end of a connection, and when something did.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use crate::deadline::{Deadline, DeadlineKind};

/// Bytes of a run.
pub(super) struct Meter {
    spent: AtomicU64,
    limit: u64,
}

impl Meter {
    pub(super) const fn new(limit: u64) -> Self {
        Self { spent: AtomicU64::new(0), limit }
    }

    fn spend(&self, bytes: usize) -> io::Result<()> {
        let before = self.spent.fetch_add(bytes as u64, Ordering::Relaxed);
        if before.saturating_add(bytes as u64) <= self.limit {
            return Ok(());
        }
        Err(io::Error::other("the run has moved all the bytes that it may"))
    }

    /// Whether no byte is left.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed) >= self.limit
    }
}

/// When a connection was last used.
pub(super) struct Activity(Mutex<Instant>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Instant::now())))
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing has happened for so long.
    pub(super) async fn ceased(&self, idle: Duration) {
        loop {
            let end = Deadline::after(self.last(), DeadlineKind::Idle, idle).at;
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }
}

pin_project! {
    /// The program's end of a connection.
    pub(super) struct Metered<S> {
        #[pin]
        stream: S,
        meter: Arc<Meter>,
        activity: Arc<Activity>,
    }
}

impl<S> Metered<S> {
    pub(super) const fn new(stream: S, meter: Arc<Meter>, activity: Arc<Activity>) -> Self {
        Self { stream, meter, activity }
    }
}

impl<S: AsyncRead> AsyncRead for Metered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = self.project();
        let before = buffer.filled().len();
        ready!(own.stream.poll_read(context, buffer))?;
        own.activity.note();
        Poll::Ready(own.meter.spend(buffer.filled().len() - before))
    }
}

impl<S: AsyncWrite> AsyncWrite for Metered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let own = self.project();
        let count = ready!(own.stream.poll_write(context, bytes))?;
        own.activity.note();
        Poll::Ready(own.meter.spend(count).map(|()| count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn bytes_of_both_ways_are_counted_up_to_the_limit() {
        let (mut program, stream) = duplex(64);
        let meter = Arc::new(Meter::new(6));
        let mut metered = Metered::new(stream, Arc::clone(&meter), Activity::new());
        program.write_all(b"abc").await.unwrap();
        let mut buffer = [0; 3];
        metered.read_exact(&mut buffer).await.unwrap();
        metered.write_all(b"def").await.unwrap();
        assert!(meter.is_spent());
        assert!(metered.write_all(b"g").await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_byte_on() {
        let (mut program, stream) = duplex(64);
        let activity = Activity::new();
        let mut metered = Metered::new(stream, Arc::new(Meter::new(100)), Arc::clone(&activity));
        let started = Instant::now();
        let used = async {
            sleep_until(started + Duration::from_secs(3)).await;
            program.write_all(b"x").await.unwrap();
            let mut buffer = [0; 1];
            metered.read_exact(&mut buffer).await.unwrap();
        };
        tokio::join!(used, activity.ceased(Duration::from_secs(5)));
        assert_eq!(started.elapsed(), Duration::from_secs(8));
    }
}
