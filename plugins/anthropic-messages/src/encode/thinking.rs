//! How much a model is to think.
//!
//! Claude 4.6 and later think adaptively and take an effort; models before that take a budget of
//! tokens, which has to be at least 1024 and less than `max_tokens`: of a caller's limit it gets
//! four fifths at most, and where the caller has none it comes on top of the default. A caller's
//! own `thinking` is not touched. Where thinking cannot be turned on (a tool is forced, or another model's calls
//! are to be continued) the effort alone says how thorough the answer is to be, or
//! `reasoning_effort` is named as dropped.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/thinking>,
//! <https://platform.claude.com/docs/en/build-with-claude/effort>.

use patchbay_sdk::canonical::chat::ChatRequest;
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::request::Dropped;

use super::conversation::Conversation;
use crate::json::{Members, of_type, raw};
use crate::settings::{Display, Manner, ThinkingForm};

/// The least budget that the API takes.
const LEAST_BUDGET: u64 = 1024;

/// What the body says about thinking.
#[derive(Debug, Default)]
pub(super) struct Reasoning {
    /// The member `thinking`.
    pub(super) thinking: Option<RawJson>,
    /// `output_config.effort`.
    pub(super) effort: Option<String>,
    /// The tokens for thinking in `thinking`.
    pub(super) budget: Option<u64>,
    /// Whether the model is told to think.
    pub(super) is_on: bool,
}

/// What decides besides the request's own words.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) manner: &'a Manner,
    pub(super) conversation: &'a Conversation,
    /// Whether the model has to call a tool, which it cannot while it thinks.
    pub(super) is_forced: bool,
}

/// Reads the caller's own `thinking`, or writes `reasoning_effort` in the manner of the model.
pub(super) fn of(
    request: &mut ChatRequest,
    situation: Situation<'_>,
    dropped: &mut Dropped,
) -> Reasoning {
    let Situation { manner, conversation, is_forced } = situation;
    let effort = request.reasoning_effort.take();
    if let Some(own) = request.extra.remove("thinking").filter(|own| !own.is_null()) {
        let takes_effort = matches!(manner.thinking, ThinkingForm::Adaptive | ThinkingForm::Effort);
        dropped.add_if(effort.is_some() && !takes_effort, "reasoning_effort");
        let effort = effort.filter(|_| takes_effort).and_then(|word| effort_word(&word, manner));
        return Reasoning { effort, ..own_thinking(own) };
    }
    let Some(word) = effort else { return Reasoning::default() };
    let written = match manner.thinking {
        ThinkingForm::None => None,
        ThinkingForm::Adaptive | ThinkingForm::Effort => {
            Some(adaptive(&word, manner, is_forced, dropped))
        }
        ThinkingForm::Budget if is_forced || conversation.continues_unthought_calls() => None,
        ThinkingForm::Budget => budgeted(&word, limit(request, manner)),
    };
    dropped.add_if(written.is_none(), "reasoning_effort");
    written.unwrap_or_default()
}

/// The limit of the answer, thinking included: the caller's, or else the model's.
fn limit(request: &ChatRequest, manner: &Manner) -> Option<u64> {
    let limit = request.max_completion_tokens.as_ref().or(request.max_tokens.as_ref());
    limit.map_or(Some(manner.max_tokens_most), Number::as_u64)
}

fn own_thinking(thinking: RawJson) -> Reasoning {
    let members: Object = thinking.parse().unwrap_or_default();
    let kind = members.get::<String>("type").ok().flatten();
    let budget = members.get::<Number>("budget_tokens").ok().flatten();
    Reasoning {
        is_on: matches!(kind.as_deref(), Some("enabled" | "adaptive")),
        budget: budget.and_then(|budget| budget.as_u64()),
        thinking: Some(thinking),
        effort: None,
    }
}

/// The word for `output_config.effort`: what canonical knows besides becomes the nearest, and
/// unknown words are left to the API to judge.
fn effort_word(word: &str, manner: &Manner) -> Option<String> {
    let word = match word {
        "none" if !manner.model.thinks_by_itself() => return None,
        "none" | "minimal" => "low",
        "xhigh" if !manner.model.knows_xhigh() => "high",
        word => word,
    };
    Some(word.to_owned())
}

fn adaptive(word: &str, manner: &Manner, is_forced: bool, dropped: &mut Dropped) -> Reasoning {
    // Models that think by themselves do not all let thinking be turned off: the least effort
    // is the nearest that all take, and the caller is told.
    dropped.add_if(word == "none" && manner.model.thinks_by_itself(), "reasoning_effort");
    let effort = effort_word(word, manner);
    let is_on = manner.thinking == ThinkingForm::Adaptive && word != "none" && !is_forced;
    let thinking = is_on.then(|| {
        let display = match manner.display {
            Display::Summarized => "summarized",
            Display::Omitted => "omitted",
        };
        raw(&of_type("adaptive").with("display", display))
    });
    Reasoning { thinking, effort, budget: None, is_on }
}

/// None if the effort is not known, or the limit leaves no room to think.
fn budgeted(word: &str, limit: Option<u64>) -> Option<Reasoning> {
    let wanted = match word {
        "none" => return Some(Reasoning::default()),
        "minimal" => LEAST_BUDGET,
        "low" => 2048,
        "medium" => 8192,
        "high" => 16_384,
        "xhigh" | "max" => 32_768,
        _ => return None,
    };
    // A fifth is left for the answer.
    let most = limit.map_or(u64::MAX, |limit| limit / 5 * 4);
    let budget = wanted.min(most);
    (budget >= LEAST_BUDGET).then(|| Reasoning {
        thinking: Some(raw(&of_type("enabled").with("budget_tokens", &budget))),
        effort: None,
        budget: Some(budget),
        is_on: true,
    })
}
