//! The request's outermost members.
//!
//! Members that both APIs call the same, `temperature`, `top_p`, `metadata`, `user`,
//! `safety_identifier`, `prompt_cache_key`, `service_tier`, `parallel_tool_calls` and whatever is
//! unknown here, are carried over as they are; the provider's side carries them on or names them.

use patchbay_sdk::canonical::chat::{JsonSchemaFormat, ResponseFormat};
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::{Decoded, Failure, request as shared};

use super::{echo, input, left_over, object_at, set, take, take_required, tools};

/// Name of the value that [`ReplyEncoder`](super::ReplyEncoder) gets: an object.
pub(super) const ECHO: &str = "echo";

/// Reads a caller's request.
pub(crate) fn decode(body: &[u8]) -> Result<Decoded, Failure> {
    let mut request = Object::from_json(body).map_err(|problem| shared::invalid(&problem))?;
    refuse_what_needs_state(&mut request)?;
    let echo = echo::of(&request);
    let model: String = take_required(&mut request, "model", "")?;
    let streaming = take(&mut request, "stream", "")?.unwrap_or(false);
    let messages = input::messages(&mut request)?;

    let mut canonical = Object::new();
    set(&mut canonical, "model", &model);
    set(&mut canonical, "messages", &messages);
    if streaming {
        set(&mut canonical, "stream", &true);
        // The last event of a reply always has the usage.
        let options = RawJson::from_text(r#"{"include_usage":true}"#).unwrap_or_default();
        canonical.insert_raw("stream_options", options);
    }
    rename(&mut request, "max_output_tokens", &mut canonical, "max_completion_tokens")?;
    read_reasoning(&mut request, &mut canonical)?;
    read_text(&mut request, &mut canonical)?;
    read_logprobs(&mut request, &mut canonical)?;
    if let Some(tools) = tools::read(&mut request)? {
        set(&mut canonical, "tools", &tools);
    }
    if let Some(choice) = tools::read_choice(&mut request)? {
        set(&mut canonical, "tool_choice", &choice);
    }
    carry(request, &mut canonical);

    let canonical = serde_json::to_vec(&canonical).expect("an object of JSON has a JSON");
    Ok(Decoded::new("chat", model, streaming, canonical).with_extra(ECHO, echo))
}

/// Refuses members that need a server with a memory.
fn refuse_what_needs_state(request: &mut Object) -> Result<(), Failure> {
    const STATEFUL: [(&str, &str); 3] = [
        ("previous_response_id", "send the whole conversation in input"),
        ("conversation", "send the whole conversation in input"),
        ("prompt", "send the prompt's text in instructions and input"),
    ];
    for (name, instead) in STATEFUL {
        if request.remove(name).is_some_and(|value| !value.is_null()) {
            let message = format!("{name} needs a stored state, and nothing is stored: {instead}");
            return Err(Failure::invalid_request(name, message));
        }
    }
    if take::<bool>(request, "background", "")? == Some(true) {
        let message = "background responses are not offered: leave background out";
        return Err(Failure::invalid_request("background", message));
    }
    if take::<bool>(request, "store", "")? == Some(true) {
        let message = "responses are not stored: send store false, or leave it out";
        return Err(Failure::invalid_request("store", message));
    }
    match take::<Number>(request, "n", "")?.map(|n| n.as_u64()) {
        None | Some(Some(1)) => Ok(()),
        Some(_) => Err(Failure::invalid_request("n", "a response has one answer: leave n out")),
    }
}

fn rename(from: &mut Object, old: &str, to: &mut Object, new: &str) -> Result<(), Failure> {
    if let Some(value) = take::<RawJson>(from, old, "")? {
        to.insert_raw(new, value);
    }
    Ok(())
}

/// `reasoning.effort`, and what a chat has no member for. A summary "as the model likes" needs no
/// member: readable reasoning comes back wherever the provider shows it.
fn read_reasoning(request: &mut Object, canonical: &mut Object) -> Result<(), Failure> {
    let Some(raw) = take::<RawJson>(request, "reasoning", "")? else { return Ok(()) };
    let mut reasoning = object_at(&raw, "reasoning")?;
    if let Some(effort) = take::<String>(&mut reasoning, "effort", "reasoning")? {
        set(canonical, "reasoning_effort", &effort);
    }
    for name in ["summary", "generate_summary"] {
        if reasoning.get::<String>(name).is_ok_and(|word| word.as_deref() == Some("auto")) {
            reasoning.remove(name);
        }
    }
    let rest = left_over(reasoning);
    if !rest.is_empty() {
        set(canonical, "reasoning", &rest);
    }
    Ok(())
}

/// `text.format` and `text.verbosity`.
fn read_text(request: &mut Object, canonical: &mut Object) -> Result<(), Failure> {
    let Some(raw) = take::<RawJson>(request, "text", "")? else { return Ok(()) };
    let mut text = object_at(&raw, "text")?;
    if let Some(verbosity) = take::<String>(&mut text, "verbosity", "text")? {
        set(canonical, "verbosity", &verbosity);
    }
    if let Some(raw) = take::<RawJson>(&mut text, "format", "text")? {
        set(canonical, "response_format", &format(object_at(&raw, "text.format")?)?);
    }
    let rest = left_over(text);
    if !rest.is_empty() {
        set(canonical, "text", &rest);
    }
    Ok(())
}

fn format(mut format: Object) -> Result<ResponseFormat, Failure> {
    const PATH: &str = "text.format";
    let kind: String = take_required(&mut format, "type", PATH)?;
    let json_schema = match kind.as_str() {
        "json_schema" => Some(JsonSchemaFormat {
            name: take_required(&mut format, "name", PATH)?,
            description: take(&mut format, "description", PATH)?,
            schema: take(&mut format, "schema", PATH)?,
            strict: take(&mut format, "strict", PATH)?,
            ..JsonSchemaFormat::default()
        }),
        _ => None,
    };
    Ok(ResponseFormat { kind, json_schema, extra: left_over(format) })
}

/// `include` and `top_logprobs`. Encrypted reasoning is always included; the results of built-in
/// tools, which other words ask for, do not occur.
fn read_logprobs(request: &mut Object, canonical: &mut Object) -> Result<(), Failure> {
    let include: Vec<String> = take(request, "include", "")?.unwrap_or_default();
    let alternatives = take::<Number>(request, "top_logprobs", "")?;
    let alternatives = alternatives.filter(|count| count.as_u64() != Some(0));
    let wanted = include.iter().any(|word| word == "message.output_text.logprobs");
    if wanted || alternatives.is_some() {
        set(canonical, "logprobs", &true);
    }
    if let Some(count) = alternatives {
        set(canonical, "top_logprobs", &count);
    }
    Ok(())
}

/// Carries over what is left, and never over a member that was read here.
fn carry(mut request: Object, canonical: &mut Object) {
    // Events are never padded; a limit of built-in tools' calls is kept, since there are none.
    for name in ["stream_options", "max_tool_calls"] {
        request.remove(name);
    }
    // "disabled" is what a chat does.
    if request.get::<String>("truncation").is_ok_and(|word| word.as_deref() == Some("disabled")) {
        request.remove("truncation");
    }
    for (name, value) in left_over(request) {
        if canonical.get_raw(&name).is_none() {
            canonical.insert_raw(&name, value);
        }
    }
}
