//! Questions, answers and gateways that many tests share.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Provider, Script, Upstream, sse};
use serde_json::{Value, json};

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const EMBEDDINGS: &str = "/v1/embeddings";

/// A small question to model `m`.
pub(crate) fn question() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "Say hello."}]})
}

/// The same, to be answered as a stream.
pub(crate) fn streamed_question() -> Value {
    let mut question = question();
    question["stream"] = true.into();
    question
}

/// A question to another model.
pub(crate) fn question_to(model: &str, content: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": content}]})
}

/// An answer.
pub(crate) fn completion(content: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": "m",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": null},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    })
    .to_string()
}

/// A chunk of a streamed answer.
pub(crate) fn chunk(delta: &Value, finish_reason: Option<&str>) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    })
    .to_string()
}

/// The chunk that holds nothing but usage.
pub(crate) fn usage_chunk() -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": "m", "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    })
    .to_string()
}

/// The chunks of a streamed answer, without the end.
pub(crate) fn chunks(words: &[&str]) -> Vec<String> {
    let role = json!({"role": "assistant", "content": ""});
    let contents = words.iter().map(|word| chunk(&json!({"content": word}), None));
    std::iter::once(chunk(&role, None))
        .chain(contents)
        .chain([chunk(&json!({}), Some("stop"))])
        .collect()
}

/// A streamed answer as text, with its end.
pub(crate) fn stream_text(words: &[&str]) -> String {
    let events = chunks(words).into_iter().chain(["[DONE]".to_owned()]);
    events.map(|data| sse(&data)).collect()
}

/// A streamed answer that ends well.
pub(crate) fn stream(words: &[&str]) -> Script {
    Script::pieces([stream_text(words)])
}

/// A gateway with the provider `main`, which has model `m` and answers by script.
pub(crate) async fn one_provider(script: Script) -> Result<(Gateway, Upstream)> {
    let upstream = Upstream::start(script).await?;
    let main = Provider::openai("main", &upstream.base_url(), &["m"]);
    let gateway = Gateway::start(Configuration::default().provider(&main)).await?;
    Ok((gateway, upstream))
}

/// Two providers, `first` and `second`, behind model `m`, tried in this order.
pub(crate) struct Pair {
    pub(crate) gateway: Gateway,
    pub(crate) first: Upstream,
    pub(crate) second: Upstream,
}

impl Pair {
    /// The second provider always answers well, in the way that was asked for.
    pub(crate) async fn start(first: Script, second: Script) -> Result<Self> {
        let first = Upstream::start(first).await?;
        let second = Upstream::start(second).await?;
        let configuration = Configuration::default()
            .provider(&Provider::openai("first", &first.base_url(), &["m1"]))
            .provider(&Provider::openai("second", &second.base_url(), &["m2"]))
            .route("m", &[("first", "m1"), ("second", "m2")]);
        Ok(Self { gateway: Gateway::start(configuration).await?, first, second })
    }
}
