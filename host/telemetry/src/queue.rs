//! The bounded queue between those who log and standard error.

use std::io::{self, BufWriter, Write};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait; a line has about 500 bytes, so a blocked reader costs a few megabytes.
const MAX_QUEUED_LINES: usize = 8192;

/// Bytes that one write to the target carries at most, unless one line is longer.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;

/// Keeps the writing thread. Dropping it writes what is queued, for at most a second.
#[must_use = "lines are lost once this is dropped"]
pub struct Flush {
    _worker: WorkerGuard,
}

/// Where lines go. Cloned for each writer; all share one queue.
#[derive(Clone)]
pub(crate) struct LineQueue {
    lines: NonBlocking,
    dropped: ErrorCounter,
}

impl LineQueue {
    /// A queue to standard error.
    pub(crate) fn to_standard_error() -> (Self, Flush) {
        Self::new(io::stderr(), MAX_QUEUED_LINES)
    }

    /// A queue to any target. When `max_lines` wait, further ones are dropped and counted.
    pub(crate) fn new(target: impl Write + Send + 'static, max_lines: usize) -> (Self, Flush) {
        // The thread flushes whenever it has caught up, so the buffer joins lines under load
        // and delays none.
        let target = BufWriter::with_capacity(WRITE_BUFFER_BYTES, target);
        let (lines, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(max_lines)
            .lossy(true)
            .thread_name("log-writer")
            .finish(target);
        let dropped = lines.error_counter();
        (Self { lines, dropped }, Flush { _worker: worker })
    }

    /// Queues one whole line, or drops and counts it.
    pub(crate) fn push(&self, line: &[u8]) {
        // A lossy queue never fails: what does not fit is counted.
        let _ = self.lines.clone().write(line);
    }

    /// Lines dropped since the start.
    pub(crate) fn dropped_lines(&self) -> usize {
        self.dropped.dropped_lines()
    }
}

impl<'a> MakeWriter<'a> for LineQueue {
    type Writer = NonBlocking;

    fn make_writer(&'a self) -> Self::Writer {
        self.lines.clone()
    }
}

#[cfg(test)]
pub(crate) mod capture {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        /// Everything so far. Drop the queue's [`Flush`] first.
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes each write only when it is told to go on.
    struct Blocked(mpsc::Receiver<()>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_queue_drops_and_counts_instead_of_waiting() {
        let (go_on, gate) = mpsc::channel();
        let (queue, flush) = LineQueue::new(Blocked(gate), 1);
        // One line may be in the thread's hands and one in the queue.
        for _ in 0..5 {
            queue.push(b"line\n");
        }
        assert!(queue.dropped_lines() >= 3, "{}", queue.dropped_lines());
        drop(go_on);
        drop(flush);
    }
}
