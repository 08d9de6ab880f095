//! How many tokens a request may need, before a provider has counted them.

use exchange::Operation;
use openai_api::Canonical as _;
use openai_api::chat::ChatRequest;

use crate::tokens;

/// Bytes of a prompt for one token, where nothing else is known of it.
const BYTES_PER_TOKEN: u64 = 4;

/// The estimate of a canonical request's prompt, and the longest answer that it asks for.
pub(crate) fn needed(operation: Operation, canonical: &[u8]) -> u64 {
    let by_size = (canonical.len() as u64).div_ceil(BYTES_PER_TOKEN);
    match operation {
        Operation::CountTokens => 0,
        Operation::Embeddings => by_size,
        Operation::Chat => ChatRequest::from_json(canonical).map_or(by_size, |request| {
            tokens::estimate(&request).saturating_add(longest_answer(&request))
        }),
    }
}

/// None if the request does not say: the limit of the model is not known here.
fn longest_answer(request: &ChatRequest) -> u64 {
    let most = request.max_completion_tokens.as_ref().or(request.max_tokens.as_ref());
    let most = most.and_then(openai_api::Number::as_u64).unwrap_or(0);
    let choices = request.n.as_ref().and_then(openai_api::Number::as_u64).unwrap_or(1).max(1);
    most.saturating_mul(choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_and_the_longest_answer_are_counted() {
        const PROMPT: u64 = 4 + 3;
        for (members, expected) in [
            ("", PROMPT),
            (r#","max_tokens":100"#, PROMPT + 100),
            (r#","max_completion_tokens":50"#, PROMPT + 50),
            (r#","max_completion_tokens":50,"max_tokens":100"#, PROMPT + 50),
            (r#","max_tokens":100,"n":3"#, PROMPT + 300),
            (r#","max_tokens":18446744073709551615,"n":2"#, u64::MAX),
            (r#","max_tokens":-1"#, PROMPT),
        ] {
            let request = format!(
                r#"{{"model":"m","messages":[{{"role":"user","content":"Hello world!"}}]{members}}}"#
            );
            assert_eq!(needed(Operation::Chat, request.as_bytes()), expected, "{members}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_counted_by_its_size() {
        assert_eq!(needed(Operation::Chat, b"[1, 2, 3]"), 3);
        assert_eq!(needed(Operation::Embeddings, br#"{"model":"m","input":"x"}"#), 7);
        assert_eq!(needed(Operation::CountTokens, br#"{"model":"m","messages":[]}"#), 0);
    }
}
