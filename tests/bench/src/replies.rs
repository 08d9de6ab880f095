//! The mock upstream's replies in OpenAI's form, in the shapes and sizes that real servers send.
//!
//! The other vendors' are in [`vendor`](crate::vendor); they say the same.

use bytes::Bytes;

use crate::case::MODEL;

/// Chunks of a stream, the one with the role and the one with the finish reason included.
pub(crate) const STREAM_CHUNKS: usize = 100;

/// Floats of an embedding, as in OpenAI's small models.
const EMBEDDING_FLOATS: usize = 1536;

const CREATED: u64 = 1_760_000_000;

/// The text of a reply that comes in one piece.
pub(crate) const UNARY_TEXT: &str = "A patch bay is the panel that does that.";

/// The pieces of text of a stream.
pub(crate) fn words() -> impl Iterator<Item = String> {
    (0..STREAM_CHUNKS - 2).map(|number| format!(" word{number}"))
}

/// A `chat.completion` of about 600 bytes.
pub(crate) fn unary() -> Bytes {
    Bytes::from(format!(
        r#"{{"id":"chatcmpl-bench000000000000000000000001","object":"chat.completion","created":{CREATED},"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{UNARY_TEXT}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":31,"completion_tokens":11,"total_tokens":42,"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}}}},"system_fingerprint":"fp_bench"}}"#
    ))
}

/// The events of a stream, `[DONE]` included; a usage chunk only if it was asked for.
pub(crate) fn stream(include_usage: bool) -> Vec<Bytes> {
    let mut events = Vec::with_capacity(STREAM_CHUNKS + 2);
    events.push(chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null"));
    events.extend(words().map(|word| chunk(&format!(r#"{{"content":"{word}"}}"#), "null")));
    events.push(chunk("{}", r#""stop""#));
    if include_usage {
        let usage = r#"{"prompt_tokens":31,"completion_tokens":98,"total_tokens":129}"#;
        events.push(event(&format!(r#"{},"choices":[],"usage":{usage}}}"#, chunk_start())));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn chunk(delta: &str, finish_reason: &str) -> Bytes {
    event(&format!(
        r#"{},"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish_reason}}}]}}"#,
        chunk_start()
    ))
}

fn chunk_start() -> String {
    format!(
        r#"{{"id":"chatcmpl-bench000000000000000000000001","object":"chat.completion.chunk","created":{CREATED},"model":"{MODEL}","system_fingerprint":"fp_bench""#
    )
}

fn event(json: &str) -> Bytes {
    Bytes::from(format!("data: {json}\n\n"))
}

/// A list of one embedding. The floats come from a fixed recurrence, so that every process
/// builds the same bytes.
pub(crate) fn embedding() -> Bytes {
    let mut state = 0x2545_f491_u32;
    let floats: Vec<String> = (0..EMBEDDING_FLOATS)
        .map(|_| {
            // Numerical Recipes' linear congruential generator.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let unit = f64::from(state) / f64::from(u32::MAX) - 0.5;
            format!("{:.9}", unit / 8.0)
        })
        .collect();
    Bytes::from(format!(
        r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[{}]}}],"model":"{MODEL}","usage":{{"prompt_tokens":11,"total_tokens":11}}}}"#,
        floats.join(",")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_sent_only_if_asked_for() {
        let count = |include| {
            let all = stream(include).concat();
            memchr::memmem::find_iter(&all, b"\"usage\"").count()
        };
        assert_eq!(count(false), 0);
        assert_eq!(count(true), 1);
    }

    #[test]
    fn an_embedding_has_1536_floats() {
        let reply = embedding();
        let text = std::str::from_utf8(&reply).unwrap();
        assert_eq!(text.matches("0.0").count(), 1536);
    }
}
