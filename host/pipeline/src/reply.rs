//! An answer that has begun well becomes the caller's: in its dialect, or framed as OpenAI does.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{Failure, IngressExchange, SentSecrets};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use openai_api::sse;

use crate::answer::{Answered, ByteStream, DocumentStream, UntouchedBody};
use crate::request::{Broken, ReplyBody, ReplyStream};
use crate::translation::Translation;
use crate::work::Work;

/// The body of an answer, and what belongs to its head.
pub(crate) struct Written {
    pub(crate) body: ReplyBody,
    /// The dialect's own, `content-type` among them.
    pub(crate) headers: HeaderMap,
}

/// Makes the body of the answer. Failures that still come are kept free of `secrets`.
///
/// # Errors
/// The plugin's that writes the caller's dialect.
pub(crate) async fn write(
    work: &Work<'_>,
    answered: Answered,
    secrets: SentSecrets,
) -> Result<Written, Failure> {
    let mut headers = HeaderMap::new();
    let body = match (answered, work.translation) {
        (Answered::Whole(document), None) => ReplyBody::Complete(document),
        (Answered::Events(events), _) => {
            let events = events.map_err(move |failure| secrets.redact(failure).into());
            ReplyBody::Stream(Box::pin(events))
        }
        (Answered::Documents(documents), None) => ReplyBody::Stream(frame(documents, secrets)),
        (Answered::Whole(document), Some(translation)) => {
            let (head, body) = translation.whole(document).await?;
            headers = head.headers;
            ReplyBody::Complete(body)
        }
        (Answered::Documents(documents), Some(translation)) => {
            let (writing, head) = translation.begin().await?;
            headers = head.headers;
            let translation = Arc::clone(translation);
            let encoding = Encoding { documents, writing, translation, secrets, ended: false };
            ReplyBody::Stream(encoding.into_stream())
        }
        (Answered::Untouched { content_type, body }, translation) => {
            headers.extend(content_type.map(|it| (CONTENT_TYPE, it)));
            match body {
                UntouchedBody::Whole(body) => ReplyBody::Complete(body),
                UntouchedBody::Stream(bytes) => {
                    ReplyBody::Stream(with_last_words(bytes, translation.cloned(), secrets))
                }
            }
        }
    };
    Ok(Written { body, headers })
}

/// Documents as OpenAI's server-sent events.
fn frame(documents: DocumentStream, secrets: SentSecrets) -> ReplyStream {
    let events = documents.map(move |documents| {
        let documents = documents.map_err(|failure| Broken::from(secrets.redact(failure)))?;
        let mut events = Vec::new();
        for document in &documents {
            sse::write_event(document, &mut events);
        }
        Ok(Bytes::from(events))
    });
    // An `Err` ends the stream before this.
    let done = stream::once(async { Ok(Bytes::from_static(sse::DONE)) });
    let mut failed = false;
    let whole = events.chain(done).take_while(move |item| {
        let goes_on = !failed;
        failed |= item.is_err();
        std::future::ready(goes_on)
    });
    whole.boxed()
}

/// Documents on their way through the caller's dialect.
struct Encoding {
    documents: DocumentStream,
    writing: Box<dyn IngressExchange>,
    translation: Arc<Translation>,
    secrets: SentSecrets,
    ended: bool,
}

impl Encoding {
    fn into_stream(self) -> ReplyStream {
        let bytes = stream::unfold(self, |mut encoding| async move {
            encoding.next().await.map(|item| (item, encoding))
        });
        bytes.boxed()
    }

    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        while !self.ended {
            let documents = self.documents.next().await;
            self.ended = !matches!(documents, Some(Ok(_)));
            let written = match documents {
                Some(Ok(documents)) => self.writing.push(documents).await,
                None => self.writing.finish(None).await,
                Some(Err(failure)) => {
                    let failure = self.secrets.redact(failure);
                    let last_words = self.writing.finish(Some(&failure)).await.ok();
                    return Some(Err(Broken { failure, last_words }));
                }
            };
            match written {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Some(Ok(bytes)),
                Err(failure) => {
                    self.ended = true;
                    let last_words = self.translation.last_words(&failure).await;
                    return Some(Err(Broken { failure, last_words }));
                }
            }
        }
        None
    }
}

/// The provider's bytes, and the dialect's own words where they break off.
fn with_last_words(
    bytes: ByteStream,
    translation: Option<Arc<Translation>>,
    secrets: SentSecrets,
) -> ReplyStream {
    let told = bytes.map_err(move |failure| secrets.redact(failure)).then(move |item| {
        let translation = translation.clone();
        async move {
            match (item, translation) {
                (Ok(bytes), _) => Ok(bytes),
                (Err(failure), None) => Err(failure.into()),
                (Err(failure), Some(translation)) => {
                    let last_words = translation.last_words(&failure).await;
                    Err(Broken { failure, last_words })
                }
            }
        }
    });
    told.boxed()
}
