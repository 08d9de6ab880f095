//! A stream of canonical documents that a plugin decodes.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{EgressExchange, Ending, Failure, FailureKind};
use futures_util::{StreamExt as _, stream};
use openai_api::sse;

use super::Reading;
use super::facts::{note_usage, rubbish};
use crate::body::TimedBody;
use crate::request::ReplyStream;
use crate::trace::Trace;

/// Decodes up to the first document, then hands the rest over as a stream.
///
/// # Errors
/// What came instead of a first document.
pub(super) async fn begin(
    reading: Reading<'_>,
    instance: Box<dyn EgressExchange>,
) -> Result<ReplyStream, Failure> {
    let mut decoding = Decoding {
        body: reading.body,
        instance,
        wants_usage: reading.work.envelope.wants_usage(),
        trace: reading.work.request.trace.clone(),
        stage: Stage::Open,
    };
    let Some(first) = decoding.next().await.transpose()? else {
        let message = "the provider ended its reply without an answer";
        return Err(Failure::new(FailureKind::UpstreamError, message));
    };
    let rest = stream::unfold(decoding, |mut decoding| async move {
        decoding.next().await.map(|item| (item, decoding))
    });
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

enum Stage {
    Open,
    /// The last documents were handed over; this failure is still to be told.
    Broken(Failure),
    Ended,
}

struct Decoding {
    body: TimedBody,
    instance: Box<dyn EgressExchange>,
    wants_usage: bool,
    trace: Arc<Trace>,
    stage: Stage,
}

impl Decoding {
    /// The next whole events. The failure that ends the stream comes last.
    async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        while let Stage::Open = self.stage {
            match self.step().await {
                Ok(events) if events.is_empty() => {}
                Ok(events) => return Some(Ok(events.into())),
                Err(failure) => {
                    self.stage = Stage::Ended;
                    return Some(Err(failure));
                }
            }
        }
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Broken(failure) => Some(Err(failure)),
            Stage::Open | Stage::Ended => None,
        }
    }

    async fn step(&mut self) -> Result<Vec<u8>, Failure> {
        let mut events = Vec::new();
        match self.body.next().await {
            Some(Ok(chunk)) => {
                let documents = self.instance.push(chunk).await?;
                self.frame(&documents, &mut events)?;
            }
            Some(Err(failure)) => {
                // What the plugin still holds is the caller's, unless it sees the break too.
                let rest = self.instance.finish(Ending::Broken).await.unwrap_or_default();
                self.frame(&rest, &mut events)?;
                self.stage = Stage::Broken(failure);
            }
            None => {
                let rest = self.instance.finish(Ending::Clean).await?;
                self.frame(&rest, &mut events)?;
                events.extend_from_slice(sse::DONE);
                self.stage = Stage::Ended;
            }
        }
        Ok(events)
    }

    fn frame(&self, documents: &[Bytes], events: &mut Vec<u8>) -> Result<(), Failure> {
        for document in documents {
            let facts = sse::classify_document(document)
                .ok_or_else(|| rubbish("a decoded document is not a JSON object"))?;
            note_usage(&self.trace, facts.usage);
            if !facts.only_usage || self.wants_usage {
                sse::write_event(document, events);
            }
        }
        Ok(())
    }
}
