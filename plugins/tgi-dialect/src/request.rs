//! A canonical chat request as the body of `/generate` and `/generate_stream`.

use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::chat::{ChatRequest, ToolChoiceView};
use patchbay_sdk::request::Dropped;
use patchbay_sdk::{Encoded, Failure};
use serde::Serialize;

use crate::parameters::{self, Parameters};
use crate::prompt::PromptStyle;
use crate::settings::TgiSettings;

/// Under this name the decoder is told the stop texts: the server leaves them in its answer.
pub(crate) const STOPS: &str = "stops";
/// Under this name the decoder is told that log probabilities are wanted: they come always.
pub(crate) const LOGPROBS: &str = "logprobs";

#[derive(Serialize)]
struct GenerateBody {
    inputs: String,
    parameters: Object,
}

/// Writes the body, and names what it does not hold.
///
/// # Errors
/// `invalid-request` if there is nothing that the model could answer.
pub(crate) fn encode(
    mut settings: TgiSettings,
    mut request: ChatRequest,
) -> Result<Encoded, Failure> {
    let mut dropped = Dropped::default();
    let mut extra = std::mem::take(&mut request.extra);
    let template = settings.prompt_template.template();
    let style = PromptStyle { template, images: settings.images };
    let inputs = style.write(&request.messages, &mut dropped)?;
    let stops = parameters::stops(&request, settings.take_stops()?, template.stop);
    let parameters = Parameters::new(settings.parameters, &mut dropped);
    let parameters = parameters.write(&request, &mut extra, &stops)?;
    name_the_rest(&request, &extra, &mut dropped);
    let body = to_json(&GenerateBody { inputs, parameters })?;
    let mut encoded = Encoded::new(body).with_dropped(dropped.into_paths());
    let stops = String::from_utf8(to_json(&stops)?).unwrap_or_default();
    encoded.extra.push((STOPS.to_owned(), stops));
    if request.logprobs == Some(true) {
        encoded.extra.push((LOGPROBS.to_owned(), "true".to_owned()));
    }
    Ok(encoded)
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::upstream(error.to_string()))
}

/// Names what the API has no place for. The model's name needs none, since a server has one
/// model; `user` and `metadata` change no answer; `stream_options` is the gateway's own affair.
fn name_the_rest(request: &ChatRequest, extra: &Object, dropped: &mut Dropped) {
    let choice = request.tool_choice.as_ref().map(|choice| choice.view());
    let has_tools = request.tools.as_ref().is_some_and(|tools| !tools.is_empty());
    if choice != Some(ToolChoiceView::None) {
        dropped.add_if(has_tools, "tools");
        let forced = !matches!(choice, None | Some(ToolChoiceView::Auto));
        dropped.add_if(forced, "tool_choice");
        let one_at_a_time = request.parallel_tool_calls == Some(false);
        dropped.add_if(one_at_a_time, "parallel_tool_calls");
    }
    let not_zero = request.presence_penalty.as_ref().is_some_and(|n| n.as_f64() != Some(0.0));
    let many = request.n.as_ref().is_some_and(|n| n.as_u64() != Some(1));
    let biased = request.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty());
    let tier = request.service_tier.as_deref().unwrap_or("auto");
    let members = [
        ("presence_penalty", not_zero),
        ("n", many),
        ("logit_bias", biased),
        ("reasoning_effort", request.reasoning_effort.is_some()),
        ("service_tier", !["auto", "default"].contains(&tier)),
    ];
    for (name, is_there) in members {
        dropped.add_if(is_there, name);
    }
    dropped.add_members("", extra);
}
