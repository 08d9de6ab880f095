//! The access line: one a request, whatever became of it.
//!
//! It is written here rather than as an event, because `tracing-subscriber` collects the fields
//! of a JSON event into a sorted tree of values first, which costs several times what the whole
//! line may cost on this path. Level, filter, time format and queue are the same as for events.

mod fields;
mod line;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use exchange::{AccessRecord, AccessSink, Outcome, Severity};
use tracing::Level;

use crate::queue::LineQueue;
use crate::subscriber::Format;
use line::Line;

/// Writes the access line of each request into the log's queue.
pub struct AccessLog {
    format: Format,
    queue: LineQueue,
    reported_drops: AtomicUsize,
}

impl AccessLog {
    pub(crate) fn new(format: Format, queue: LineQueue) -> Self {
        Self { format, queue, reported_drops: AtomicUsize::new(0) }
    }

    /// Lines that found the log's queue full, since the start.
    #[must_use]
    pub fn dropped_lines(&self) -> usize {
        self.queue.dropped_lines()
    }

    /// The count of dropped lines, if it has grown since it was last asked for.
    fn news_of_drops(&self) -> Option<usize> {
        let dropped = self.dropped_lines();
        (self.reported_drops.swap(dropped, Ordering::Relaxed) != dropped).then_some(dropped)
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog").field("format", &self.format).finish_non_exhaustive()
    }
}

impl AccessSink for AccessLog {
    fn record(&self, record: AccessRecord) {
        let level = level_of(&record.outcome);
        if !is_on(level) {
            return;
        }
        let mut line = Line::begin(self.format, level);
        fields::write(&record, &mut line);
        if let Some(dropped) = self.news_of_drops() {
            line.number("log.dropped_lines", dropped as u64);
        }
        self.queue.push(&line.finish());
    }
}

fn level_of(outcome: &Outcome) -> Level {
    match outcome {
        Outcome::Completed | Outcome::Cancelled => Level::INFO,
        Outcome::Failed(failure) => match failure.kind().rule().severity {
            Severity::Info => Level::INFO,
            Severity::Warn => Level::WARN,
            Severity::Error => Level::ERROR,
        },
    }
}

/// Whether the filter lets the line through; its target is `access`, so that `access=warn` leaves
/// only what went wrong. The answer is remembered for each of the three places.
fn is_on(level: Level) -> bool {
    match level {
        Level::ERROR => tracing::enabled!(target: "access", Level::ERROR),
        Level::WARN => tracing::enabled!(target: "access", Level::WARN),
        _ => tracing::enabled!(target: "access", Level::INFO),
    }
}

#[cfg(test)]
mod tests;
