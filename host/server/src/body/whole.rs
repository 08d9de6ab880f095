//! A body that is there as a whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use exchange::Outcome;
use http_body::{Body, Frame, SizeHint};

use crate::visit::Visit;

/// One document. The request has its outcome once the connection took the bytes; dropped before,
/// it was cancelled.
pub(crate) struct WholeBody {
    bytes: Option<Bytes>,
    outcome: Option<Outcome>,
    visit: Visit,
}

impl WholeBody {
    /// A document and what the request comes to once it is sent.
    pub(crate) fn new(bytes: Bytes, outcome: Outcome, mut visit: Visit) -> Self {
        if visit.is_head() {
            // Nobody will ask for the bytes: the head is the whole answer.
            visit.note_outcome(outcome);
            return Self { bytes: Some(bytes), outcome: None, visit };
        }
        Self { bytes: Some(bytes), outcome: Some(outcome), visit }
    }
}

impl Body for WholeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        self.visit.note_sent(bytes.len());
        if let Some(outcome) = self.outcome.take() {
            self.visit.note_outcome(outcome);
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
