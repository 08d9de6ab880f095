//! From a good head to the first part of the answer, and then the rest.
//!
//! Nothing is answered to the caller before the first part has been read and found to be an
//! answer: an error, an empty body or a web page inside a 200 is a failure like any other, and
//! the next candidate may still be tried.

mod documents;
mod facts;
mod relay;
mod whole;

use exchange::{EgressExchange, Failure, Operation, ReplyIdentity, ResponseHead};
use openai_api::envelope::Kind;

use crate::body::TimedBody;
use crate::request::ReplyBody;
use crate::work::Work;

/// A reply whose head is good.
pub(crate) struct Reading<'a> {
    pub(crate) work: &'a Work<'a>,
    pub(crate) head: ResponseHead,
    pub(crate) body: TimedBody,
}

/// Answers with a body that is canonical already.
///
/// # Errors
/// Why the first part is not an answer.
pub(crate) async fn verbatim(reading: Reading<'_>) -> Result<ReplyBody, Failure> {
    if reading.work.envelope.streaming() {
        relay::begin(reading).await.map(ReplyBody::Stream)
    } else {
        whole::verbatim(reading).await.map(ReplyBody::Complete)
    }
}

/// Answers with a body that the plugin decodes.
///
/// # Errors
/// As [`verbatim`], and the plugin's failures.
pub(crate) async fn decoded(
    reading: Reading<'_>,
    mut instance: Box<dyn EgressExchange>,
    identity: ReplyIdentity,
) -> Result<ReplyBody, Failure> {
    instance.begin(identity, &reading.head).await?;
    if reading.work.envelope.streaming() {
        documents::begin(reading, instance).await.map(ReplyBody::Stream)
    } else {
        whole::decoded(reading, instance).await.map(ReplyBody::Complete)
    }
}

/// The canonical kind of an operation.
pub(crate) fn kind_of(operation: Operation) -> Kind {
    match operation {
        Operation::Chat => Kind::Chat,
        Operation::Embeddings => Kind::Embeddings,
    }
}
