//! A reply that goes to the caller as it comes, because the caller speaks the provider's dialect.
//!
//! The plugin decodes the same bytes, for what has to be known of them: tokens, an error in the
//! clothes of a success, a truncated end. Only whole frames are handed on, so that the dialect's
//! own words for a failure can follow: server-sent events, else lines.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use exchange::{EgressExchange, Ending, Failure, FailureKind};
use futures_util::{StreamExt as _, stream};
use http::header::CONTENT_TYPE;
use openai_api::sse;

use super::facts::note_usage;
use super::whole::{accept_whole, collect};
use super::{ByteStream, Reading, begun};
use crate::body::TimedBody;
use crate::trace::Trace;

/// Most bytes of a frame that are held until it is whole.
const MAX_HELD_BYTES: usize = 16 * 1024 * 1024;

/// Collects a reply, has it decoded, and hands the bytes on.
///
/// # Errors
/// The plugin's, where the reply is not an answer.
pub(super) async fn whole(
    mut reading: Reading<'_>,
    mut instance: Box<dyn EgressExchange>,
) -> Result<Bytes, Failure> {
    let body = collect(&mut reading.body).await?;
    let mut documents = instance.push(body.clone()).await?;
    documents.extend(instance.finish(Ending::Clean).await?);
    accept_whole(reading.work, documents)?;
    Ok(body)
}

/// Reads up to the first document, then hands everything over as a stream.
///
/// # Errors
/// What came instead of a first document.
pub(super) async fn begin(
    reading: Reading<'_>,
    instance: Box<dyn EgressExchange>,
) -> Result<ByteStream, Failure> {
    let content_type = reading.head.headers.get(CONTENT_TYPE);
    let is_events = content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
    let relay = Relay {
        body: Some(reading.body),
        instance,
        trace: reading.work.request.trace.clone(),
        frame_end: if is_events { FrameEnd::BlankLine } else { FrameEnd::Line },
        held: BytesMut::new(),
        searched: 0,
        begun: false,
        failure: None,
    };
    let stream =
        stream::unfold(
            relay,
            |mut relay| async move { relay.next().await.map(|item| (item, relay)) },
        );
    begun(stream).await
}

#[derive(Clone, Copy)]
enum FrameEnd {
    BlankLine,
    Line,
}

struct Relay {
    /// Gone once the end was seen.
    body: Option<TimedBody>,
    instance: Box<dyn EgressExchange>,
    trace: Arc<Trace>,
    frame_end: FrameEnd,
    /// Bytes behind the last whole frame, or of a reply that no document was seen in.
    held: BytesMut,
    /// How many of them hold no frame's end.
    searched: usize,
    begun: bool,
    /// Told once what came before it was handed over.
    failure: Option<Failure>,
}

impl Relay {
    async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        loop {
            if let Some(failure) = self.failure.take() {
                self.body = None;
                return Some(Err(failure));
            }
            let chunk = self.body.as_mut()?.next().await;
            let step = match chunk {
                Some(Ok(chunk)) => self.take(chunk).await,
                Some(Err(failure)) => {
                    self.failure = Some(failure);
                    continue;
                }
                None => self.end().await,
            };
            match step {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Some(Ok(bytes)),
                Err(failure) => self.failure = Some(failure),
            }
        }
    }

    /// Whole frames up to the end of the chunk, once a document was seen.
    async fn take(&mut self, chunk: Bytes) -> Result<Bytes, Failure> {
        let documents = self.instance.push(chunk.clone()).await?;
        self.read_along(&documents);
        if self.held.is_empty() && self.begun {
            let end = self.frame_end.last_in(&chunk).unwrap_or(0);
            self.held.extend_from_slice(chunk.get(end..).unwrap_or_default());
            self.searched = self.held.len();
            return Ok(chunk.slice(..end));
        }
        if self.held.len() + chunk.len() > MAX_HELD_BYTES {
            let message = "the provider sent an event of over 16 MiB";
            return Err(Failure::new(FailureKind::UpstreamError, message));
        }
        self.held.extend_from_slice(&chunk);
        if !self.begun {
            return Ok(Bytes::new());
        }
        // A frame's end may lie across two chunks.
        let from = self.searched.saturating_sub(3);
        let fresh = self.held.get(from..).unwrap_or_default();
        let frames = match self.frame_end.last_in(fresh) {
            Some(end) => self.held.split_to(from + end).freeze(),
            None => Bytes::new(),
        };
        self.searched = self.held.len();
        Ok(frames)
    }

    async fn end(&mut self) -> Result<Bytes, Failure> {
        let documents = self.instance.finish(Ending::Clean).await?;
        self.read_along(&documents);
        if !self.begun {
            let message = "the provider ended its reply without an answer";
            return Err(Failure::new(FailureKind::UpstreamError, message));
        }
        self.body = None;
        Ok(std::mem::take(&mut self.held).freeze())
    }

    fn read_along(&mut self, documents: &[Bytes]) {
        self.begun |= !documents.is_empty();
        for facts in documents.iter().filter_map(|document| sse::classify_document(document)) {
            note_usage(&self.trace, facts.usage);
        }
    }
}

impl FrameEnd {
    /// The end of the last whole frame.
    fn last_in(self, bytes: &[u8]) -> Option<usize> {
        let ends: &[&[u8]] = match self {
            Self::BlankLine => &[b"\n\n", b"\r\n\r\n"],
            Self::Line => &[b"\n"],
        };
        let last = |end: &&[u8]| {
            let at = bytes.windows(end.len()).rposition(|window| window == *end)?;
            Some(at + end.len())
        };
        ends.iter().filter_map(last).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_frame_is_found() {
        for (text, events, lines) in [
            ("data: a\n\ndata: b", Some(9), Some(9)),
            ("data: a\r\n\r\nd", Some(11), Some(11)),
            ("{}\n{}\n{", None, Some(6)),
            ("", None, None),
        ] {
            assert_eq!(FrameEnd::BlankLine.last_in(text.as_bytes()), events, "{text:?}");
            assert_eq!(FrameEnd::Line.last_in(text.as_bytes()), lines, "{text:?}");
        }
    }
}
