//! The settings that are this dialect's; the others are the adapter's.

use patchbay_sdk::prompt::PromptStyle;
use patchbay_sdk::{Call, Failure};
use serde::Deserialize;

use crate::formats;
use crate::path::Path;
use crate::rule::Rule;

/// Longest line where the settings say nothing: a whole answer with its history is well below.
const DEFAULT_MAX_LINE_BYTES: usize = 4 << 20;

/// The settings.
#[derive(Deserialize)]
pub(crate) struct EventSettings {
    format: Option<Format>,
    #[serde(default)]
    events: Vec<Rule>,
    #[serde(default = "kind")]
    pub(crate) kind: Path,
    #[serde(default)]
    pub(crate) input: Input,
    #[serde(default)]
    pub(crate) prompt: PromptStyle,
    tool_calls: Option<bool>,
    #[serde(default = "max_line_bytes")]
    pub(crate) max_line_bytes: usize,
}

/// A well-known tool's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// `claude -p --output-format stream-json --verbose --include-partial-messages`.
    Claude,
    /// `codex exec --json`.
    Codex,
    /// `gemini --output-format stream-json`.
    Gemini,
}

/// What the program reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Input {
    /// A prompt.
    #[default]
    Text,
    /// The canonical request, one line of JSON.
    Json,
}

fn kind() -> Path {
    "type".into()
}

fn max_line_bytes() -> usize {
    DEFAULT_MAX_LINE_BYTES
}

impl EventSettings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// `provider-misconfigured`, naming the member.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings: Self = call.settings()?;
        match (settings.format, settings.events.is_empty()) {
            (None, true) => {
                let reason = "it says what events mean, and there is no settings.events either";
                Err(Failure::misconfigured("settings.format", reason))
            }
            (Some(_), false) => {
                let reason = "it stands beside settings.format, which says what events mean";
                Err(Failure::misconfigured("settings.events", reason))
            }
            _ if settings.max_line_bytes == 0 => {
                let reason = "a line has at least a byte";
                Err(Failure::misconfigured("settings.max_line_bytes", reason))
            }
            _ => Ok(settings),
        }
    }

    /// The rules. Calls of a ready-made format's tools are left out unless they are asked for.
    pub(crate) fn rules(self) -> Vec<Rule> {
        let tool_calls = self.tool_calls.unwrap_or(self.format.is_none());
        let rules = self.format.map_or(self.events, formats::rules);
        rules.into_iter().filter(|rule| tool_calls || !rule.is_of_calls()).collect()
    }
}
