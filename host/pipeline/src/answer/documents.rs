//! A stream of canonical documents that a plugin decodes.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{EgressExchange, Ending, Failure};
use futures_util::{StreamExt as _, stream};
use openai_api::sse;

use super::facts::{note_usage, rubbish};
use super::{DocumentStream, Reading, begun};
use crate::body::TimedBody;
use crate::trace::Trace;

/// Decodes up to the first document, then hands the rest over as a stream.
///
/// # Errors
/// What came instead of a first document.
pub(super) async fn begin(
    reading: Reading<'_>,
    instance: Box<dyn EgressExchange>,
) -> Result<DocumentStream, Failure> {
    let decoding = Decoding {
        body: reading.body,
        instance,
        wants_usage: reading.work.wants_usage(),
        trace: reading.work.request.trace.clone(),
        stage: Stage::Open,
    };
    let stream = stream::unfold(decoding, |mut decoding| async move {
        decoding.next().await.map(|item| (item, decoding))
    });
    begun(stream).await
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
    /// The next documents. The failure that ends the stream comes last.
    async fn next(&mut self) -> Option<Result<Vec<Bytes>, Failure>> {
        while let Stage::Open = self.stage {
            match self.step().await {
                Ok(documents) if documents.is_empty() => {}
                Ok(documents) => return Some(Ok(documents)),
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

    async fn step(&mut self) -> Result<Vec<Bytes>, Failure> {
        let documents = match self.body.next().await {
            Some(Ok(chunk)) => self.instance.push(chunk).await?,
            Some(Err(failure)) => {
                // What the plugin still holds is the caller's, unless it sees the break too.
                let rest = self.instance.finish(Ending::Broken).await.unwrap_or_default();
                self.stage = Stage::Broken(failure);
                rest
            }
            None => {
                let rest = self.instance.finish(Ending::Clean).await?;
                self.stage = Stage::Ended;
                rest
            }
        };
        self.read_along(documents)
    }

    /// Notes usage and leaves out the document with it, where the caller did not ask for it.
    fn read_along(&self, mut documents: Vec<Bytes>) -> Result<Vec<Bytes>, Failure> {
        let mut is_object = true;
        documents.retain(|document| {
            let Some(facts) = sse::classify_document(document) else {
                is_object = false;
                return false;
            };
            note_usage(&self.trace, facts.usage);
            !facts.only_usage || self.wants_usage
        });
        match is_object {
            true => Ok(documents),
            false => Err(rubbish("a decoded document is not a JSON object")),
        }
    }
}
