//! From a good head to the first part of the answer, and then the rest.
//!
//! Nothing is answered to the caller before the first part has been read and found to be an
//! answer: an error, an empty body or a web page inside a 200 is a failure like any other, and
//! the next candidate may still be tried.

mod documents;
mod events;
mod facts;
mod relay;
mod untouched;
mod vectors;
mod whole;

use std::pin::Pin;

use bytes::Bytes;
use exchange::{EgressExchange, Failure, FailureKind, Operation, ReplyIdentity, ResponseHead};
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderValue;
use openai_api::envelope::Kind;

use crate::body::TimedBody;
use crate::work::Work;

pub(crate) use facts::{note_usage, rubbish};

/// A reply whose head is good.
pub(crate) struct Reading<'a> {
    pub(crate) work: &'a Work<'a>,
    pub(crate) head: ResponseHead,
    pub(crate) body: TimedBody,
}

/// A reply whose first part is an answer.
pub(crate) enum Answered {
    /// One canonical document.
    Whole(Bytes),
    /// Canonical documents, not framed.
    Documents(DocumentStream),
    /// Canonical server-sent events, `data: [DONE]` included.
    Events(ByteStream),
    /// The provider's own bytes, for a caller that speaks its dialect.
    Untouched {
        /// As the provider said.
        content_type: Option<HeaderValue>,
        /// The bytes.
        body: UntouchedBody,
    },
}

/// Bytes of a reply that is not translated.
pub(crate) enum UntouchedBody {
    Whole(Bytes),
    Stream(ByteStream),
}

/// Documents as they come. An `Err` is the last item.
pub(crate) type DocumentStream = Pin<Box<dyn Stream<Item = Result<Vec<Bytes>, Failure>> + Send>>;

/// Bytes of whole events. An `Err` is the last item.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// Answers with a body that is canonical already.
///
/// # Errors
/// Why the first part is not an answer.
pub(crate) async fn verbatim(reading: Reading<'_>) -> Result<Answered, Failure> {
    if !reading.work.envelope.streaming() {
        whole::verbatim(reading).await.map(Answered::Whole)
    } else if reading.work.translation.is_some() {
        events::begin(reading).await.map(Answered::Documents)
    } else {
        relay::begin(reading).await.map(Answered::Events)
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
) -> Result<Answered, Failure> {
    instance.begin(identity, &reading.head).await?;
    if reading.work.envelope.streaming() {
        documents::begin(reading, instance).await.map(Answered::Documents)
    } else {
        whole::decoded(reading, instance).await.map(Answered::Whole)
    }
}

/// Answers with the provider's own bytes; the plugin reads along.
///
/// # Errors
/// As [`decoded`].
pub(crate) async fn untouched(
    reading: Reading<'_>,
    mut instance: Box<dyn EgressExchange>,
    identity: ReplyIdentity,
) -> Result<Answered, Failure> {
    instance.begin(identity, &reading.head).await?;
    let content_type = reading.head.headers.get(http::header::CONTENT_TYPE).cloned();
    let body = if reading.work.envelope.streaming() {
        untouched::begin(reading, instance).await.map(UntouchedBody::Stream)?
    } else {
        untouched::whole(reading, instance).await.map(UntouchedBody::Whole)?
    };
    Ok(Answered::Untouched { content_type, body })
}

/// A stream of which one item was waited for, or why there is none.
///
/// # Errors
/// What came instead of a first item; a stream without any is an `UpstreamError`.
async fn begun<T: Send + 'static>(
    stream: impl Stream<Item = Result<T, Failure>> + Send + 'static,
) -> Result<Pin<Box<dyn Stream<Item = Result<T, Failure>> + Send>>, Failure> {
    let mut rest = Box::pin(stream);
    let Some(first) = rest.next().await.transpose()? else {
        let message = "the provider ended its reply without an answer";
        return Err(Failure::new(FailureKind::UpstreamError, message));
    };
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

/// The canonical kind of a request for an operation.
pub(crate) fn kind_of(operation: Operation) -> Kind {
    match operation {
        Operation::Chat | Operation::CountTokens => Kind::Chat,
        Operation::Embeddings => Kind::Embeddings,
    }
}
