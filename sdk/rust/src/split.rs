//! Splitters: bytes cut anywhere become whole events, lines and characters.
//!
//! A decoder gets the transport's read buffers as they come. Each splitter here keeps what is not
//! finished and gives the same result for every slicing of the same bytes. Each is bounded: an
//! upstream that never ends a line fails instead of filling the memory.

mod aws_event_stream;
mod line;
mod sse;
mod utf8;

pub use aws_event_stream::{AwsEventSplitter, AwsHeaderValue, AwsMessage};
pub use line::LineSplitter;
pub use sse::{SseEvent, SseSplitter};
pub use utf8::Utf8Splitter;

/// A limit for one event or line that no dialect needs to exceed: 16 MiB.
pub const DEFAULT_MAX_BYTES: usize = 16 * 1024 * 1024;
