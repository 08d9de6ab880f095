//! The request's outermost members.
//!
//! Members that both APIs call the same and members that nobody knows are carried as they are; what
//! only a chat has is named as dropped.

use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::canonical::{Number, Object, Problem, RawJson};
use patchbay_sdk::request::{self as shared, Dropped};
use patchbay_sdk::{Call, Encoded, ExchangePlan, Failure, RequestHead};
use serde::{Deserialize, Serialize};

use super::{input, tools};

/// Members of a chat that the responses API has no word for.
const CHAT_ONLY: [&str; 6] =
    ["audio", "function_call", "functions", "modalities", "prediction", "web_search_options"];

/// The settings that are this dialect's; the others are the adapter's.
#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    reasoning_summary: Option<SummaryStyle>,
    #[serde(default = "yes")]
    encrypted_reasoning: bool,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum SummaryStyle {
    Auto,
    Concise,
    Detailed,
}

fn yes() -> bool {
    true
}

/// Plans a chat.
pub(crate) fn plan(call: &Call) -> Result<ExchangePlan, Failure> {
    if call.operation != "chat" {
        return Err(Failure::unknown_operation(&call.operation));
    }
    call.settings::<Settings>()?;
    let accept = if call.streaming { "text/event-stream" } else { "application/json" };
    let head = RequestHead::post("/responses")
        .with_header("content-type", "application/json")
        .with_header("accept", accept);
    Ok(ExchangePlan::rewritten(head))
}

/// Rewrites a chat.
pub(crate) fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
    let settings: Settings = call.settings()?;
    let mut chat = shared::read_chat(canonical)?;
    let mut dropped = Dropped::default();
    let mut request = Object::new();

    put(&mut request, "model", &chat.model);
    put(&mut request, "input", &input::items(&chat.messages, &mut dropped));
    put(&mut request, "store", &false);
    let include = include(&settings, chat.logprobs == Some(true));
    if !include.is_empty() {
        put(&mut request, "include", &include);
    }
    if call.streaming {
        put(&mut request, "stream", &true);
    }
    let limit = chat.max_completion_tokens.take().or(chat.max_tokens.take());
    put_if(&mut request, "max_output_tokens", limit.as_ref());
    put_if(&mut request, "temperature", chat.temperature.as_ref());
    put_if(&mut request, "top_p", chat.top_p.as_ref());
    put_if(&mut request, "top_logprobs", chat.top_logprobs.as_ref());
    put_if(&mut request, "parallel_tool_calls", chat.parallel_tool_calls.as_ref());
    put_if(&mut request, "metadata", chat.metadata.as_ref());
    put_if(&mut request, "service_tier", chat.service_tier.as_ref());
    put_if(&mut request, "user", chat.user.as_ref());
    if let Some(list) = &chat.tools {
        put(&mut request, "tools", &tools::flat(list, &mut dropped));
    }
    if let Some(choice) = &chat.tool_choice {
        request.insert_raw("tool_choice", tools::flat_choice(choice));
    }
    put_reasoning(&mut request, &mut chat, &settings)?;
    put_text(&mut request, &mut chat, &mut dropped)?;
    carry(&mut request, chat, &mut dropped);

    let body = serde_json::to_vec(&request).expect("an object of JSON has a JSON");
    Ok(Encoded::new(body).with_dropped(dropped.into_paths()))
}

fn include(settings: &Settings, logprobs: bool) -> Vec<&'static str> {
    let wanted = [
        (settings.encrypted_reasoning, "reasoning.encrypted_content"),
        (logprobs, "message.output_text.logprobs"),
    ];
    wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, word)| word).collect()
}

