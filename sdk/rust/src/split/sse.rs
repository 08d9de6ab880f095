//! Server-sent events, as the WHATWG HTML standard says in section 9.2.6.

use openai_api::sse::{Event, EventReader};

use crate::failure::Failure;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type, from `event:`; none means "message".
    pub event: Option<String>,
    /// Its data: the lines of `data:`, joined by LF.
    pub data: Vec<u8>,
    /// Its own `id:`.
    pub id: Option<String>,
    /// Its own `retry:`, in milliseconds.
    pub retry_ms: Option<u64>,
}

impl SseEvent {
    /// An event without data is none: a comment, or fields alone.
    fn read(event: &Event<'_>) -> Option<Self> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let mut read = Self {
            // An empty type is none, as the standard says.
            event: event.name().filter(|name| !name.is_empty()).map(text),
            data: event.data()?.into_owned(),
            ..Self::default()
        };
        for (name, value) in event.fields() {
            match name {
                b"id" if !value.contains(&0) => read.id = Some(text(value)),
                b"retry" if value.iter().all(u8::is_ascii_digit) => {
                    read.retry_ms = text(value).parse().ok();
                }
                _ => {}
            }
        }
        Some(read)
    }
}

/// Splits bytes into events.
///
/// Takes a byte order mark, LF, CRLF and CR as line ends, comments, data of many lines and
/// fields it does not know. An event without data is no event.
///
/// ```
/// use patchbay_sdk::split::SseSplitter;
///
/// let mut events = SseSplitter::default();
/// assert!(events.push(b": hello\nevent: tick\nda").unwrap().is_empty());
/// let ticks = events.push(b"ta: 1\n\n").unwrap();
/// assert_eq!(ticks[0].event.as_deref(), Some("tick"));
/// assert_eq!(ticks[0].data, b"1");
/// ```
#[derive(Debug)]
pub struct SseSplitter(EventReader);

impl SseSplitter {
    /// A splitter that refuses events over `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self(EventReader::new(max_bytes))
    }

    /// Takes the next bytes, returns the events that are finished.
    ///
    /// # Errors
    /// `upstream-error` for an event over the limit.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<SseEvent>, Failure> {
        let mut found = Vec::new();
        let mut events = self.0.feed(chunk);
        loop {
            match events.next_event() {
                Ok(Some(event)) => found.extend(SseEvent::read(&event)),
                Ok(None) => return Ok(found),
                Err(problem) => return Err(Failure::upstream(problem.to_string())),
            }
        }
    }

    /// An event that lacks its blank line. The standard throws it away; whether it is one is
    /// for the dialect to say.
    #[must_use]
    pub fn finish(mut self) -> Option<SseEvent> {
        self.0.finish().and_then(|event| SseEvent::read(&event))
    }
}

impl Default for SseSplitter {
    fn default() -> Self {
        Self::new(super::DEFAULT_MAX_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::every_cut;

    fn split(pieces: &[&[u8]]) -> Vec<SseEvent> {
        let mut splitter = SseSplitter::default();
        let mut events = Vec::new();
        for piece in pieces {
            events.extend(splitter.push(piece).unwrap());
        }
        events.extend(splitter.finish());
        events
    }

    fn data(event: &SseEvent) -> &str {
        std::str::from_utf8(&event.data).unwrap()
    }

    #[test]
    fn every_slicing_gives_the_same_events() {
        let text = "\u{feff}: hi\r\nid: 7\r\nevent: a\r\ndata: é\r\n\r\n\
                    data:x\rdata: y\r\rretry: 30\n\ndata: z\ndata\n\ndata: end";
        let whole = split(&[text.as_bytes()]);
        let found: Vec<_> = whole.iter().map(data).collect();
        assert_eq!(found, ["é", "x\ny", "z\n", "end"]);
        assert_eq!(whole[0].event.as_deref(), Some("a"));
        assert_eq!(whole[0].id.as_deref(), Some("7"));
        every_cut(text.as_bytes(), |pieces| assert_eq!(split(pieces), whole));
    }

    #[test]
    fn each_line_end_counts_once() {
        for text in ["data: a\n\ndata: b\n\n", "data: a\r\rdata: b\r\r"] {
            assert_eq!(split(&[text.as_bytes()]).len(), 2, "{text:?}");
        }
        let events = split(&[b"data: a\r\ndata: b\r\n\r\n"]);
        assert_eq!(events.iter().map(data).collect::<Vec<_>>(), ["a\nb"]);
    }

    #[test]
    fn only_one_blank_after_the_colon_belongs_to_the_field() {
        let events = split(&[b"data:  a:b\nretry: 12\nretry: x\nother: 1\n\n"]);
        assert_eq!(data(&events[0]), " a:b");
        assert_eq!(events[0].retry_ms, Some(12));
    }

    #[test]
    fn a_line_over_64_kib_passes_and_one_over_the_limit_fails() {
        let long = format!("data: {}\n\n", "x".repeat(100_000));
        assert_eq!(split(&[long.as_bytes()])[0].data.len(), 100_000);
        assert!(SseSplitter::new(99_999).push(long.as_bytes()).is_err());
        let many = "data: xxxx\n".repeat(10);
        assert!(SseSplitter::new(32).push(many.as_bytes()).is_err());
    }
}
