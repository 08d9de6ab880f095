//! A canonical event stream read into its documents, for a caller of another dialect.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{Failure, FailureKind};
use futures_util::{StreamExt as _, stream};
use openai_api::sse::EventReader;

use super::relay::{MAX_EVENT_BYTES, Verdict, end_of, judge, no_answer};
use super::{DocumentStream, Reading};
use crate::body::TimedBody;
use crate::trace::Trace;

/// Reads up to the first document, then hands the rest over as a stream.
///
/// # Errors
/// What came instead of a first document.
pub(super) async fn begin(reading: Reading<'_>) -> Result<DocumentStream, Failure> {
    let mut events = Events {
        body: Some(reading.body),
        reader: EventReader::new(MAX_EVENT_BYTES),
        trace: reading.work.request.trace.clone(),
        begun: false,
    };
    let Some(first) = events.next().await.transpose()? else {
        return Err(no_answer());
    };
    let rest = stream::unfold(events, |mut events| async move {
        events.next().await.map(|item| (item, events))
    });
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

struct Events {
    /// Gone once the end was seen.
    body: Option<TimedBody>,
    reader: EventReader,
    trace: Arc<Trace>,
    begun: bool,
}

impl Events {
    async fn next(&mut self) -> Option<Result<Vec<Bytes>, Failure>> {
        loop {
            let chunk = self.body.as_mut()?.next().await;
            let (documents, end) = match chunk {
                Some(Ok(chunk)) => self.take(&chunk),
                Some(Err(failure)) => (Vec::new(), Some(Err(failure))),
                None => (Vec::new(), Some(end_of(&mut self.reader, self.begun))),
            };
            self.begun |= !documents.is_empty();
            match end {
                None if documents.is_empty() => {}
                None => return Some(Ok(documents)),
                Some(Ok(())) => {
                    self.body.take()?.release();
                    return (!documents.is_empty()).then_some(Ok(documents));
                }
                Some(Err(failure)) => {
                    self.body = None;
                    return Some(Err(failure));
                }
            }
        }
    }

    /// The documents of a chunk. `Some`: the stream has ended.
    fn take(&mut self, chunk: &Bytes) -> (Vec<Bytes>, Option<Result<(), Failure>>) {
        let mut documents = Vec::new();
        let mut events = self.reader.feed(chunk);
        loop {
            let event = match events.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => return (documents, None),
                Err(too_large) => {
                    let failure = Failure::new(FailureKind::UpstreamError, too_large.to_string());
                    return (documents, Some(Err(failure)));
                }
            };
            match judge(&event, true, &self.trace) {
                Verdict::Relay { is_document: true } => {
                    documents.extend(event.data().map(|data| Bytes::from(data.into_owned())));
                }
                Verdict::Relay { is_document: false } | Verdict::Skip => {}
                Verdict::Done => return (documents, Some(Ok(()))),
                Verdict::Fail(failure) => return (documents, Some(Err(failure))),
            }
        }
    }
}
