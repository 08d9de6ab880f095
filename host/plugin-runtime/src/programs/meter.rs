//! Memory and processor time of one run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use rustix::time::{ClockId, clock_gettime};
use wasmtime::ResourceLimiter;

const MAX_TABLE_ELEMENTS: usize = 100_000;
const MAX_TABLES: usize = 64;
const MAX_MEMORIES: usize = 8;
const MAX_INSTANCES: usize = 64;

/// Decides on each growth, and remembers that it refused one.
#[derive(Debug)]
pub(super) struct Meter {
    max_bytes: usize,
    bytes: usize,
    last_growth: usize,
    refused: bool,
}

impl Meter {
    pub(super) fn new(max_bytes: u64) -> Self {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        Self { max_bytes, bytes: 0, last_growth: 0, refused: false }
    }

    /// Whether more memory was asked for than there may be: the likely reason of a trap.
    pub(super) fn has_refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let wanted = self.bytes.saturating_add(growth);
        if wanted > self.max_bytes {
            self.refused = true;
            return Ok(false);
        }
        self.bytes = wanted;
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.bytes = self.bytes.saturating_sub(self.last_growth);
        self.last_growth = 0;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.refused |= desired > MAX_TABLE_ELEMENTS;
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

pin_project! {
    /// A program that may use so much processor time: that of the thread that polls it, while it
    /// does, the host's work for the program included. `None` if it used more.
    pub(super) struct Limited<F> {
        #[pin]
        program: F,
        left: Duration,
    }
}

impl<F> Limited<F> {
    pub(super) fn new(program: F, max_cpu: Duration) -> Self {
        Self { program, left: max_cpu }
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let before = processor_time();
        let polled = this.program.poll(context);
        let used = processor_time().saturating_sub(before);
        match this.left.checked_sub(used) {
            _ if polled.is_ready() => polled.map(Some),
            Some(left) => {
                *this.left = left;
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
