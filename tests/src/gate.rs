//! A gate that holds a scripted reply until the test opens it.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Closed until opened; then open for good. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    /// Lets everyone through who waits or comes later.
    pub fn open(&self) {
        self.0.close();
    }

    pub(crate) async fn pass(&self) {
        // A closed semaphore is an open gate: the error is the signal.
        let _ = self.0.acquire().await;
    }
}
