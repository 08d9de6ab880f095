//! The members of a request beside its messages and tools.

use std::borrow::Cow;

use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::canonical::{JsonKind, Number, Object, RawJson};
use patchbay_sdk::request::Dropped;

use super::Job;
use super::body::{
    ConverseBody, FormatStructure, GuardrailConfig, PerformanceConfig, SchemaDefinition,
    TextFormat, TierConfig,
};
use super::reasoning::{self, Unset};
use crate::model::Family;
use crate::settings::{DialectSettings, ServiceTier, UnknownMembers};

/// Members that only OpenAI's API has, or that are Converse's and not the caller's to set: put
/// among the additional fields a model would refuse them.
const NEVER_FORWARDED: [&str; 19] = [
    "audio",
    "function_call",
    "functions",
    "inferenceConfig",
    "modalities",
    "moderation",
    "outputConfig",
    "prediction",
    "projectIdentifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "requestMetadata",
    "safety_identifier",
    "serviceTier",
    "store",
    "system",
    "toolConfig",
    "verbosity",
    "web_search_options",
];

/// Pairs that Converse takes as `requestMetadata`.
const MAX_METADATA: usize = 16;

/// Carries the members that canonical does not know.
pub(super) fn carry(body: &mut ConverseBody<'_>, extra: Object, job: &mut Job<'_>) {
    let settings = job.settings;
    let mut own = None;
    let mut unread = Object::new();
    for (name, value) in extra {
        match name.as_str() {
            _ if value.is_null() => {}
            "additionalModelRequestFields" if value.kind() == JsonKind::Object => {
                own = value.parse::<Object>().ok();
            }
            "additionalModelResponseFieldPaths" => {
                body.additional_model_response_field_paths = Some(value);
            }
            "promptVariables" => body.prompt_variables = Some(value),
            "performanceConfig" => {
                body.performance_config = Some(PerformanceConfig::Callers(value));
            }
            "guardrailConfig" if settings.guardrail.is_none() => {
                body.guardrail_config = Some(GuardrailConfig::Callers(value));
            }
            "guardrailConfig" => unread.insert_raw(&name, value),
            _ if settings.unknown_members == UnknownMembers::Drop
                || NEVER_FORWARDED.contains(&name.as_str()) =>
            {
                unread.insert_raw(&name, value);
            }
            "top_k" if matches!(job.family, Family::Nova | Family::Nova2) => {
                body.additional_model_request_fields
                    .insert_raw("inferenceConfig", nova_top_k(&value));
            }
            _ => body.additional_model_request_fields.insert_raw(&name, value),
        }
    }
    for (name, value) in own.into_iter().flatten() {
        body.additional_model_request_fields.insert_raw(&name, value);
    }
    job.dropped.add_members("", &unread);
}

/// Nova has it in a group of its own:
/// <https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html>.
fn nova_top_k(value: &RawJson) -> RawJson {
    let group = format!(r#"{{"topK":{}}}"#, value.as_str());
    RawJson::from_text(group).expect("JSON in an object is JSON")
}

/// What shapes the answer.
pub(super) fn answer<'a>(
    body: &mut ConverseBody<'a>,
    chat: &'a ChatRequest,
    unset: Unset,
    dropped: &mut Dropped,
) {
    let config = &mut body.inference_config;
    let is_at_least = |number: &Number, least| number.as_f64().is_some_and(|it| it >= least);
    let may_set = |number: &Number, least| match unset {
        Unset::Nothing => true,
        Unset::Sampling => is_at_least(number, least),
        Unset::Everything => false,
    };
    let may_limit = unset != Unset::Everything;
    if let Some(limit) = reasoning::limit(chat).filter(|_| may_limit) {
        config.max_tokens = Some(limit.clone());
    }
    config.temperature = chat.temperature.clone().filter(|it| may_set(it, 1.0));
    config.top_p = chat.top_p.clone().filter(|it| may_set(it, 0.95));
    dropped.add_if(!may_limit && chat.max_tokens.is_some(), "max_tokens");
    dropped.add_if(!may_limit && chat.max_completion_tokens.is_some(), "max_completion_tokens");
    let lost = |sent: bool, asked: bool| asked && !sent;
    dropped.add_if(lost(config.temperature.is_some(), chat.temperature.is_some()), "temperature");
    dropped.add_if(lost(config.top_p.is_some(), chat.top_p.is_some()), "top_p");
    let stops = chat.stop.iter().flat_map(|stop| stop.texts());
    // An empty text would stop everything; Converse refuses it.
    config.stop_sequences = stops.map(String::as_str).filter(|text| !text.is_empty()).collect();
    body.output_config.text_format = text_format(chat.response_format.as_ref(), dropped);
    name_unsupported(chat, dropped);
}

