//! An answer that is one JSON document.

use bytes::{Bytes, BytesMut};
use exchange::{EgressExchange, Ending, Failure, FailureKind};
use futures_util::StreamExt as _;
use openai_api::reply::{NotAReply, ReplyFacts};

use super::facts::{note_usage, reported_error, rubbish};
use super::{Reading, kind_of};
use crate::body::TimedBody;

/// Collects a canonical reply and hands it on as it is.
///
/// # Errors
/// `UpstreamError` for an error, an empty body, a web page or cut JSON inside a good reply.
pub(super) async fn verbatim(mut reading: Reading<'_>) -> Result<Bytes, Failure> {
    let body = collect(&mut reading.body).await?;
    match ReplyFacts::read(kind_of(reading.work.request.operation), &body) {
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
    let Ok([document]) = <[Bytes; 1]>::try_from(documents) else {
        return Err(rubbish("not exactly one document for a reply that is not streamed"));
    };
    match ReplyFacts::read(kind_of(reading.work.request.operation), &document) {
        Ok(facts) if facts.is_error => Err(rubbish("an error as a good document")),
        Ok(facts) => {
            note_usage(&reading.work.request.trace, facts.usage);
            Ok(document)
        }
        Err(problem) => Err(rubbish(problem.to_string())),
    }
}

async fn collect(body: &mut TimedBody) -> Result<Bytes, Failure> {
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
