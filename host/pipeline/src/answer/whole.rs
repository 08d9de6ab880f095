//! An answer that is one JSON document.

use bytes::{Bytes, BytesMut};
use exchange::{EgressExchange, Ending, Failure, FailureKind, Operation};
use futures_util::StreamExt as _;
use openai_api::Object;
use openai_api::reply::{NotAReply, ReplyFacts};

use super::facts::{note_usage, reported_error, rubbish};
use super::{Reading, kind_of, vectors};
use crate::body::TimedBody;
use crate::work::Work;

/// Collects a canonical reply and hands it on as it is.
///
/// # Errors
/// `UpstreamError` for an error, an empty body, a web page or cut JSON inside a good reply.
pub(super) async fn verbatim(mut reading: Reading<'_>) -> Result<Bytes, Failure> {
    let body = collect(&mut reading.body).await?;
    match ReplyFacts::read(kind_of(reading.work.operation), &body) {
        Ok(facts) if !facts.is_error => {
            note_usage(&reading.work.request.trace, facts.usage);
            Ok(body)
        }
        Ok(_) => Err(reported_error(&body)),
        Err(problem) => Err(not_an_answer(&problem)),
    }
}

/// Lets the plugin decode the whole reply.
///
/// # Errors
/// The plugin's failures; `PluginFault` if it does not return exactly one document.
pub(super) async fn decoded(
    mut reading: Reading<'_>,
    mut instance: Box<dyn EgressExchange>,
) -> Result<Bytes, Failure> {
    let mut documents = Vec::new();
    while let Some(chunk) = reading.body.next().await {
        documents.extend(instance.push(chunk?).await?);
    }
    documents.extend(instance.finish(Ending::Clean).await?);
    let document = accept_whole(reading.work, documents)?;
    let wants_base64 =
        reading.work.operation == Operation::Embeddings && vectors::wants_base64(reading.work.body);
    if wants_base64 { vectors::to_base64(&document) } else { Ok(document) }
}

/// The one document of a decoded reply, with its tokens noted.
///
/// # Errors
/// `PluginFault` if it is not exactly one document of the operation.
pub(super) fn accept_whole(work: &Work<'_>, documents: Vec<Bytes>) -> Result<Bytes, Failure> {
    let Ok([document]) = <[Bytes; 1]>::try_from(documents) else {
        return Err(rubbish("not exactly one document for a reply that is not streamed"));
    };
    if work.operation == Operation::CountTokens {
        let counted = Object::from_json(&document).ok();
        let counted = counted.and_then(|it| it.get::<u64>("input_tokens").ok()?);
        return counted.map(|_| document).ok_or_else(|| rubbish("a count without input_tokens"));
    }
    match ReplyFacts::read(kind_of(work.operation), &document) {
        Ok(facts) if facts.is_error => Err(rubbish("an error as a good document")),
        Ok(facts) => {
            note_usage(&work.request.trace, facts.usage);
            Ok(document)
        }
        Err(problem) => Err(rubbish(problem.to_string())),
    }
}

pub(super) async fn collect(body: &mut TimedBody) -> Result<Bytes, Failure> {
    let Some(first) = body.next().await.transpose()? else {
        return Ok(Bytes::new());
    };
    let Some(second) = body.next().await.transpose()? else {
        return Ok(first);
    };
    let mut whole = BytesMut::with_capacity((first.len() + second.len()) * 2);
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(chunk) = body.next().await.transpose()? {
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// What an upstream sent instead of an answer, as a failure.
fn not_an_answer(problem: &NotAReply) -> Failure {
    let message = format!("the provider's reply was not an answer: {problem}");
    Failure::new(FailureKind::UpstreamError, message)
}
