//! `POST /v2/chat`.

use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::request::{self, Dropped};
use patchbay_sdk::{Encoded, Failure};
use serde::Serialize;

use super::messages::{self, Turn};
use super::options::{self, Thinking};
use super::tools;

/// The request in Cohere's form; members that are not set are not written.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    stream: bool,
    messages: Vec<Turn<'a>>,
    #[serde(flatten)]
    tools: tools::Tools<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<&'a Number>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    /// Members that the caller sent in Cohere's own words.
    #[serde(flatten)]
    own: Object,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<&'a RawJson>,
}

pub(crate) fn encode(streaming: bool, canonical: &[u8]) -> Result<Encoded, Failure> {
    let mut request = request::read_chat(canonical)?;
    let mut dropped = Dropped::default();
    let mut extra = std::mem::take(&mut request.extra);
    let own = options::own_members(&mut extra);
    let thinking = options::thinking(&mut extra, request.reasoning_effort.as_deref(), &mut dropped);
    let k = extra.remove("top_k");
    let body = Body {
        model: &request.model,
        stream: streaming,
        messages: messages::turns(&request.messages, &mut dropped)?,
        tools: tools::tools(&request, &own, &mut dropped),
        response_format: format(request.response_format.as_ref(), &mut dropped),
        max_tokens: request.max_completion_tokens.as_ref().or(request.max_tokens.as_ref()),
        stop_sequences: request.stop.as_ref().map(|stop| stop.texts()).unwrap_or_default(),
        temperature: request.temperature.as_ref(),
        p: request.top_p.as_ref().filter(|_| own.get_raw("p").is_none()),
        k: k.filter(|_| own.get_raw("k").is_none()),
        seed: request.seed.as_ref(),
        frequency_penalty: request.frequency_penalty.as_ref(),
        presence_penalty: request.presence_penalty.as_ref(),
        logprobs: request.logprobs.filter(|wanted| *wanted),
        thinking,
        own,
    };
    name_the_rest(&request, &extra, &mut dropped);
    let body = serde_json::to_vec(&body)
        .map_err(|error| Failure::invalid_request("", format!("it has no JSON: {error}")))?;
    Ok(Encoded::new(body).with_dropped(dropped.into_paths()))
}

/// JSON with or without a schema. Cohere keeps to a schema to the letter and does not ask for
/// its name, so `strict` and `name` are not lost; a description for the model is.
fn format<'a>(wanted: Option<&'a ResponseFormat>, dropped: &mut Dropped) -> Option<Format<'a>> {
    let wanted = wanted?;
    dropped.add_members("response_format.", &wanted.extra);
    let schema = wanted.json_schema.as_ref();
    match wanted.kind.as_str() {
        "text" => None,
        "json_object" => Some(Format { kind: "json_object", json_schema: None }),
        "json_schema" => {
            if let Some(schema) = schema {
                let is_described = schema.description.is_some();
                dropped.add_if(is_described, "response_format.json_schema.description");
                dropped.add_members("response_format.json_schema.", &schema.extra);
            }
            let json_schema = schema.and_then(|schema| schema.schema.as_ref());
            Some(Format { kind: "json_object", json_schema })
        }
        _ => {
            dropped.add("response_format");
            None
        }
    }
}

/// Names what has no place. `stream_options` is fulfilled, as the usage always comes; `user` and
/// `metadata` are the caller's own labels and change no answer.
fn name_the_rest(request: &ChatRequest, extra: &Object, dropped: &mut Dropped) {
    let several = request.n.as_ref().is_some_and(|n| n.as_u64() != Some(1));
    let tier = request.service_tier.as_deref();
    dropped.add_if(several, "n");
    dropped.add_if(request.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty()), "logit_bias");
    dropped.add_if(request.top_logprobs.is_some(), "top_logprobs");
    dropped.add_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    dropped.add_if(tier.is_some_and(|tier| tier != "auto" && tier != "default"), "service_tier");
    dropped.add_members("", extra);
}
