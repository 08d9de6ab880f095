//! How much the model thinks: `thinkingConfig`
//! (<https://ai.google.dev/gemini-api/docs/thinking>).
//!
//! Out of `reasoning_effort`, by the table of <https://ai.google.dev/gemini-api/docs/openai>, or out
//! of Anthropic's member `thinking`. A caller's own `thinkingConfig` wins over both.

use patchbay_sdk::Call;
use patchbay_sdk::canonical::{Number, Object};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

use crate::model;
use crate::settings::{DialectSettings, Thinking};

/// Tokens that an effort stands for.
const LOW_BUDGET: u64 = 1024;
const MEDIUM_BUDGET: u64 = 8192;
const HIGH_BUDGET: u64 = 24_576;
/// Gemini 2.5 Pro cannot do without thinking.
const LEAST_PRO_BUDGET: u64 = 128;

/// What a request says about it.
pub(crate) struct Wish<'a> {
    pub(crate) effort: Option<&'a str>,
    /// Anthropic's member.
    pub(crate) thinking: Option<&'a Object>,
    /// Whether there is a `thinkingConfig` of the caller's own.
    pub(crate) is_said: bool,
}

/// As it goes out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_thoughts: Option<bool>,
}

/// Writes the wish in the form that the model takes. Of several wishes one counts, the others are
/// named.
pub(crate) fn write(
    call: &Call,
    settings: &DialectSettings,
    wish: &Wish<'_>,
    dropped: &mut Dropped,
) -> Option<ThinkingConfig> {
    dropped.add_if(wish.is_said && wish.effort.is_some(), "reasoning_effort");
    let outdone = wish.is_said || wish.effort.is_some();
    dropped.add_if(outdone && wish.thinking.is_some(), "thinking");
    if wish.is_said {
        return None;
    }
    let style = settings.thinking(&call.model);
    let (member, amount) = match (wish.effort, wish.thinking) {
        (Some(effort), _) => ("reasoning_effort", Amount::of_effort(effort)),
        (None, Some(thinking)) => ("thinking", Amount::of_thinking(thinking)),
        // Only thought summaries are asked for.
        (None, None) if settings.include_thoughts == Some(true) => ("", Some(Amount::Any)),
        (None, None) => return None,
    };
    let mut config = ThinkingConfig::default();
    match (style, amount) {
        (Thinking::None, _) | (_, None) => {
            dropped.add_if(!member.is_empty(), member);
            return None;
        }
        (Thinking::Level, Some(amount)) => config.thinking_level = amount.level(&call.model),
        (Thinking::Budget, Some(amount)) => config.thinking_budget = amount.budget(&call.model),
    }
    // A model that does not think refuses to be asked for its thoughts.
    let thinks = config.thinking_budget.as_ref().and_then(Number::as_u64) != Some(0);
    if thinks && settings.include_thoughts != Some(false) {
        config.include_thoughts = Some(true);
    }
    Some(config).filter(|config| !config.is_empty())
}

impl ThinkingConfig {
    fn is_empty(&self) -> bool {
        self.thinking_level.is_none()
            && self.thinking_budget.is_none()
            && self.include_thoughts.is_none()
    }
}

/// How much to think.
enum Amount {
    Off,
    Level(&'static str),
    Tokens(Number),
    /// As the model likes.
    Any,
}

impl Amount {
    fn of_effort(effort: &str) -> Option<Self> {
        Some(match effort {
            "none" => Self::Off,
            "minimal" => Self::Level("minimal"),
            "low" => Self::Level("low"),
            "medium" => Self::Level("medium"),
            "high" => Self::Level("high"),
            "xhigh" => Self::Level("xhigh"),
            _ => return None,
        })
    }

    fn of_thinking(thinking: &Object) -> Option<Self> {
        let kind: Option<String> = thinking.get("type").ok().flatten();
        match kind?.as_str() {
            "disabled" => Some(Self::Off),
            "adaptive" => Some(Self::Any),
            "enabled" => Some(match thinking.get("budget_tokens").ok().flatten() {
                Some(tokens) => Self::Tokens(tokens),
                None => Self::Any,
            }),
            _ => None,
        }
    }

    /// Models of this kind cannot do without thinking: the least they know stands for that.
    fn level(&self, model: &str) -> Option<String> {
        let word = match self {
            Self::Off | Self::Level("minimal") if model::is_pro(model) => "LOW",
            Self::Off => "MINIMAL",
            Self::Level(word) => return Some(word.to_ascii_uppercase()),
            Self::Tokens(tokens) => match tokens.as_u64() {
                Some(0..=LOW_BUDGET) => "LOW",
                Some(..=MEDIUM_BUDGET) => "MEDIUM",
                _ => "HIGH",
            },
            Self::Any => return None,
        };
        Some(word.to_owned())
    }

    fn budget(&self, model: &str) -> Option<Number> {
        Some(match self {
            Self::Off if model::is_pro(model) => Number::from(LEAST_PRO_BUDGET),
            Self::Off => Number::from(0_u64),
            Self::Level("minimal" | "low") => Number::from(LOW_BUDGET),
            Self::Level("medium") => Number::from(MEDIUM_BUDGET),
            Self::Level(_) => Number::from(HIGH_BUDGET),
            Self::Tokens(tokens) => tokens.clone(),
            Self::Any => return None,
        })
    }
}
