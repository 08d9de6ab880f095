//! The host's own reading of bodies, which sees them before any plugin does.

use openai_api::chat::{ChatChunk, ChatCompletion, ChatRequest};
use openai_api::embeddings::EmbeddingsRequest;
use openai_api::envelope::{Edit, Kind, RequestEnvelope, with_model};
use openai_api::reply::ReplyFacts;
use openai_api::{Canonical, read_error};
use serde_json::Value;

use crate::seeds;
use crate::target::Target;

/// Envelope, model, documents.
pub fn targets() -> Vec<Target> {
    vec![
        Target::simple("envelope", envelope, seeds::canonical_requests),
        Target::simple("with-model", model, seeds::canonical_requests),
        Target::simple("canonical-types", types, documents),
        Target::simple("reply-facts", facts, documents),
    ]
}

/// An edited request is read again with what was put in, and is otherwise the same.
fn envelope(body: &[u8]) {
    for kind in [Kind::Chat, Kind::Embeddings] {
        let Ok(read) = RequestEnvelope::read(kind, body) else { continue };
        let edit = Edit { model: "other \"model\"", include_usage: true };
        let Some(edited) = read.rewrite(&edit) else { continue };
        let again = RequestEnvelope::read(kind, &edited).expect("an edited request is a request");
        assert_eq!(again.model(), edit.model);
        assert_eq!(again.streaming(), read.streaming());
        assert!(!again.streaming() || again.wants_usage());
        assert!(!again.needs_rewrite(&edit), "an edited request needs another edit");
        assert_eq!(without_edits(&edited), without_edits(body));
    }
}

fn without_edits(body: &[u8]) -> Option<Value> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let members = value.as_object_mut()?;
    members.remove("model");
    if let Some(Value::Object(options)) = members.get_mut("stream_options") {
        options.remove("include_usage");
    }
    if members.get("stream_options").is_some_and(|it| it.is_null() || it == &serde_json::json!({}))
    {
        members.remove("stream_options");
    }
    Some(value)
}

/// A replaced model is the only thing that changes. The body is JSON, as the host promises.
fn model(body: &[u8]) {
    let json = serde_json::from_slice::<Value>(body);
    let replaced = with_model(body, "other");
    let (Ok(mut before), Some(after)) = (json, replaced) else { return };
    let after: Value = serde_json::from_slice(&after).expect("the body stays JSON");
    before["model"] = "other".into();
    assert_eq!(after, before);
}

/// What is read and written again is the same document.
fn types(body: &[u8]) {
    again::<ChatRequest>(body);
    again::<EmbeddingsRequest>(body);
    again::<ChatCompletion>(body);
    again::<ChatChunk>(body);
}

fn again<T: Canonical + PartialEq + std::fmt::Debug>(body: &[u8]) {
    let Ok(read) = T::from_json(body) else { return };
    let written = read.to_json();
    let second = T::from_json(&written).expect("what was written can be read");
    assert_eq!(second.to_json(), written);
}

/// Facts and failures of a reply that is relayed.
fn facts(body: &[u8]) {
    let _ = ReplyFacts::read(Kind::Chat, body);
    let _ = ReplyFacts::read(Kind::Embeddings, body);
    let _ = read_error(body);
}

fn documents() -> Vec<Vec<u8>> {
    let replies = seeds::canonical_replies().into_iter();
    let replies = replies.flat_map(|(_, lines)| {
        lines.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
    });
    replies.chain(seeds::canonical_requests()).chain(seeds::errors()).collect()
}
