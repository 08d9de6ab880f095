//! The callers' operations, and those of no API.

use exchange::FailureKind;
use serde_json::{Value, json};

use super::operation::{Access, Form, Operation};
use super::refusals::of_inference;
use super::replies;
use crate::endpoint::Endpoint;

/// The beginning of a stream, and its end.
const CHAT_EVENTS: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
    \"created\":1769850000,\"model\":\"smart\",\"choices\":[{\"index\":0,\
    \"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\ndata: [DONE]\n\n";
const COMPLETION_EVENTS: &str = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\
    \"choices\":[{\"index\":0,\"text\":\"Hello\",\"finish_reason\":null}]}\n\ndata: [DONE]\n\n";
const RESPONSE_EVENTS: &str = "event: response.output_text.delta\ndata: \
    {\"type\":\"response.output_text.delta\",\"delta\":\"Hello\"}\n\n";
const MESSAGES_EVENTS: &str = "event: content_block_delta\ndata: \
    {\"type\":\"content_block_delta\",\"index\":0,\
    \"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n";

/// Client APIs that bundled plugins speak. The router does not know them: a plugin may bring
/// others.
pub(super) const OF_PLUGINS: [&str; 4] = [
    "POST /v1/completions",
    "POST /v1/responses",
    "POST /v1/messages",
    "POST /v1/messages/count_tokens",
];

/// Each operation, with its method and path.
pub(super) fn operations() -> Vec<(&'static str, Operation)> {
    let [completions_path, responses_path, messages_path, count_path] = OF_PLUGINS;
    vec![
        (Endpoint::Chat.label(), chat()),
        (Endpoint::Embeddings.label(), embeddings()),
        (completions_path, completions()),
        (responses_path, responses()),
        (messages_path, messages()),
        (count_path, count_tokens()),
        (Endpoint::Models.label(), models()),
        (Endpoint::Model.label(), model()),
        (Endpoint::Health.label(), health()),
        (Endpoint::Ready.label(), ready()),
        (Endpoint::OpenApi.label(), document()),
    ]
}

fn inference(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(id, (Access::Caller, "inference"), summary)
}

fn chat() -> Operation {
    let example = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_769_850_000, "model": "smart",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": "Hello" },
            "finish_reason": "stop",
            "logprobs": null,
        }],
        "usage": { "prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10 },
    });
    let reply = replies::json_or_events("The answer.", ("ChatCompletion", example), CHAT_EVENTS);
    let request = hello("smart");
    let mut streamed = request.clone();
    streamed["stream"] = json!(true);
    inference("createChatCompletion", "Chat, in one reply or a stream")
        .described("A stream that fails ends with one event that holds the error.")
        .body("ChatRequest", &[("whole", request), ("stream", streamed)])
        .reply(200, reply)
        .refused(Form::Caller, of_inference())
}

fn embeddings() -> Operation {
    let example = json!({
        "object": "list",
        "data": [{ "object": "embedding", "index": 0, "embedding": [0.25, -0.5] }],
        "model": "vectors",
        "usage": { "prompt_tokens": 1, "total_tokens": 1 },
    });
    inference("createEmbeddings", "Embeddings, as numbers or base64")
        .body("EmbeddingsRequest", &[("text", json!({ "model": "vectors", "input": "Hello" }))])
        .reply(
            200,
            replies::json_with("The vectors.", &replies::OF_INFERENCE, ("EmbeddingList", example)),
        )
        .refused(Form::Caller, of_inference())
}

fn completions() -> Operation {
    let example = json!({
        "id": "cmpl-1", "object": "text_completion", "created": 1_769_850_000, "model": "smart",
        "choices": [{ "index": 0, "text": "Hello", "finish_reason": "stop", "logprobs": null }],
    });
    let events = ("Completion", example);
    inference("createCompletion", "Continue a text: OpenAI's legacy API")
        .described("Spoken by the plugin `openai-completions`.")
        .body("CompletionRequest", &[("text", json!({ "model": "smart", "prompt": "Say hello" }))])
        .reply(200, replies::json_or_events("The continuation.", events, COMPLETION_EVENTS))
        .refused(Form::Caller, of_inference())
}

