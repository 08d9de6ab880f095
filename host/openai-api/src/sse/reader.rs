//! Splits an upstream's bytes into events.

use std::error::Error;
use std::fmt;

use memchr::memchr2;

use super::event::Event;

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// An event that is larger than was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge {
    /// What was allowed, in bytes.
    pub max_event_bytes: usize,
}

impl fmt::Display for EventTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event of the stream is larger than {} bytes", self.max_event_bytes)
    }
}

impl Error for EventTooLarge {}

/// Splits bytes into events, however they are cut.
///
/// An event that lies within one chunk is not copied; of one that does not, at most
/// `max_event_bytes` are held. Lines may end in LF, CRLF or CR. A byte order mark at the start,
/// and blank lines between events, belong to no event.
#[derive(Debug)]
pub struct EventReader {
    max_event_bytes: usize,
    state: State,
    /// The bytes of an event that began in an earlier chunk.
    carried: Vec<u8>,
    /// Whether `carried` was handed out as an event and is to be cleared.
    handed_out: bool,
}

/// What the bytes so far end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of the byte order mark, at the start of the stream.
    Mark(usize),
    /// The end of an event.
    Between,
    /// Part of a line.
    Line,
    /// A line and CR, to which LF may belong.
    LineCr,
    /// A line and its end. Where it was a bare CR, so is the end of a blank line.
    LineEnd { bare_cr: bool },
    /// A line, its end, and the CR of a blank line, to which LF may belong.
    BlankCr,
    /// An event was too large.
    Failed,
}

/// What a byte means.
enum Step {
    /// It is part of what is being read.
    Taken,
    /// It begins an event.
    Begins,
    /// It is the last byte of an event.
    Ends,
    /// The event ended before it.
    EndedBefore,
}

impl EventReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(max_event_bytes: usize) -> Self {
        Self { max_event_bytes, state: State::Mark(0), carried: Vec::new(), handed_out: false }
    }

    /// Takes the next bytes. The events have to be taken up to the `None`; what follows the last
    /// whole event is kept for the next chunk then.
    pub fn feed<'r>(&'r mut self, chunk: &'r [u8]) -> Events<'r> {
        self.clear_handed_out();
        Events { reader: self, chunk, start: 0, at: 0 }
    }

    /// Ends the stream: what was begun and not ended by a blank line. By the standard it is no
    /// event, and of a stream that was cut off it is rubbish; but some servers leave out the
    /// blank line after `data: [DONE]`.
    pub fn finish(&mut self) -> Option<Event<'_>> {
        self.clear_handed_out();
        if let State::Mark(seen) = self.state {
            self.carried.extend(BYTE_ORDER_MARK.iter().take(seen));
        }
        self.state = State::Between;
        self.handed_out = !self.carried.is_empty();
        self.handed_out.then(|| Event::assembled(&self.carried))
    }

    fn clear_handed_out(&mut self) {
        if std::mem::take(&mut self.handed_out) {
            self.carried.clear();
        }
    }

    fn step(&mut self, byte: u8) -> Step {
        let is_end = matches!(byte, b'\n' | b'\r');
        let (state, step) = match self.state {
            State::Mark(seen) if BYTE_ORDER_MARK.get(seen) == Some(&byte) => {
                let whole = seen + 1 == BYTE_ORDER_MARK.len();
                (if whole { State::Between } else { State::Mark(seen + 1) }, Step::Taken)
            }
            State::Mark(0) | State::Between if is_end => (State::Between, Step::Taken),
            State::Mark(0) | State::Between => (State::Line, Step::Begins),
            State::Mark(seen) => {
                // It was no mark after all, but the begin of a line.
                self.carried.extend(BYTE_ORDER_MARK.iter().take(seen));
                self.state = State::Line;
                return match self.step(byte) {
                    Step::Taken => Step::Begins,
                    other => other,
                };
            }
            State::Line | State::LineCr if byte == b'\n' => {
                (State::LineEnd { bare_cr: false }, Step::Taken)
            }
            State::Line if byte == b'\r' => (State::LineCr, Step::Taken),
            State::Line => (State::Line, Step::Taken),
            State::LineEnd { .. } if byte == b'\n' => (State::Between, Step::Ends),
            State::LineEnd { bare_cr: false } if byte == b'\r' => (State::BlankCr, Step::Taken),
            // The CR before was bare.
            State::LineEnd { .. } | State::LineCr if byte == b'\r' => (State::Between, Step::Ends),
            State::LineEnd { .. } | State::LineCr => (State::Line, Step::Taken),
            State::BlankCr if byte == b'\n' => (State::Between, Step::Ends),
            State::BlankCr => (State::Between, Step::EndedBefore),
            State::Failed => (State::Failed, Step::Taken),
        };
        self.state = state;
        step
    }

    fn is_within_event(&self) -> bool {
        match self.state {
            State::Line | State::LineCr | State::LineEnd { .. } | State::BlankCr => true,
            State::Mark(_) | State::Between | State::Failed => false,
        }
    }

    fn check_size(&mut self, size: usize) -> Result<(), EventTooLarge> {
        if size <= self.max_event_bytes {
            return Ok(());
        }
        self.state = State::Failed;
        self.carried = Vec::new();
        Err(EventTooLarge { max_event_bytes: self.max_event_bytes })
    }
}

/// The events of one chunk, and of what was carried over into it.
#[derive(Debug)]
pub struct Events<'r> {
    reader: &'r mut EventReader,
    chunk: &'r [u8],
    /// Where the current event begins in the chunk.
    start: usize,
    at: usize,
}

impl Events<'_> {
    /// The next whole event.
    ///
    /// # Errors
    /// One is too large; the reader gives no more events then.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, EventTooLarge> {
        self.reader.clear_handed_out();
        if self.reader.state == State::Failed {
            return Ok(None);
        }
        let Some(end) = self.find_end() else {
            let rest = self.chunk.get(self.start..).unwrap_or_default();
            self.start = self.chunk.len();
            if self.reader.is_within_event() {
                self.reader.check_size(self.reader.carried.len() + rest.len())?;
                self.reader.carried.extend_from_slice(rest);
            }
            return Ok(None);
        };
        let place = self.start..end;
        self.start = end;
        let bytes = self.chunk.get(place.clone()).unwrap_or_default();
        self.reader.check_size(self.reader.carried.len() + bytes.len())?;
        if self.reader.carried.is_empty() {
            return Ok(Some(Event::within_chunk(bytes, place)));
        }
        self.reader.carried.extend_from_slice(bytes);
        self.reader.handed_out = true;
        Ok(Some(Event::assembled(&self.reader.carried)))
    }

    /// The end of the current event in the chunk.
    fn find_end(&mut self) -> Option<usize> {
        while let Some(rest) = self.chunk.get(self.at..).filter(|rest| !rest.is_empty()) {
            if self.reader.state == State::Line {
                match memchr2(b'\n', b'\r', rest) {
                    Some(length) => self.at += length,
                    None => {
                        self.at = self.chunk.len();
                        return None;
                    }
                }
            }
            let byte = *self.chunk.get(self.at)?;
            match self.reader.step(byte) {
                Step::Begins => self.start = self.at,
                Step::Taken => {}
                // The byte is looked at again, as the begin of what comes next.
                Step::EndedBefore => return Some(self.at),
                Step::Ends => {
                    self.at += 1;
                    return Some(self.at);
                }
            }
            self.at += 1;
        }
        None
    }
}
