//! A body that comes bit by bit and is no stream of events.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use exchange::{Failure, Outcome};
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};

use crate::containment::contained;
use crate::visit::Visit;

/// The bytes of a long document.
pub(crate) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// Relays chunks as they are asked for. One that fails breaks the answer off without a clean
/// end, because a document has no place for a failure. Dropping it drops the chunks.
pub(crate) struct ChunkBody {
    /// `None` once the answer has ended.
    open: Option<(Chunks, Visit)>,
    /// Bytes still to come, if that is known.
    left: Option<u64>,
}

impl ChunkBody {
    /// The body of an answer whose length may be known.
    pub(crate) fn new(chunks: Chunks, length: Option<u64>, mut visit: Visit) -> Self {
        if visit.is_head() {
            // Nobody will ask for the bytes: the head is the whole answer.
            visit.note_outcome(Outcome::Completed);
        }
        Self { open: Some((chunks, visit)), left: length }
    }

    fn close(&mut self, outcome: Outcome) {
        if let Some((_, mut visit)) = self.open.take() {
            visit.note_outcome(outcome);
        }
    }

    /// Notes bytes that are on their way. Once all have come the answer has ended: nobody asks
    /// for more than was announced.
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        if let Some((_, visit)) = &mut self.open {
            visit.note_sent(chunk.len());
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(chunk.len() as u64);
            if *left == 0 {
                self.close(Outcome::Completed);
            }
        }
        chunk
    }
}

impl Body for ChunkBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some((chunks, _)) = &mut self.open else {
            return Poll::Ready(None);
        };
        let failure = match contained(|| chunks.as_mut().poll_next(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Some(Ok(chunk)))) => {
                let chunk = self.pass(chunk);
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            Ok(Poll::Ready(None)) => {
                self.close(Outcome::Completed);
                return Poll::Ready(None);
            }
            Ok(Poll::Ready(Some(Err(failure)))) | Err(failure) => failure,
        };
        self.close(Outcome::Failed(failure));
        Poll::Ready(Some(Err(io::Error::other("the answer broke off"))))
    }

    fn is_end_stream(&self) -> bool {
        self.open.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
