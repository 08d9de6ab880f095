//! Embeddings requests of more inputs than a provider takes at once: split, and joined again.

use std::num::NonZeroUsize;

use bytes::Bytes;
use exchange::{Failure, FailureKind};
use openai_api::embeddings::{EmbeddingsReply, EmbeddingsRequest, Input};
use openai_api::{Canonical, TokenUsage};

use crate::answer::rubbish;

/// The request in parts of at most `most` inputs, or `None` if it is one such part itself.
///
/// # Errors
/// `InvalidRequest` if it is no embeddings request.
pub(crate) fn split(canonical: &[u8], most: NonZeroUsize) -> Result<Option<Vec<Bytes>>, Failure> {
    let request = EmbeddingsRequest::from_json(canonical).map_err(|problem| {
        let failure = Failure::new(FailureKind::InvalidRequest, problem.message.as_str());
        failure.with_param(problem.param().unwrap_or("input"))
    })?;
    if request.input.count() <= most.get() {
        return Ok(None);
    }
    let inputs: Vec<Input> = match &request.input {
        Input::Text(_) | Input::Tokens(_) => return Ok(None),
        Input::Texts(texts) => {
            texts.chunks(most.get()).map(|part| Input::Texts(part.to_vec())).collect()
        }
        Input::TokenLists(lists) => {
            lists.chunks(most.get()).map(|part| Input::TokenLists(part.to_vec())).collect()
        }
    };
    let part = |input| EmbeddingsRequest { input, ..request.clone() }.to_json().into();
    Ok(Some(inputs.into_iter().map(part).collect()))
}

/// One reply out of the replies to the parts, in the order of the parts, and the tokens of all.
///
/// # Errors
/// `PluginFault` if one is no embeddings reply, or has not a vector for each of its inputs.
pub(crate) fn join(
    replies: &[Bytes],
    most: NonZeroUsize,
) -> Result<(Bytes, Option<TokenUsage>), Failure> {
    let mut whole: Option<EmbeddingsReply> = None;
    let mut counted = TokenUsage::default();
    let mut has_usage = false;
    for (part, reply) in replies.iter().enumerate() {
        let mut reply = EmbeddingsReply::from_json(reply)
            .map_err(|problem| rubbish(format!("an embeddings reply: {problem}")))?;
        let is_last = part + 1 == replies.len();
        if reply.data.len() > most.get() || (!is_last && reply.data.len() != most.get()) {
            let message = "the provider did not answer each input with one vector";
            return Err(Failure::new(FailureKind::UpstreamError, message));
        }
        if let Some(usage) = reply.usage.take() {
            has_usage = true;
            add(&mut counted, usage.tokens());
        }
        reply.data.sort_by_key(|vector| vector.index);
        let whole =
            whole.get_or_insert_with(|| EmbeddingsReply { data: Vec::new(), ..reply.clone() });
        for mut vector in reply.data {
            vector.index = u32::try_from(whole.data.len()).unwrap_or(u32::MAX);
            whole.data.push(vector);
        }
    }
    let mut whole = whole.unwrap_or_default();
    let counted = has_usage.then_some(counted);
    whole.usage = counted.map(Into::into);
    Ok((whole.to_json().into(), counted))
}

fn add(sum: &mut TokenUsage, part: TokenUsage) {
    sum.prompt_tokens += part.prompt_tokens;
    sum.completion_tokens += part.completion_tokens;
    sum.total_tokens += part.total_tokens;
    sum.cached_tokens += part.cached_tokens;
    sum.reasoning_tokens += part.reasoning_tokens;
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    fn parts(input: &str) -> Option<Vec<String>> {
        let request = format!(r#"{{"model":"m","input":{input},"dimensions":8,"new":1.0}}"#);
        let parts = split(request.as_bytes(), TWO).unwrap()?;
        Some(parts.iter().map(|part| String::from_utf8(part.to_vec()).unwrap()).collect())
    }

    #[test]
    fn only_a_list_over_the_limit_is_split_and_all_members_are_kept() {
        assert_eq!(parts(r#""a""#), None);
        assert_eq!(parts(r#"["a","b"]"#), None);
        assert_eq!(parts("[1,2,3]"), None, "one input as tokens");
        let split = parts(r#"["a","b","c"]"#).unwrap();
        let part =
            |input: &str| format!(r#"{{"model":"m","input":{input},"dimensions":8,"new":1.0}}"#);
        assert_eq!(split, [part(r#"["a","b"]"#), part(r#"["c"]"#)]);
        assert_eq!(parts("[[1],[2],[3,4]]").unwrap()[1], part("[[3,4]]"));
    }

    fn reply(vectors: &[(u32, f32)], tokens: u64) -> Bytes {
        let vectors: Vec<String> = vectors
            .iter()
            .map(|(index, value)| {
                format!(r#"{{"object":"embedding","index":{index},"embedding":[{value}]}}"#)
            })
            .collect();
        let vectors = vectors.join(",");
        format!(
            r#"{{"object":"list","data":[{vectors}],"model":"there","usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}}}"#
        )
        .into()
    }

    #[test]
    fn replies_are_joined_in_order_with_the_sum_of_tokens() {
        let replies = [reply(&[(1, 0.25), (0, 0.5)], 3), reply(&[(0, 0.75)], 4)];
        let (joined, counted) = join(&replies, TWO).unwrap();
        assert_eq!(counted.unwrap().total_tokens, 7);
        let joined = EmbeddingsReply::from_json(&joined).unwrap();
        let vectors: Vec<_> =
            joined.data.iter().map(|it| (it.index, it.embedding.as_str().to_owned())).collect();
        assert_eq!(vectors, [(0, "[0.5]".into()), (1, "[0.25]".into()), (2, "[0.75]".into())]);
        assert_eq!(joined.usage.unwrap().tokens().total_tokens, 7);
        assert_eq!(joined.model, "there");
    }

    #[test]
    fn a_vector_that_is_missing_is_not_papered_over() {
        let replies = [reply(&[(0, 0.5)], 3), reply(&[(0, 0.75)], 4)];
        assert_eq!(join(&replies, TWO).unwrap_err().kind(), FailureKind::UpstreamError);
    }
}
