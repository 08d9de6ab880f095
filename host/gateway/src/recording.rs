//! Exchanges that are kept, so that another version of a plugin can be asked the same.
//!
//! Owns the way from the pipeline's port to files, and back to what a plugin is asked with:
//! [`mask`] says what may be written down, [`mod@line`] writes one exchange, [`shelf`] keeps files
//! within their bounds, [`kept`] reads them. One thread masks and writes. It has a short queue: where
//! that is full, exchanges are dropped and counted, and no request waits.

mod kept;
mod line;
mod mask;
mod shelf;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use exchange::{RecordedExchange, RecordingPort};
use tracing::{info, warn};

use crate::configuration::RecordingSettings;
pub(crate) use kept::{Asked, KeptExchanges};
use shelf::{Bounds, Shelf};

/// Exchanges that wait to be written.
const MAX_WAITING: usize = 32;

/// How often old exchanges are looked for, and losses told.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Keeps exchanges in files.
pub(crate) struct Recorder {
    intake: Arc<Intake>,
    writer: JoinHandle<()>,
}

/// The pipeline's end.
struct Intake {
    orders: SyncSender<Order>,
    max_exchange_bytes: usize,
    counts: Arc<Counts>,
}

/// What the writer is told. An exchange is large, and most of the time there is none.
enum Order {
    Keep(Box<RecordedExchange>),
    Stop,
}

/// What became of exchanges.
#[derive(Default)]
struct Counts {
    kept: AtomicU64,
    /// The writer was busy, or the files could not be written.
    dropped: AtomicU64,
    too_large: AtomicU64,
}

impl Recorder {
    /// Opens the directory and starts the writer.
    ///
    /// # Errors
    /// If nothing can be kept there, with what to do.
    pub(crate) fn start(settings: &RecordingSettings) -> anyhow::Result<Self> {
        let bounds = Bounds {
            bytes: settings.max_bytes,
            exchanges: settings.max_exchanges,
            age: settings.max_age,
        };
        let shelf = Shelf::open(&settings.directory, bounds)
            .with_context(|| format!("recording.directory {}", settings.directory.display()))?;
        let (orders, taken) = sync_channel(MAX_WAITING);
        let counts = Arc::new(Counts::default());
        let texts = settings.texts;
        let writer = Writer { shelf, texts, counts: Arc::clone(&counts), told: Instant::now() };
        let writer = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || writer.write_until_told(&taken))
            .context("the recorder's thread cannot be started")?;
        let max_exchange_bytes = usize::try_from(settings.max_exchange_bytes).unwrap_or(usize::MAX);
        Ok(Self { intake: Arc::new(Intake { orders, max_exchange_bytes, counts }), writer })
    }

    /// Where the pipeline hands exchanges over.
    pub(crate) fn port(&self) -> Arc<dyn RecordingPort> {
        Arc::clone(&self.intake) as Arc<dyn RecordingPort>
    }

    /// Writes what waits and ends. Blocks; not for a task's thread.
    pub(crate) fn stop(self) {
        // A writer that is gone already needs not be told.
        let _ = self.intake.orders.send(Order::Stop);
        if self.writer.join().is_err() {
            warn!("the recorder ended with a panic; its log says where");
        }
    }
}

impl RecordingPort for Intake {
    fn max_exchange_bytes(&self) -> usize {
        self.max_exchange_bytes
    }

    fn record(&self, exchange: RecordedExchange) {
        if self.orders.try_send(Order::Keep(Box::new(exchange))).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn leave_out(&self) {
        self.counts.too_large.fetch_add(1, Ordering::Relaxed);
    }
}

/// The thread that masks and writes.
struct Writer {
    shelf: Shelf,
    texts: crate::configuration::RecordedTexts,
    counts: Arc<Counts>,
    /// When losses were told last.
    told: Instant,
}

impl Writer {
    fn write_until_told(mut self, orders: &Receiver<Order>) {
        let mut lost = 0;
        loop {
            match orders.recv_timeout(LOOK_EVERY) {
                Ok(Order::Keep(exchange)) => self.keep(&exchange),
                Err(RecvTimeoutError::Timeout) => self.shelf.expire(SystemTime::now()),
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.told.elapsed() >= LOOK_EVERY {
                self.told = Instant::now();
                let dropped = self.counts.dropped.load(Ordering::Relaxed);
                if dropped > lost {
                    warn!(dropped = dropped - lost, "exchanges were not recorded");
                    lost = dropped;
                }
            }
        }
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { kept, dropped, too_large } = &*self.counts;
        info!(
            kept = count(kept),
            dropped = count(dropped),
            too_large = count(too_large),
            "recording has ended"
        );
    }

    fn keep(&mut self, exchange: &RecordedExchange) {
        let now = SystemTime::now();
        let line = line::of(exchange, self.texts, now);
        let counter = match self.shelf.put(line.as_bytes(), now) {
            Ok(true) => &self.counts.kept,
            Ok(false) => &self.counts.too_large,
            Err(error) => {
                warn!("an exchange cannot be recorded: {error}");
                &self.counts.dropped
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
