//! What callers send and get: the members that the gateway reads or writes. Others are allowed,
//! in both directions, and go through.

use openai_api::envelope::MAX_MODEL_BYTES;
use serde_json::{Value, json};

use super::operation::schema;
use super::shapes::open;

/// Every schema of a caller's request or reply, by name.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("ChatRequest", chat_request()),
        ("ChatMessage", chat_message()),
        ("ChatCompletion", chat_completion()),
        ("EmbeddingsRequest", embeddings_request()),
        ("EmbeddingList", embedding_list()),
        ("CompletionRequest", completion_request()),
        ("Completion", completion()),
        ("ResponseRequest", response_request()),
        ("Response", response()),
        ("MessagesRequest", messages_request()),
        ("CountTokensRequest", count_tokens_request()),
        ("MessagesReply", messages_reply()),
        (
            "TokenCount",
            open("Tokens of a request.", &["input_tokens"], &json!({ "input_tokens": count() })),
        ),
        ("Usage", usage()),
    ]
}

fn chat_request() -> Value {
    let members = json!({
        "model": model(),
        "messages": {
            "type": "array", "items": schema("ChatMessage"), "minItems": 1,
            "description": "The conversation so far.",
        },
        "stream": stream(),
        "stream_options": {
            "type": ["object", "null"],
            "properties": { "include_usage": { "type": ["boolean", "null"] } },
        },
        "temperature": number(), "top_p": number(),
        "presence_penalty": number(), "frequency_penalty": number(),
        "max_tokens": integer(), "max_completion_tokens": integer(), "seed": integer(),
        "top_logprobs": integer(),
        "n": { "type": ["integer", "null"], "minimum": 1 },
        "stop": { "type": ["string", "array", "null"], "items": {} },
        "tools": { "type": ["array", "null"], "items": {} },
        "tool_choice": { "type": ["string", "object", "null"] },
        "parallel_tool_calls": boolean(), "logprobs": boolean(), "store": boolean(),
        "response_format": { "type": ["object", "null"] },
        "reasoning_effort": string(), "service_tier": string(), "user": string(),
        "logit_bias": { "type": ["object", "array", "null"], "items": {} },
        "metadata": { "type": ["object", "null"] },
        "modalities": { "type": ["array", "null"], "items": {} },
        "functions": { "type": ["array", "null"], "items": {} },
        "function_call": { "type": ["string", "object", "null"] },
    });
    open(
        "A chat, as OpenAI's API has it. Other members go to the provider.",
        &["model", "messages"],
        &members,
    )
}

fn chat_message() -> Value {
    let members = json!({
        "role": {
            "type": "string",
            "description": "Who speaks: `system`, `developer`, `user`, `assistant`, `tool`.",
        },
        "content": {
            "type": ["string", "array", "null"], "items": {},
            "description": "What is said: a text, or a list of parts.",
        },
        "name": string(),
        "refusal": string(),
        "tool_calls": { "type": ["array", "null"], "items": {} },
        "tool_call_id": string(),
        "reasoning_content": string(),
        "reasoning_details": { "type": ["array", "null"], "items": {} },
    });
    open("One message.", &["role"], &members)
}

fn chat_completion() -> Value {
    let choice = json!({
        "index": count(),
        "message": schema("ChatMessage"),
        "finish_reason": string(),
        "logprobs": { "type": ["object", "null"] },
    });
    let members = json!({
        "id": { "type": "string" },
        "object": { "type": "string", "const": "chat.completion" },
        "created": count(),
        "model": { "type": "string" },
        "choices": { "type": "array", "items": open("One answer.", &["index", "message", "finish_reason"], &choice) },
        "usage": schema("Usage"),
        "service_tier": string(),
        "system_fingerprint": string(),
    });
    open("An answer.", &["id", "object", "created", "model", "choices"], &members)
}

fn usage() -> Value {
    let members = json!({
        "prompt_tokens": count(), "completion_tokens": count(), "total_tokens": count(),
        "prompt_tokens_details": {
            "type": ["object", "null"], "properties": { "cached_tokens": count() },
        },
        "completion_tokens_details": {
            "type": ["object", "null"], "properties": { "reasoning_tokens": count() },
        },
    });
    open("Tokens, as the provider counted them.", &[], &members)
}

fn embeddings_request() -> Value {
    let members = json!({
        "model": model(),
        "input": {
            "type": ["string", "array"], "items": {}, "minLength": 1, "minItems": 1,
            "description": "A text, a list of texts, or token ids in one list or several.",
        },
        "encoding_format": {
            "type": ["string", "null"], "description": "`float` or `base64`.",
        },
        "dimensions": { "type": ["integer", "null"], "minimum": 1 },
        "user": string(),
    });
    open("What is to be embedded. Other members go to the provider.", &["model", "input"], &members)
}

