//! The settings that are this dialect's; the others are the adapter's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `plugin.json` says what each is for.
#[derive(Deserialize)]
pub(crate) struct DialectSettings {
    #[serde(default)]
    pub(crate) model_family: FamilySetting,
    #[serde(default)]
    pub(crate) reasoning: ReasoningSetting,
    #[serde(default)]
    pub(crate) unknown_members: UnknownMembers,
    #[serde(default = "yes")]
    pub(crate) cache_points: bool,
    pub(crate) guardrail: Option<Guardrail>,
    pub(crate) performance: Option<Latency>,
    pub(crate) service_tier: Option<ServiceTier>,
    #[serde(default)]
    pub(crate) request_metadata: BTreeMap<String, String>,
    pub(crate) project: Option<String>,
    #[serde(default)]
    pub(crate) embeddings_model: EmbeddingsSetting,
    #[serde(default)]
    pub(crate) embeddings_input_type: InputType,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FamilySetting {
    #[default]
    Auto,
    Claude,
    Nova,
    OpenAi,
    Other,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReasoningSetting {
    #[default]
    Auto,
    ThinkingBudget,
    ThinkingAdaptive,
    Nova,
    Effort,
    Drop,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UnknownMembers {
    #[default]
    Forward,
    Drop,
}

/// As the setting is written, and as Converse wants it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guardrail {
    #[serde(rename(serialize = "guardrailIdentifier"))]
    identifier: String,
    #[serde(rename(serialize = "guardrailVersion"))]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<GuardrailTrace>,
    #[serde(rename(serialize = "streamProcessingMode"), skip_serializing_if = "Option::is_none")]
    stream_processing_mode: Option<StreamProcessing>,
}

impl Guardrail {
    /// For a reply in one piece, where Converse does not know a processing mode.
    pub(crate) fn for_call(&self, streaming: bool) -> Self {
        let mut guardrail = self.clone();
        if !streaming {
            guardrail.stream_processing_mode = None;
        }
        guardrail
    }
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum GuardrailTrace {
    Enabled,
    Disabled,
    EnabledFull,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum StreamProcessing {
    Sync,
    Async,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Latency {
    Standard,
    Optimized,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ServiceTier {
    Default,
    Priority,
    Flex,
    Reserved,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EmbeddingsSetting {
    #[default]
    Auto,
    TitanV1,
    TitanV2,
    TitanImage,
    CohereV3,
    CohereV4,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InputType {
    #[default]
    SearchDocument,
    SearchQuery,
    Classification,
    Clustering,
}
