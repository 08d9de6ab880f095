//! A canonical chat request as the body of `POST /api/chat`.

use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::request::Dropped;
use patchbay_sdk::{Call, Encoded, Failure};
use serde::Serialize;

use crate::message::{self, WireMessage};
use crate::settings::OllamaSettings;
use crate::tools::{self, WireTool};
use crate::{options, thinking};

#[derive(Serialize)]
struct ChatBody<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    /// Always said: Ollama streams where nothing is said.
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<RawJson>,
    #[serde(skip_serializing_if = "Object::is_empty")]
    options: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shift: Option<RawJson>,
}

/// Writes the body, and names what it does not hold.
pub(crate) fn encode(
    call: &Call,
    mut settings: OllamaSettings,
    mut request: ChatRequest,
) -> Result<Encoded, Failure> {
    let mut dropped = Dropped::default();
    let mut extra = std::mem::take(&mut request.extra);
    let native_format = take(&mut extra, "format");
    let messages = message::write(&request.messages, &mut dropped)?;
    let body = ChatBody {
        model: &request.model,
        messages,
        stream: call.streaming,
        tools: tools::write(&request, &mut dropped),
        format: format(request.response_format.as_ref(), &mut dropped).or(native_format),
        options: options::write(&request, &mut extra, std::mem::take(&mut settings.options))?,
        think: thinking::write(&request, &mut extra, &mut settings, &mut dropped),
        logprobs: request.logprobs.filter(|wanted| *wanted),
        top_logprobs: request.top_logprobs.as_ref(),
        keep_alive: take(&mut extra, "keep_alive").or(settings.keep_alive),
        truncate: take(&mut extra, "truncate").or_else(|| RawJson::of(&settings.truncate?).ok()),
        shift: take(&mut extra, "shift"),
    };
    let body = to_json(&body)?;
    name_the_rest(&request, &extra, &mut dropped);
    Ok(Encoded::new(body).with_dropped(dropped.into_paths()))
}

/// Takes a member that is there and not null.
pub(crate) fn take(extra: &mut Object, name: &str) -> Option<RawJson> {
    extra.remove(name).filter(|value| !value.is_null())
}

/// A body as JSON.
pub(crate) fn to_json(body: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(body).map_err(|error| Failure::upstream(error.to_string()))
}

/// `"json"`, or the schema itself. The schema's name is for the caller's own use; whether it is
/// strict does not matter, since Ollama lets nothing else through.
fn format(format: Option<&ResponseFormat>, dropped: &mut Dropped) -> Option<RawJson> {
    let format = format?;
    dropped.add_members("response_format.", &format.extra);
    match format.kind.as_str() {
        "text" => None,
        "json_object" => RawJson::of("json").ok(),
        "json_schema" => {
            let schema = format.json_schema.as_ref();
            let described = schema.is_some_and(|schema| schema.description.is_some());
            dropped.add_if(described, "response_format.json_schema.description");
            if let Some(schema) = schema {
                dropped.add_members("response_format.json_schema.", &schema.extra);
            }
            let schema = schema.and_then(|schema| schema.schema.clone());
            schema.or_else(|| RawJson::of("json").ok())
        }
        _ => {
            dropped.add("response_format");
            None
        }
    }
}

/// Names what Ollama has no place for. `user` and `metadata` change no answer and are nobody's
/// loss; `stream_options` is the gateway's own affair, and Ollama always counts.
fn name_the_rest(request: &ChatRequest, extra: &Object, dropped: &mut Dropped) {
    let many = request.n.as_ref().is_some_and(|n| n.as_u64() != Some(1));
    dropped.add_if(many, "n");
    let biased = request.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty());
    dropped.add_if(biased, "logit_bias");
    let tier = request.service_tier.as_deref().unwrap_or("auto");
    dropped.add_if(!["auto", "default"].contains(&tier), "service_tier");
    dropped.add_members("", extra);
}