fn embedding_list() -> Value {
    let embedding = json!({
        "object": { "type": "string", "const": "embedding" },
        "index": count(),
        "embedding": {
            "type": ["array", "string"], "items": { "type": "number" },
            "description": "Numbers, or base64 of little-endian 32-bit floats.",
        },
    });
    let members = json!({
        "object": { "type": "string", "const": "list" },
        "data": { "type": "array", "items": open("One vector.", &["object", "index", "embedding"], &embedding) },
        "model": { "type": "string" },
        "usage": schema("Usage"),
    });
    open("Vectors, in the order of the input.", &["object", "data", "model"], &members)
}

fn completion_request() -> Value {
    let members = json!({
        "model": model(),
        "prompt": {
            "type": ["string", "array"], "items": {}, "description": "A text, or a list with one text.",
        },
        "stream": stream(),
        "max_tokens": integer(),
        "echo": boolean(),
        "logprobs": integer(),
        "temperature": number(), "top_p": number(),
        "stop": { "type": ["string", "array", "null"], "items": {} },
        "user": string(),
    });
    open(
        "A text that is to be continued, as OpenAI's legacy API has it.",
        &["model", "prompt"],
        &members,
    )
}

fn completion() -> Value {
    let choice = json!({
        "index": count(), "text": { "type": "string" }, "finish_reason": string(),
        "logprobs": { "type": ["object", "null"] },
    });
    let members = json!({
        "id": { "type": "string" },
        "object": { "type": "string", "const": "text_completion" },
        "created": count(),
        "model": { "type": "string" },
        "choices": { "type": "array", "items": open("One continuation.", &["index", "text", "finish_reason"], &choice) },
        "usage": schema("Usage"),
    });
    open("A continuation.", &["id", "object", "choices"], &members)
}

fn response_request() -> Value {
    let members = json!({
        "model": model(),
        "input": {
            "type": ["string", "array", "null"], "items": {}, "description": "A text, or a list of items.",
        },
        "instructions": string(),
        "stream": stream(),
        "store": {
            "type": ["boolean", "null"], "enum": [false, null],
            "description": "The gateway stores nothing.",
        },
        "background": {
            "type": ["boolean", "null"], "enum": [false, null],
            "description": "The gateway has no background.",
        },
        "max_output_tokens": integer(),
        "temperature": number(), "top_p": number(),
        "tools": { "type": ["array", "null"], "items": {} },
        "reasoning": { "type": ["object", "null"] },
        "text": { "type": ["object", "null"] },
    });
    open("A request as OpenAI's responses API has it, without stored state.", &["model"], &members)
}

fn response() -> Value {
    let members = json!({
        "id": { "type": "string" },
        "object": { "type": "string", "const": "response" },
        "status": { "type": "string" },
        "model": { "type": "string" },
        "output": { "type": "array", "items": { "type": "object" } },
        "usage": { "type": ["object", "null"] },
    });
    open("A response.", &["id", "object", "output"], &members)
}

fn messages_request() -> Value {
    let mut request = count_tokens_request();
    request["description"] = json!("A chat, as Anthropic's API has it.");
    request["required"] = json!(["model", "max_tokens", "messages"]);
    let more = json!({
        "max_tokens": { "type": "integer", "minimum": 0, "description": "Most tokens of the answer." },
        "stream": stream(),
        "temperature": { "type": ["number", "null"], "minimum": 0, "maximum": 1 },
        "top_p": number(),
        "stop_sequences": { "type": ["array", "null"], "items": { "type": "string" } },
        "metadata": { "type": ["object", "null"] },
    });
    if let (Some(members), Some(more)) = (request["properties"].as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    request
}

fn count_tokens_request() -> Value {
    let message = json!({
        "role": { "type": "string", "description": "`user` or `assistant`." },
        "content": { "type": ["string", "array"], "items": {} },
    });
    let members = json!({
        "model": model(),
        "messages": { "type": "array", "items": open("One message.", &["role", "content"], &message) },
        "system": { "type": ["string", "array", "null"], "items": {} },
        "tools": { "type": ["array", "null"], "items": {} },
        "tool_choice": { "type": ["object", "null"] },
        "thinking": { "type": ["object", "null"] },
    });
    open(
        "A chat whose tokens are counted, as Anthropic's API has it.",
        &["model", "messages"],
        &members,
    )
}

fn messages_reply() -> Value {
    let members = json!({
        "id": { "type": "string" },
        "type": { "type": "string", "const": "message" },
        "role": { "type": "string", "const": "assistant" },
        "model": { "type": "string" },
        "content": { "type": "array", "items": { "type": "object" } },
        "stop_reason": string(),
        "stop_sequence": string(),
        "usage": { "type": "object" },
    });
    open("An answer.", &["id", "type", "role", "content"], &members)
}

fn model() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": MAX_MODEL_BYTES,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
        "description": "A route, a model of a provider, or `provider-id/model`; GET /v1/models \
            lists them.",
    })
}

fn stream() -> Value {
    json!({ "type": ["boolean", "null"], "description": "Whether the answer comes as events." })
}

fn string() -> Value {
    json!({ "type": ["string", "null"] })
}

fn boolean() -> Value {
    json!({ "type": ["boolean", "null"] })
}

fn number() -> Value {
    json!({ "type": ["number", "null"] })
}

fn integer() -> Value {
    json!({ "type": ["integer", "null"] })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}
