//! Calls of custom tools. The reply writer knows functions; a custom tool's call is written as one
//! and then given its own form: `{"type": "custom", "custom": {"name", "input"}}`.

use patchbay_sdk::Document;
use patchbay_sdk::canonical::chat::{ChatChunk, ChatCompletion, FunctionCall, FunctionDelta};
use patchbay_sdk::canonical::{Canonical, Object, RawJson};
use serde::Serialize;

/// Gives calls of custom tools their form in a chunk or a whole reply.
pub(super) fn reformed(document: Document, custom: &[u32]) -> Document {
    if custom.is_empty() {
        return document;
    }
    if let Ok(chunk) = ChatChunk::from_json(&document)
        && chunk.object == "chat.completion.chunk"
    {
        return in_chunk(chunk, custom).to_json();
    }
    match ChatCompletion::from_json(&document) {
        Ok(completion) => in_completion(completion, custom).to_json(),
        Err(_) => document,
    }
}

fn in_chunk(mut chunk: ChatChunk, custom: &[u32]) -> ChatChunk {
    let deltas = chunk.choices.iter_mut().flat_map(|choice| choice.delta.tool_calls.iter_mut());
    for call in deltas.flatten().filter(|call| custom.contains(&call.index)) {
        let Some(FunctionDelta { name, arguments, .. }) = call.function.take() else { continue };
        call.kind = call.kind.take().map(|_| "custom".to_owned());
        put_custom(&mut call.extra, name, arguments);
    }
    chunk
}

fn in_completion(mut completion: ChatCompletion, custom: &[u32]) -> ChatCompletion {
    let calls =
        completion.choices.iter_mut().flat_map(|choice| choice.message.tool_calls.iter_mut());
    for (_, call) in calls.flat_map(|calls| (0..).zip(calls)).filter(|(at, _)| custom.contains(at))
    {
        let Some(FunctionCall { name, arguments, .. }) = call.function.take() else { continue };
        call.kind = Some("custom".to_owned());
        put_custom(&mut call.extra, Some(name), Some(arguments));
    }
    completion
}

fn put_custom(extra: &mut Object, name: Option<String>, input: Option<String>) {
    #[derive(Serialize)]
    struct Custom {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        input: Option<String>,
    }
    let custom = RawJson::of(&Custom { name, input }).expect("texts have a JSON");
    extra.insert_raw("custom", custom);
}