fn name_unsupported(chat: &ChatRequest, dropped: &mut Dropped) {
    let several = chat.n.as_ref().is_some_and(|n| n.as_u64() != Some(1));
    for (is_there, name) in [
        (several, "n"),
        (chat.presence_penalty.is_some(), "presence_penalty"),
        (chat.frequency_penalty.is_some(), "frequency_penalty"),
        (chat.logit_bias.is_some(), "logit_bias"),
        (chat.logprobs == Some(true), "logprobs"),
        (chat.top_logprobs.is_some(), "top_logprobs"),
        (chat.seed.is_some(), "seed"),
        (chat.parallel_tool_calls == Some(false), "parallel_tool_calls"),
    ] {
        dropped.add_if(is_there, name);
    }
}

/// A schema is carried as text in the JSON; JSON without a schema has no form there.
fn text_format<'a>(
    format: Option<&'a ResponseFormat>,
    dropped: &mut Dropped,
) -> Option<TextFormat<'a>> {
    let format = format.filter(|format| format.kind != "text")?;
    let named = format.json_schema.as_ref().filter(|_| format.kind == "json_schema");
    let schema = named.and_then(|named| Some((named, named.schema.as_ref()?)));
    let Some((named, schema)) = schema else {
        dropped.add("response_format");
        return None;
    };
    dropped.add_members("response_format.json_schema.", &named.extra);
    let json_schema = SchemaDefinition {
        schema: schema.as_str(),
        name: &named.name,
        description: named.description.as_deref(),
    };
    Some(TextFormat { kind: "json_schema", structure: FormatStructure { json_schema } })
}

/// What is about the service and not about the answer: the operator's settings come first, but
/// for the tier, which costs more or less as the caller likes.
pub(super) fn service<'a>(
    body: &mut ConverseBody<'a>,
    chat: &'a ChatRequest,
    streaming: bool,
    job: &mut Job<'a>,
) {
    let settings = job.settings;
    if let Some(guardrail) = &settings.guardrail {
        body.guardrail_config = Some(GuardrailConfig::Operators(guardrail.for_call(streaming)));
    }
    if let Some(latency) = settings.performance {
        body.performance_config = Some(PerformanceConfig::Operators { latency });
    }
    body.project_identifier = settings.project.as_deref();
    body.service_tier = tier(chat.service_tier.as_deref(), settings.service_tier, &mut job.dropped);
    metadata(body, chat, settings, &mut job.dropped);
}

fn tier<'a>(
    asked: Option<&'a str>,
    set: Option<ServiceTier>,
    dropped: &mut Dropped,
) -> Option<TierConfig<'a>> {
    let kind = match asked {
        Some("default" | "priority" | "flex" | "reserved") => asked.map(Cow::Borrowed),
        None | Some("auto") => set.map(|tier| {
            Cow::Borrowed(match tier {
                ServiceTier::Default => "default",
                ServiceTier::Priority => "priority",
                ServiceTier::Flex => "flex",
                ServiceTier::Reserved => "reserved",
            })
        }),
        Some(_) => {
            dropped.add("service_tier");
            None
        }
    };
    kind.map(|kind| TierConfig { kind })
}

fn metadata(
    body: &mut ConverseBody<'_>,
    chat: &ChatRequest,
    settings: &DialectSettings,
    dropped: &mut Dropped,
) {
    body.request_metadata.clone_from(&settings.request_metadata);
    for (name, value) in chat.metadata.iter().flat_map(Object::iter) {
        let text = value.parse::<String>().ok().filter(|text| is_metadata(text, 0));
        let fits = body.request_metadata.len() < MAX_METADATA && is_metadata(name, 1);
        match text.filter(|_| fits && !body.request_metadata.contains_key(name)) {
            Some(text) => {
                body.request_metadata.insert(name.to_owned(), text);
            }
            None if name.bytes().all(|b| b.is_ascii_graphic()) => {
                dropped.add(format!("metadata.{name}"));
            }
            None => dropped.add("metadata"),
        }
    }
}

fn is_metadata(text: &str, least: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b" \t\n\r\x0B\x0C:_@$#=/+,-.".contains(&b);
    (least..=256).contains(&text.len()) && text.bytes().all(allowed)
}
