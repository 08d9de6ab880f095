//! The settings that are this dialect's; the others are the adapter's.

use std::num::NonZeroU64;

use patchbay_sdk::{Call, Failure};
use serde::Deserialize;

use crate::model::Model;

/// The version of the API that is spoken if no setting names another. It takes the sampling
/// members of canonical, which the version 2026-10-21 refuses for every model.
const VERSION: &str = "2023-06-01";

/// The first version without `temperature`, `top_p` and `top_k`.
const VERSION_WITHOUT_SAMPLING: &str = "2026-10-21";

/// What an operator says about the dialect.
#[derive(Debug, Default, Deserialize)]
struct DialectSettings {
    anthropic_version: Option<String>,
    body_version: Option<String>,
    max_tokens_default: Option<NonZeroU64>,
    thinking: Option<ThinkingForm>,
    thinking_display: Option<Display>,
    sampling: Option<bool>,
    mid_conversation_system: Option<MidConversation>,
}

/// How `reasoning_effort` is expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ThinkingForm {
    /// `thinking: {"type": "adaptive"}` and `output_config.effort`.
    Adaptive,
    /// `thinking: {"type": "enabled", "budget_tokens": …}`.
    Budget,
    /// `output_config.effort` alone.
    Effort,
    /// Not at all.
    None,
}

/// Whether adaptive thinking comes back as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Display {
    /// A summary. The default of new models is to leave the text out, but a caller who asks for
    /// reasoning reads `reasoning_content`.
    #[default]
    Summarized,
    /// Signatures without text.
    Omitted,
}

/// Where instructions inside a conversation go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MidConversation {
    /// To the others, in order: every model takes that.
    #[default]
    Hoist,
    /// They stay where the API allows them, after a user's turn.
    Keep,
}

/// How requests to one model are written: the settings, and what the model's name says.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) model: Model,
    /// Value of the header `anthropic-version`.
    pub(crate) version: String,
    /// Value of the member `anthropic_version`, where the platform wants it in the body.
    pub(crate) body_version: Option<String>,
    pub(crate) max_tokens_default: u64,
    /// What `max_tokens_default` and a budget of thinking may come to.
    pub(crate) max_tokens_most: u64,
    pub(crate) thinking: ThinkingForm,
    pub(crate) display: Display,
    pub(crate) sampling: bool,
    pub(crate) mid_conversation: MidConversation,
}

impl Manner {
    /// The manner for a call.
    ///
    /// # Errors
    /// `provider-misconfigured`, naming the setting that does not fit.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings: DialectSettings = call.settings()?;
        for (member, version) in [
            ("settings.anthropic_version", &settings.anthropic_version),
            ("settings.body_version", &settings.body_version),
        ] {
            check_version(member, version.as_deref())?;
        }
        let model = Model::of(&call.model);
        let by_name = if model.thinks_adaptively() {
            ThinkingForm::Adaptive
        } else if model.thinks() {
            ThinkingForm::Budget
        } else {
            ThinkingForm::None
        };
        let max_tokens_default =
            settings.max_tokens_default.map_or_else(|| model.max_tokens_default(), NonZeroU64::get);
        let version = settings.anthropic_version.unwrap_or_else(|| VERSION.to_owned());
        // Versions are dates: the order of the texts is that of time.
        let sampling = model.takes_sampling() && version.as_str() < VERSION_WITHOUT_SAMPLING;
        Ok(Self {
            model,
            body_version: settings.body_version,
            max_tokens_default,
            max_tokens_most: model.max_tokens_most().max(max_tokens_default),
            thinking: settings.thinking.unwrap_or(by_name),
            display: settings.thinking_display.unwrap_or_default(),
            sampling: settings.sampling.unwrap_or(sampling),
            mid_conversation: settings.mid_conversation_system.unwrap_or_default(),
            version,
        })
    }
}

fn check_version(member: &str, version: Option<&str>) -> Result<(), Failure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    match version {
        Some(version) if version.is_empty() || !version.bytes().all(plain) => {
            let reason = "a version has letters, digits, \".\", \"_\" and \"-\"";
            Err(Failure::misconfigured(member, reason))
        }
        _ => Ok(()),
    }
}
