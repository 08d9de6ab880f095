//! What Ollama's errors mean: `{"error": "a sentence"}`, with a status, in a line of a stream,
//! or instead of an answer. There is no code, so that some sentences have to be known.

use patchbay_sdk::{Failure, FailureKind, ResponseHead, explain};

/// Explains a reply whose status is not 2xx.
pub(crate) fn of_reply(head: &ResponseHead, body: &[u8]) -> Failure {
    let failure = explain::reply(head, body);
    match (head.status, failure.kind()) {
        // Ollama's word for a request that went away; nobody's request was wrong.
        (499, _) => with_kind(failure, FailureKind::UpstreamError),
        (_, FailureKind::InvalidRequest | FailureKind::UpstreamError) => by_sentence(failure),
        _ => failure,
    }
}

/// The failure in a document that is no answer.
pub(crate) fn instead_of_answer(document: &[u8]) -> Failure {
    if let Some(failure) = explain::error_instead_of_answer(document) {
        return by_sentence(failure);
    }
    Failure::upstream(match document.trim_ascii() {
        [] => "the provider answered with an empty body",
        [b'<', ..] => "the provider answered with an HTML page",
        _ => "the provider answered with something that is not Ollama's JSON",
    })
}

/// In a stream an error has no status, and a prompt that is too long comes with 400 and 500.
fn by_sentence(failure: Failure) -> Failure {
    let said = failure.message().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let of_context = says(&["context length", "context size", "available context"]);
    let kind = if of_context && says(&["exceed", "longer", "too l"]) {
        FailureKind::ContextTooLong
    } else if says(&["server busy"]) {
        FailureKind::UpstreamOverloaded
    } else if said.starts_with("model") && says(&["not found"]) {
        FailureKind::NotFound
    } else if said == "unauthorized" {
        FailureKind::UpstreamAuth
    } else {
        return failure;
    };
    with_kind(failure, kind)
}

fn with_kind(failure: Failure, kind: FailureKind) -> Failure {
    Failure::new(kind, failure.message())
        .with_retry_after_ms(failure.retry_after_ms())
        .with_upstream_code(failure.upstream_code().map(Into::into))
}