/// `reasoning_effort` and the operator's style of summaries, in a member `reasoning` that the
/// caller may have filled with more.
fn put_reasoning(
    request: &mut Object,
    chat: &mut ChatRequest,
    settings: &Settings,
) -> Result<(), Failure> {
    let mut reasoning = take_object(&mut chat.extra, "reasoning")?;
    put_if(&mut reasoning, "effort", chat.reasoning_effort.as_ref());
    if reasoning.get_raw("summary").is_none() {
        put_if(&mut reasoning, "summary", settings.reasoning_summary.as_ref());
    }
    if !reasoning.is_empty() {
        put(request, "reasoning", &reasoning);
    }
    Ok(())
}

/// `response_format` and `verbosity`, in a member `text`.
fn put_text(
    request: &mut Object,
    chat: &mut ChatRequest,
    dropped: &mut Dropped,
) -> Result<(), Failure> {
    let mut text = take_object(&mut chat.extra, "text")?;
    if let Some(format) = &chat.response_format {
        put(&mut text, "format", &flat_format(format, dropped));
    }
    if let Some(verbosity) = chat.extra.remove("verbosity") {
        text.insert_raw("verbosity", verbosity);
    }
    if !text.is_empty() {
        put(request, "text", &text);
    }
    Ok(())
}

fn flat_format(format: &ResponseFormat, dropped: &mut Dropped) -> Object {
    let mut flat = Object::new();
    put(&mut flat, "type", &format.kind);
    if let Some(schema) = &format.json_schema {
        put(&mut flat, "name", &schema.name);
        put_if(&mut flat, "description", schema.description.as_ref());
        put_if(&mut flat, "schema", schema.schema.as_ref());
        put_if(&mut flat, "strict", schema.strict.as_ref());
        dropped.add_members("response_format.json_schema.", &schema.extra);
    }
    for (name, value) in format.extra.iter() {
        flat.insert_raw(name, value.clone());
    }
    flat
}

/// Carries what is left of the request, and names what has no word here.
fn carry(request: &mut Object, mut chat: ChatRequest, dropped: &mut Dropped) {
    let is_one = |n: &Number| n.as_u64() == Some(1);
    dropped.add_if(chat.n.is_some_and(|n| !is_one(&n)), "n");
    dropped.add_if(chat.stop.is_some(), "stop");
    dropped.add_if(chat.seed.is_some(), "seed");
    dropped.add_if(chat.presence_penalty.is_some(), "presence_penalty");
    dropped.add_if(chat.frequency_penalty.is_some(), "frequency_penalty");
    dropped.add_if(chat.logit_bias.is_some(), "logit_bias");
    for name in CHAT_ONLY {
        dropped.add_if(chat.extra.remove(name).is_some_and(|value| !value.is_null()), name);
    }
    // The gateway keeps no state, and must not leave any behind for its callers.
    dropped.add_if(chat.extra.remove("store").is_some_and(|it| it.as_str() == "true"), "store");
    // Every reply has its usage. What else there is of stream options, both APIs call the same.
    if let Some(options) = chat.stream_options.filter(|options| !options.extra.is_empty()) {
        put(request, "stream_options", &options.extra);
    }
    for (name, value) in chat.extra {
        if request.get_raw(&name).is_none() && !value.is_null() {
            request.insert_raw(&name, value);
        }
    }
}

/// Takes an object that the caller wrote for this very API.
fn take_object(extra: &mut Object, name: &str) -> Result<Object, Failure> {
    let Some(raw) = extra.remove(name).filter(|raw| !raw.is_null()) else {
        return Ok(Object::new());
    };
    raw.parse().map_err(|problem| shared::invalid(&Problem::at(name, problem.message)))
}

/// Sets a member. What is set here is made of texts, flags and JSON that was read before.
pub(super) fn put(object: &mut Object, name: &str, value: &(impl Serialize + ?Sized)) {
    let raw = RawJson::of(value).expect("texts, flags and JSON have a JSON");
    object.insert_raw(name, raw);
}

/// Sets a member that is there.
pub(super) fn put_if(object: &mut Object, name: &str, value: Option<&impl Serialize>) {
    if let Some(value) = value {
        put(object, name, value);
    }
}
