//! What an operator can say about an Ollama provider.

use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use patchbay_sdk::{Call, Failure};
use serde::Deserialize;

/// The settings that are this dialect's; the others are the adapter's.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OllamaSettings {
    /// Defaults for `options`: `num_ctx` and whatever else a Modelfile's `PARAMETER` knows.
    #[serde(default)]
    pub(crate) options: Object,
    /// Default for `keep_alive`: `"5m"`, or seconds.
    pub(crate) keep_alive: Option<RawJson>,
    /// Default for `truncate`, of chats and of embeddings.
    pub(crate) truncate: Option<bool>,
    /// Default for `think`, where the caller asks for no effort.
    pub(crate) think: Option<RawJson>,
    /// What becomes of a caller's `reasoning_effort`.
    #[serde(default)]
    pub(crate) think_as: ThinkAs,
}

/// What becomes of a caller's `reasoning_effort`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThinkAs {
    /// `think` is `"low"`, `"medium"`, `"high"` or `"max"`; `false` for no effort.
    #[default]
    Level,
    /// `think` is `true` or `false`: for servers that know levels for gpt-oss only.
    Boolean,
    /// It is dropped: for models that do not think, which refuse `think`.
    Drop,
}

impl OllamaSettings {
    /// Reads and checks a call's settings.
    ///
    /// # Errors
    /// `provider-misconfigured`, naming the member.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings: Self = call.settings()?;
        let kind = |value: &Option<RawJson>| value.as_ref().map(RawJson::kind);
        if let Some(kind) = kind(&settings.keep_alive)
            && !matches!(kind, JsonKind::String | JsonKind::Number)
        {
            let reason = "this has to be a duration like \"5m\", or seconds";
            return Err(Failure::misconfigured("settings.keep_alive", reason));
        }
        if let Some(kind) = kind(&settings.think)
            && !matches!(kind, JsonKind::String | JsonKind::Boolean)
        {
            let reason = "this has to be true, false or a level like \"low\"";
            return Err(Failure::misconfigured("settings.think", reason));
        }
        Ok(settings)
    }
}