fn responses() -> Operation {
    let example = json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "smart",
        "output": [{
            "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": "Hello", "annotations": [] }],
        }],
    });
    let events = ("Response", example);
    inference("createResponse", "OpenAI's responses API, without stored state")
        .described("Spoken by the plugin `openai-responses`.")
        .body("ResponseRequest", &[("text", json!({ "model": "smart", "input": "Say hello" }))])
        .reply(200, replies::json_or_events("The response.", events, RESPONSE_EVENTS))
        .refused(Form::Caller, of_inference())
}

fn messages() -> Operation {
    let example = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "smart",
        "content": [{ "type": "text", "text": "Hello" }],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": 8, "output_tokens": 2 },
    });
    let mut request = hello("smart");
    request["max_tokens"] = json!(1000);
    let events = ("MessagesReply", example);
    inference("createMessage", "Chat: Anthropic's API")
        .described("Spoken by the plugin `anthropic-messages`.")
        .body("MessagesRequest", &[("whole", request)])
        .reply(200, replies::json_or_events("The answer.", events, MESSAGES_EVENTS))
        .refused(Form::Messages, of_inference())
}

fn count_tokens() -> Operation {
    let mut headers = replies::OF_INFERENCE.to_vec();
    headers.push("x-patchbay-token-count");
    let example = ("TokenCount", json!({ "input_tokens": 8 }));
    inference("countTokens", "Tokens of a chat: Anthropic's API")
        .described("An estimate where the provider cannot count. Spoken by the plugin `anthropic-messages`.")
        .body("CountTokensRequest", &[("whole", hello("smart"))])
        .reply(200, replies::json_with("How many.", &headers, example))
        .refused(Form::Messages, of_inference())
}

fn models() -> Operation {
    let example = json!({ "object": "list", "data": [model_example()] });
    Operation::new("listModels", (Access::Caller, "models"), "The models that the key may use")
        .reply(200, replies::json("The models.", "ModelList", example))
        .refused(Form::Caller, of_reading())
}

fn model() -> Operation {
    let mut kinds = of_reading();
    kinds.extend([FailureKind::InvalidRequest, FailureKind::NotFound]);
    Operation::new("getModel", (Access::Caller, "models"), "One model that the key may use")
        .taking(&["model-id"])
        .reply(200, replies::json("The model.", "Model", model_example()))
        .refused(Form::Caller, kinds)
}

fn of_reading() -> Vec<FailureKind> {
    vec![
        FailureKind::Unauthenticated,
        FailureKind::EndpointNotAllowed,
        FailureKind::MethodNotAllowed,
        FailureKind::Internal,
    ]
}

fn health() -> Operation {
    let example = json!({ "status": "alive", "checks": [] });
    Operation::new("getHealth", (Access::Open, "health"), "Alive: the process answers")
        .reply(200, replies::json("It does.", "HealthReport", example))
        .refused(Form::Caller, [FailureKind::MethodNotAllowed])
}

fn ready() -> Operation {
    let check =
        |ok: bool, reason: Option<&str>| json!({ "name": "providers", "ok": ok, "reason": reason });
    let good = json!({ "status": "ready", "checks": [check(true, None)] });
    let bad = json!({
        "status": "not ready", "checks": [check(false, Some("no provider is configured"))],
    });
    Operation::new("getReadiness", (Access::Open, "health"), "Ready: requests can be answered")
        .reply(200, replies::json("They can.", "HealthReport", good))
        .refused(Form::Caller, [FailureKind::MethodNotAllowed, FailureKind::Internal])
        .reply(503, replies::json("They cannot, and why.", "HealthReport", bad))
}

fn document() -> Operation {
    let content = json!({ "application/json": {
        "schema": {
            "type": "object", "required": ["openapi", "info", "paths"],
            "properties": {
                "openapi": { "type": "string" },
                "info": { "type": "object" },
                "paths": { "type": "object" },
            },
        },
        "example": {
            "openapi": "3.1.0", "info": { "title": "Patchbay", "version": "0.1.0" }, "paths": {},
        },
    } });
    Operation::new("getOpenApi", (Access::Open, "health"), "This document")
        .reply(200, replies::with("The document.", &[], content))
        .refused(Form::Caller, [FailureKind::MethodNotAllowed])
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Say hello" }] })
}

fn model_example() -> Value {
    json!({ "id": "smart", "object": "model", "created": 1_769_850_000, "owned_by": "patchbay" })
}
