//! Logs: how they are filtered, formatted and written, and the one line a request.
//!
//! Owns the way from an event to standard error. Every line goes through one bounded queue to
//! one thread: whoever logs never waits for whoever reads. When the queue is full the line is
//! dropped and counted; the next access line carries the count as `log.dropped_lines`.
//!
//! Promises that no line can be forged and no terminal driven by what a caller, provider or
//! plugin says: control characters are escaped. Knows no prompt, no key and no body, because
//! [`exchange::AccessRecord`] holds none. Metrics are not here; they will be another
//! [`exchange::AccessSink`] beside [`AccessLog`].

mod access;
mod queue;
mod subscriber;

pub use access::AccessLog;
pub use queue::Flush;
pub use subscriber::{Format, LogSettings, Logs, TelemetryProblem, start};
