//! `reasoning_effort`, which every maker's models take in another form.
//!
//! Claude from 4.6 on: adaptive thinking with `outputConfig.effort`; Claude 3.7 to 4.5: a budget of
//! tokens; Nova 2: `reasoningConfig`; OpenAI's models: `reasoning_effort` itself.
//!
//! A budget counts for the limit of tokens and has to be less than it. Of a caller's limit it gets
//! four fifths at most; where the caller has none, a limit is sent that leaves the answer its usual
//! room beside the budget, because Converse's own can be less than the budget.
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html>,
//! <https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html>.

use patchbay_sdk::canonical::chat::ChatRequest;
use patchbay_sdk::canonical::{Number, Object};
use serde_json::json;

use super::Job;
use super::body::{Choice, ConverseBody};
use super::messages::{History, LastCalls};
use crate::model::Family;
use crate::settings::ReasoningSetting;

/// Members that cannot be set because the model reasons.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Unset {
    /// None of them.
    #[default]
    Nothing,
    /// Claude thinks: temperature other than 1, top_p below 0.95.
    Sampling,
    /// Nova reasons hard: sampling and the limit of tokens.
    Everything,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Budget,
    Adaptive,
    Nova,
    Effort,
}

/// Thinking budgets below this are refused.
const LEAST_BUDGET: u64 = 1024;

/// Writes the effort, and a limit of tokens where one is needed that the caller does not set.
pub(super) fn write(
    body: &mut ConverseBody<'_>,
    chat: &ChatRequest,
    history: &History<'_>,
    job: &mut Job<'_>,
) -> Unset {
    let unset = effort(body, chat, history, job);
    if limit(chat).is_none() {
        let budget = budget_in(&body.additional_model_request_fields);
        body.inference_config.max_tokens = budget.map(|budget| {
            let most = most_tokens(job.family);
            Number::from(answer_tokens(job.family).saturating_add(budget).min(most))
        });
    }
    unset
}

fn effort(
    body: &mut ConverseBody<'_>,
    chat: &ChatRequest,
    history: &History<'_>,
    job: &mut Job<'_>,
) -> Unset {
    let choice = body.tool_config.as_ref().and_then(|config| config.tool_choice.as_ref());
    let is_forced = choice.is_some_and(Choice::is_forced);
    let fields = &mut body.additional_model_request_fields;
    let own = fields.get_raw("thinking").is_some() || fields.get_raw("reasoningConfig").is_some();
    let Some(effort) = chat.reasoning_effort.as_deref() else {
        return Unset::Nothing;
    };
    let style = style(job.family, job.settings.reasoning);
    match style {
        // Nothing else was asked for than what is the default.
        Some(Style::Budget | Style::Adaptive | Style::Nova) | None if effort == "none" => {
            Unset::Nothing
        }
        Some(Style::Effort) => {
            insert(fields, "reasoning_effort", &effort);
            Unset::Nothing
        }
        Some(Style::Nova) if !own => nova(fields, effort),
        // Effort goes without thinking too: with the caller's own form of it, or where a call is
        // forced, which Claude does not do while it thinks.
        Some(Style::Adaptive) if own || is_forced => {
            let effort = effort_of(effort);
            body.output_config.effort = Some(if own { effort } else { at_most_high(effort) });
            Unset::Nothing
        }
        Some(Style::Adaptive) => {
            insert(fields, "thinking", &json!({"type": "adaptive"}));
            body.output_config.effort = Some(effort_of(effort));
            without_top_k(fields, job)
        }
        // With a budget Claude wants its thoughts of the calls that it goes on from.
        Some(Style::Budget)
            if !own && !is_forced && history.last_calls != Some(LastCalls::WithoutReasoning) =>
        {
            let limit = limit(chat).map_or(Some(most_tokens(job.family)), Number::as_u64);
            budgeted(fields, budget(effort, limit), job)
        }
        _ => {
            job.dropped.add("reasoning_effort");
            Unset::Nothing
        }
    }
}

