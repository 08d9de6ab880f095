//! Sampling, limits and form of the answer: `generationConfig`
//! (<https://ai.google.dev/api/generate-content#generationconfig>).

use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::request::Dropped;

use super::{drop_rest, put};

/// Writes the members that canonical has a name for.
pub(crate) fn write(request: &ChatRequest, dropped: &mut Dropped) -> Object {
    let mut config = Object::new();
    let limit = request.max_completion_tokens.as_ref().or(request.max_tokens.as_ref());
    // One choice is what the API gives anyway, and not every model takes the member.
    let several = request.n.as_ref().filter(|n| n.as_u64() != Some(1));
    let numbers = [
        ("temperature", request.temperature.as_ref()),
        ("topP", request.top_p.as_ref()),
        ("candidateCount", several),
        ("maxOutputTokens", limit),
        ("seed", request.seed.as_ref()),
        ("presencePenalty", request.presence_penalty.as_ref()),
        ("frequencyPenalty", request.frequency_penalty.as_ref()),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            put(&mut config, name, number);
        }
    }
    if let Some(stop) = &request.stop {
        put(&mut config, "stopSequences", stop.texts());
    }
    if request.logprobs == Some(true) {
        put(&mut config, "responseLogprobs", &true);
        if let Some(top) = &request.top_logprobs {
            put(&mut config, "logprobs", top);
        }
    } else {
        dropped.add_if(request.top_logprobs.is_some(), "top_logprobs");
    }
    if let Some(format) = &request.response_format {
        response_format(format, &mut config, dropped);
    }
    dropped.add_if(request.logit_bias.is_some(), "logit_bias");
    config
}

/// JSON Schema goes as it is into `responseJsonSchema`.
fn response_format(format: &ResponseFormat, config: &mut Object, dropped: &mut Dropped) {
    drop_rest(dropped, "response_format", &format.extra);
    match format.kind.as_str() {
        "text" => {}
        "json_object" => put(config, "responseMimeType", "application/json"),
        "json_schema" => {
            put(config, "responseMimeType", "application/json");
            let Some(json) = &format.json_schema else { return };
            let path = "response_format.json_schema";
            drop_rest(dropped, path, &json.extra);
            dropped.add_if(json.description.is_some(), &format!("{path}.description"));
            if let Some(schema) = &json.schema {
                config.insert_raw("responseJsonSchema", schema.clone());
            }
        }
        _ => dropped.add("response_format"),
    }
}

/// The tiers have other names; `auto` is what the API does anyway.
pub(crate) fn service_tier(request: &ChatRequest, body: &mut Object, dropped: &mut Dropped) {
    let tier = match request.service_tier.as_deref() {
        None | Some("auto") => return,
        Some("default") => "standard",
        Some(tier @ ("flex" | "priority")) => tier,
        Some(_) => return dropped.add("service_tier"),
    };
    put(body, "serviceTier", tier);
}
