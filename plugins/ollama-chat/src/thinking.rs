//! Whether and how much a model thinks: `think`.
//!
//! Current servers take `true`, `false` and the levels `low`, `medium`, `high` and `max` for every
//! model that thinks, gpt-oss levels alone; a model that does not think refuses all but `false`.
//! <https://docs.ollama.com/capabilities/thinking>

use patchbay_sdk::canonical::chat::ChatRequest;
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;

use crate::settings::{OllamaSettings, ThinkAs};

/// The request's own `think`, else its `reasoning_effort`, else the operator's default.
pub(crate) fn write(
    request: &ChatRequest,
    extra: &mut Object,
    settings: &mut OllamaSettings,
    dropped: &mut Dropped,
) -> Option<RawJson> {
    let own = crate::request::take(extra, "think");
    let asked = request.reasoning_effort.as_deref().and_then(|effort| {
        let think = of_effort(effort, settings.think_as);
        dropped.add_if(think.is_none() && own.is_none(), "reasoning_effort");
        think
    });
    own.or(asked).or(settings.think.take())
}

/// Efforts beyond Ollama's scale become its nearest level, as in Ollama's own OpenAI API.
fn of_effort(effort: &str, think_as: ThinkAs) -> Option<RawJson> {
    let level = match effort {
        "none" => None,
        "minimal" | "low" => Some("low"),
        "medium" => Some("medium"),
        "high" => Some("high"),
        "xhigh" | "ultra" | "max" => Some("max"),
        _ => return None,
    };
    let think = match (think_as, level) {
        (ThinkAs::Drop, _) => return None,
        (ThinkAs::Level, Some(level)) => RawJson::of(level),
        (ThinkAs::Boolean, Some(_)) => RawJson::of(&true),
        (_, None) => RawJson::of(&false),
    };
    think.ok()
}
