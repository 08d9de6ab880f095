//! Vectors.

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::reply::embeddings;
use patchbay_sdk::{Call, Document, Failure, ReplyIdentity};
use serde::Deserialize;

use super::INPUTS;
use super::usage::Counts;

#[derive(Deserialize)]
struct Reply {
    embeddings: ByType,
    meta: Option<RawJson>,
}

#[derive(Deserialize)]
struct ByType {
    float: Vec<RawJson>,
}

pub(super) fn document(
    call: &Call,
    identity: &ReplyIdentity,
    body: &[u8],
) -> Result<Vec<Document>, Failure> {
    let reply: Reply = serde_json::from_slice(body)
        .map_err(|_| Failure::upstream("the provider answered with something without vectors"))?;
    let vectors = reply.embeddings.float;
    let asked = identity.extra.iter().find(|(name, _)| name == INPUTS);
    let asked = asked.and_then(|(_, count)| count.parse::<usize>().ok());
    if asked.is_some_and(|asked| asked != vectors.len()) {
        return Err(Failure::upstream("the provider sent another number of vectors than inputs"));
    }
    let tokens = reply.meta.and_then(|raw| Counts::read(raw.as_str())?.tokens());
    embeddings(&call.model, vectors, tokens).map(|document| vec![document])
}
