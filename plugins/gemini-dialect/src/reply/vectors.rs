//! Vectors, in the three forms of the three methods.

use patchbay_sdk::canonical::{Number, RawJson, TokenUsage};
use patchbay_sdk::{Call, Document, Failure, ReplyIdentity, reply};
use serde::Deserialize;

use crate::errors;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Vectors {
    /// `embedContent`
    embedding: Option<Vector>,
    /// `batchEmbedContents`
    embeddings: Option<Vec<Vector>>,
    /// `predict`
    predictions: Option<Vec<Prediction>>,
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Vector,
}

#[derive(Deserialize)]
struct Vector {
    values: RawJson,
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(alias = "tokenCount")]
    token_count: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

/// The canonical document.
pub(crate) fn read(
    call: &Call,
    identity: &ReplyIdentity,
    body: &[u8],
) -> Result<Document, Failure> {
    if let Some(failure) = errors::instead_of_answer(body) {
        return Err(failure);
    }
    let Vectors { embedding, embeddings, predictions, usage_metadata } = super::parse(body)?;
    let predicted = predictions.unwrap_or_default().into_iter().map(|one| one.embeddings);
    let list = embedding.into_iter().chain(embeddings.unwrap_or_default()).chain(predicted);
    let list: Vec<Vector> = list.collect();
    let asked = identity.extra.iter().find(|(name, _)| name == "inputs");
    let asked = asked.and_then(|(_, count)| count.parse().ok()).unwrap_or(list.len());
    if list.is_empty() || list.len() != asked {
        let message = format!("the provider gave {} vectors for {asked} inputs", list.len());
        return Err(Failure::upstream(message));
    }
    let tokens = tokens(usage_metadata.as_ref(), &list);
    let values = list.into_iter().map(|vector| vector.values).collect();
    reply::embeddings(&call.model, values, tokens)
}

/// The count of the whole, or the sum of the vectors' own.
fn tokens(usage: Option<&Usage>, list: &[Vector]) -> Option<TokenUsage> {
    let whole = usage.and_then(|usage| usage.prompt_token_count.or(usage.total_token_count));
    let of_vector = |vector: &Vector| vector.statistics.as_ref()?.token_count.as_ref()?.as_u64();
    let sum = || list.iter().map(of_vector).try_fold(0_u64, |sum, count| sum.checked_add(count?));
    let prompt_tokens = whole.or_else(sum)?;
    Some(TokenUsage { prompt_tokens, total_tokens: prompt_tokens, ..TokenUsage::default() })
}
