//! Waiting for sled's log.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use sled::Db;

/// Longest wait for the disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// When to flush again. sled forgets to wake who waits if the disk refuses the end of a segment;
/// another flush does wake it.
const NUDGE: Duration = Duration::from_secs(1);

/// Returns when all that was written before has gone through the log, or cannot.
///
/// A plain `flush` could wait for ever, see [`NUDGE`].
pub(super) fn settle(db: &Db) -> io::Result<()> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let mut flush = pin!(db.flush_async());
        let nudge = Instant::now() + NUDGE;
        loop {
            if let Poll::Ready(flushed) = flush.as_mut().poll(&mut context) {
                return flushed.map(drop).map_err(io::Error::from);
            }
            let Some(left) = nudge.checked_duration_since(Instant::now()) else { break };
            thread::park_timeout(left);
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer"))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
