//! The exchanges that use one generation, and the end of its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Counts a generation's open exchanges.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    open: AtomicUsize,
    ended: AtomicBool,
}

/// One open exchange. Counted until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenExchange(Arc<Exchanges>);

impl Exchanges {
    pub(crate) fn begin(self: &Arc<Self>) -> OpenExchange {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenExchange(Arc::clone(self))
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Lets no further call begin. Calls under way end at their own deadline.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(crate) fn are_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