fn style(family: Family, setting: ReasoningSetting) -> Option<Style> {
    match (setting, family) {
        (ReasoningSetting::ThinkingBudget, _) => Some(Style::Budget),
        (ReasoningSetting::ThinkingAdaptive, _) => Some(Style::Adaptive),
        (ReasoningSetting::Nova, _) => Some(Style::Nova),
        (ReasoningSetting::Effort, _) => Some(Style::Effort),
        (ReasoningSetting::Drop, _) => None,
        (ReasoningSetting::Auto, Family::Claude(Some(version))) => match version {
            version if version >= (4, 6) => Some(Style::Adaptive),
            version if version >= (3, 7) => Some(Style::Budget),
            _ => None,
        },
        (ReasoningSetting::Auto, Family::Nova2) => Some(Style::Nova),
        (ReasoningSetting::Auto, Family::OpenAi) => Some(Style::Effort),
        (
            ReasoningSetting::Auto,
            Family::Claude(None) | Family::Nova | Family::Other | Family::Unknown,
        ) => None,
    }
}

fn budgeted(fields: &mut Object, budget: Option<u64>, job: &mut Job<'_>) -> Unset {
    let Some(budget) = budget else {
        job.dropped.add("reasoning_effort");
        return Unset::Nothing;
    };
    insert(fields, "thinking", &json!({"type": "enabled", "budget_tokens": budget}));
    without_top_k(fields, job)
}

fn without_top_k(fields: &mut Object, job: &mut Job<'_>) -> Unset {
    if fields.remove("top_k").is_some() {
        job.dropped.add("top_k");
    }
    Unset::Sampling
}

/// Converse's words: OpenAI's least effort is called low there.
fn effort_of(effort: &str) -> &'static str {
    match effort {
        "minimal" | "low" => "low",
        "high" => "high",
        "xhigh" => "xhigh",
        "max" => "max",
        _ => "medium",
    }
}

/// Higher efforts need thinking.
fn at_most_high(effort: &'static str) -> &'static str {
    if matches!(effort, "xhigh" | "max") { "high" } else { effort }
}

/// Tokens for thinking, a fifth of the limit being kept for the answer; none if the effort is not
/// known or the limit leaves too few.
fn budget(effort: &str, limit: Option<u64>) -> Option<u64> {
    let wanted = match effort {
        "minimal" => LEAST_BUDGET,
        "low" => 2048,
        "medium" => 8192,
        "high" => 16_384,
        "xhigh" | "max" => 32_768,
        _ => return None,
    };
    let budget = limit.map_or(wanted, |limit| wanted.min(limit / 5 * 4));
    (budget >= LEAST_BUDGET).then_some(budget)
}

/// The budget that the model is given, be it the caller's own.
fn budget_in(fields: &Object) -> Option<u64> {
    let thinking = fields.get::<Object>("thinking").ok().flatten()?;
    thinking.get::<Number>("budget_tokens").ok().flatten()?.as_u64()
}

/// What the answer may have beside a budget.
fn answer_tokens(family: Family) -> u64 {
    match family {
        Family::Claude(Some(version)) if version >= (4, 0) => 32_000,
        _ => 4096,
    }
}

/// The greatest limit that all models of a version accept, as far as they take budgets:
/// <https://platform.claude.com/docs/en/about-claude/models/overview>.
fn most_tokens(family: Family) -> u64 {
    match family {
        Family::Claude(Some((4, 0 | 1))) => 32_000,
        Family::Claude(Some((3, _) | (4, 2..=5))) => 64_000,
        _ => u64::MAX,
    }
}

/// The limit of tokens; the newer name outranks the older one.
pub(super) fn limit(chat: &ChatRequest) -> Option<&Number> {
    chat.max_completion_tokens.as_ref().or(chat.max_tokens.as_ref())
}

fn nova(fields: &mut Object, effort: &str) -> Unset {
    let effort = match effort {
        "minimal" | "low" => "low",
        "high" | "xhigh" | "max" => "high",
        _ => "medium",
    };
    insert(fields, "reasoningConfig", &json!({"type": "enabled", "maxReasoningEffort": effort}));
    if effort == "high" { Unset::Everything } else { Unset::Nothing }
}

fn insert(fields: &mut Object, name: &str, value: &impl serde::Serialize) {
    fields.insert(name, value).expect("texts and numbers have a JSON");
}
