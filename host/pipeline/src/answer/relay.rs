//! A stream that is canonical already: relayed as it is, read along.
//!
//! Only whole events are relayed, so that an error event of ours can always follow. Bytes are
//! not copied where an event lies within one read. What is read along for: usage, an error, the
//! end, and the chunk with `usage` that the caller did not ask for.

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use exchange::{Failure, FailureKind};
use futures_util::{Stream, StreamExt as _, future::poll_fn};
use openai_api::sse::{self, Event, EventReader, Payload};

use super::facts::{error_in, note_usage, reported_error};
use super::{ByteStream, Reading};
use crate::body::TimedBody;
use crate::trace::Trace;

/// Largest event that is held until it is whole.
pub(super) const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// Reads up to the first document, then hands everything over as a stream.
///
/// # Errors
/// What came instead of a first document.
pub(super) async fn begin(reading: Reading<'_>) -> Result<ByteStream, Failure> {
    let mut relay = Relay {
        body: Some(reading.body),
        reader: EventReader::new(MAX_EVENT_BYTES),
        wants_usage: reading.work.wants_usage(),
        trace: reading.work.request.trace.clone(),
        ready: VecDeque::new(),
        begun: false,
        end: None,
    };
    while !relay.begun && relay.end.is_none() {
        poll_fn(|cx| relay.poll_read(cx)).await;
    }
    match relay.end.take() {
        Some(Err(failure)) if !relay.begun => return Err(failure),
        Some(Ok(())) if !relay.begun => return Err(no_answer()),
        end => relay.end = end,
    }
    Ok(relay.boxed())
}

struct Relay {
    /// Gone once the end was seen.
    body: Option<TimedBody>,
    reader: EventReader,
    wants_usage: bool,
    trace: Arc<Trace>,
    /// Whole events that can be handed over.
    ready: VecDeque<Bytes>,
    /// Whether a document has been seen.
    begun: bool,
    /// How the stream ended, told once `ready` is empty.
    end: Option<Result<(), Failure>>,
}

impl Stream for Relay {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(events) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(events)));
            }
            if let Some(end) = &mut self.end {
                let failure = std::mem::replace(end, Ok(())).err();
                return Poll::Ready(failure.map(Err));
            }
            ready!(self.poll_read(cx));
        }
    }
}

impl Relay {
    /// Takes the next bytes of the upstream, or its end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(());
        };
        let end = match ready!(body.poll_next_unpin(cx)) {
            Some(Ok(chunk)) => self.take(&chunk),
            Some(Err(failure)) => Some(Err(failure)),
            None => Some(self.take_end()),
        };
        if let Some(end) = end {
            if let (Ok(()), Some(body)) = (&end, self.body.take()) {
                body.release();
            }
            self.end = Some(end);
        }
        Poll::Ready(())
    }

    /// Relays the whole events of a chunk. Some: the stream has ended.
    fn take(&mut self, chunk: &Bytes) -> Option<Result<(), Failure>> {
        let Self { reader, ready, trace, begun, .. } = self;
        let mut run = Run { chunk, range: 0..0, ready };
        let mut events = reader.feed(chunk);
        let end = loop {
            let event = match events.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => break None,
                Err(too_large) => {
                    let failure = Failure::new(FailureKind::UpstreamError, too_large.to_string());
                    break Some(Err(failure));
                }
            };
            match judge(&event, self.wants_usage, trace) {
                Verdict::Relay { is_document } => {
                    *begun |= is_document;
                    run.add(&event);
                }
                Verdict::Skip => {}
                Verdict::Done => {
                    run.add(&event);
                    break Some(Ok(()));
                }
                Verdict::Fail(failure) => break Some(Err(failure)),
            }
        };
        run.flush();
        end
    }

    /// The upstream ended without `[DONE]` and a blank line after it.
    fn take_end(&mut self) -> Result<(), Failure> {
        end_of(&mut self.reader, self.begun)?;
        self.ready.push_back(Bytes::from_static(sse::DONE));
        Ok(())
    }
}

/// What an end means that came before `[DONE]` and a blank line after it.
///
/// # Errors
/// Unless only the blank line is missing: what came is incomplete, or no answer at all.
pub(super) fn end_of(reader: &mut EventReader, begun: bool) -> Result<(), Failure> {
    let last = reader.finish();
    let data = last.as_ref().and_then(Event::data).unwrap_or_default();
    if sse::classify(&data) == Payload::Done {
        return Ok(());
    }
    if begun {
        let message = "the provider's stream broke off: what came is incomplete";
        return Err(Failure::new(FailureKind::StreamTruncated, message));
    }
    // A whole JSON error instead of a stream.
    let raw = last.as_ref().map(Event::raw).unwrap_or_default();
    Err(error_in(raw).unwrap_or_else(no_answer))
}

/// Neighbouring events of one chunk that are handed over as one piece.
struct Run<'a> {
    chunk: &'a Bytes,
    range: Range<usize>,
    ready: &'a mut VecDeque<Bytes>,
}

impl Run<'_> {
    fn add(&mut self, event: &Event<'_>) {
        match event.place() {
            Some(place) if place.start == self.range.end => self.range.end = place.end,
            Some(place) => {
                self.flush();
                self.range = place;
            }
            None => {
                self.flush();
                self.ready.push_back(Bytes::copy_from_slice(event.raw()));
            }
        }
    }

    fn flush(&mut self) {
        if !self.range.is_empty() {
            self.ready.push_back(self.chunk.slice(self.range.clone()));
        }
        self.range = self.range.end..self.range.end;
    }
}

pub(super) enum Verdict {
    Relay { is_document: bool },
    Skip,
    Done,
    Fail(Failure),
}

pub(super) fn judge(event: &Event<'_>, wants_usage: bool, trace: &Trace) -> Verdict {
    let Some(data) = event.data() else {
        return judge_without_data(event);
    };
    match sse::classify(&data) {
        Payload::Done => Verdict::Done,
        Payload::Empty => Verdict::Relay { is_document: false },
        Payload::Malformed => {
            let message = "an event of the provider's stream is not JSON";
            Verdict::Fail(Failure::new(FailureKind::UpstreamError, message))
        }
        Payload::Document(facts) if facts.is_error => Verdict::Fail(reported_error(&data)),
        Payload::Document(facts) => {
            note_usage(trace, facts.usage);
            if facts.only_usage && !wants_usage {
                return Verdict::Skip;
            }
            Verdict::Relay { is_document: true }
        }
    }
}

/// A comment, or the field `error` that some servers send in place of data.
fn judge_without_data(event: &Event<'_>) -> Verdict {
    match event.fields().find(|(name, _)| *name == b"error") {
        Some((_, value)) => Verdict::Fail(reported_error(value)),
        None => Verdict::Relay { is_document: false },
    }
}

pub(super) fn no_answer() -> Failure {
    let message = "the provider's reply was not an event stream with an answer";
    Failure::new(FailureKind::UpstreamError, message)
}
