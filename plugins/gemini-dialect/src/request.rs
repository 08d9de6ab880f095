//! A canonical chat request as `GenerateContentRequest`, or what counts its tokens.
//!
//! Members that are neither written nor named as dropped, because nothing is lost: `stream` and
//! `stream_options` (the method says them, usage always comes), `model` (in the path), `n: 1`,
//! `parallel_tool_calls: true`, `strict` of a response format and its `name` (the schema is always
//! kept), and `user` and `metadata`, which do not change an answer.

mod calls;
mod contents;
mod generation;
mod media;
mod model_turn;
mod parts;
mod thinking;
mod tools;
mod vendor;

use patchbay_sdk::canonical::chat::ChatRequest;
pub(crate) use vendor::camel_case;

use patchbay_sdk::canonical::Object;
use patchbay_sdk::request::{Dropped, read_chat};
use patchbay_sdk::{Call, Encoded, Failure};
use serde::Serialize;

use crate::model;
use crate::settings::{Api, DialectSettings, Thinking};

/// The parts of a request whose tokens are counted.
const COUNTED: [&str; 4] = ["contents", "systemInstruction", "tools", "cachedContent"];

/// Writes the body of `generateContent`, or of `countTokens`.
pub(crate) fn encode(
    call: &Call,
    settings: &DialectSettings,
    canonical: &[u8],
) -> Result<Encoded, Failure> {
    let mut request = read_chat(canonical)?;
    let mut dropped = Dropped::default();
    let body = generate(call, settings, &mut request, &mut dropped)?;
    let body = match call.operation.as_str() {
        "count-tokens" => count(body, call, settings.api()),
        _ => body,
    };
    Ok(Encoded::new(to_json(&body)).with_dropped(dropped.into_paths()))
}

fn generate(
    call: &Call,
    settings: &DialectSettings,
    request: &mut ChatRequest,
    dropped: &mut Dropped,
) -> Result<Object, Failure> {
    let thinking = [settings.thinking(&call.model), model::thinking(&call.model)];
    let style = contents::Style {
        call_ids: settings.call_ids(),
        // The models that are told a level are those that insist on signatures.
        needs_signatures: thinking.contains(&Thinking::Level),
    };
    let vendor = vendor::take(std::mem::take(&mut request.extra), dropped);
    let conversation = contents::write(&request.messages, style, dropped)?;

    let mut body = Object::new();
    put(&mut body, "contents", &conversation.contents);
    if !conversation.instructions.parts.is_empty() {
        put(&mut body, "systemInstruction", &conversation.instructions);
    }
    tools::write(request, &mut body, dropped);
    let mut config = generation::write(request, dropped);
    let wish = thinking::Wish {
        effort: request.reasoning_effort.as_deref(),
        thinking: vendor.thinking.as_ref(),
        is_said: vendor.says_thinking(),
    };
    if let Some(thoughts) = thinking::write(call, settings, &wish, dropped) {
        put(&mut config, "thinkingConfig", &thoughts);
    }
    generation::service_tier(request, &mut body, dropped);
    vendor.merge_into(&mut body, &mut config, settings);
    if !config.is_empty() {
        put(&mut body, "generationConfig", &config);
    }
    Ok(body)
}

/// The Gemini API counts a request inside a request, Vertex AI its parts
/// (<https://ai.google.dev/api/tokens>,
/// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>).
fn count(body: Object, call: &Call, api: Api) -> Object {
    let mut counted = Object::new();
    if api == Api::Gemini {
        put(&mut counted, "model", &model::full_name(&call.model));
    }
    for (name, value) in body {
        if COUNTED.contains(&name.as_str()) {
            counted.insert_raw(&name, value);
        }
    }
    if api == Api::Vertex {
        return counted;
    }
    let mut outer = Object::new();
    put(&mut outer, "generateContentRequest", &counted);
    outer
}

/// Sets a member of an object that is being written.
pub(crate) fn put(object: &mut Object, name: &str, value: &(impl Serialize + ?Sized)) {
    object.insert(name, value).expect("texts, numbers and lists of them have a JSON");
}

/// An object as it goes out.
pub(crate) fn to_json(object: &Object) -> Vec<u8> {
    serde_json::to_vec(object).expect("an object of JSON values has a JSON")
}

/// Names the members of a message or part that nobody took.
fn drop_rest(dropped: &mut Dropped, path: &str, members: &Object) {
    dropped.add_members(&format!("{path}."), members);
}
