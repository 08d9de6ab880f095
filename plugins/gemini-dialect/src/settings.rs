//! The settings that are this dialect's; the others are the adapter's.

use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use patchbay_sdk::{Call, Failure};
use serde::Deserialize;

use crate::model;

/// What an operator says about the dialect.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DialectSettings {
    api: Option<Api>,
    thinking: Option<Thinking>,
    /// Whether thought summaries are wanted; none: where the request says how much to think.
    pub(crate) include_thoughts: Option<bool>,
    call_ids: Option<bool>,
    embeddings_api: Option<EmbeddingsApi>,
    /// `taskType` of embeddings that name none.
    pub(crate) task_type: Option<String>,
    /// `safetySettings` of requests that have none.
    pub(crate) safety_settings: Option<RawJson>,
    /// Members of `generationConfig` that a request lacks.
    pub(crate) generation_config: Option<Object>,
    // The two members that every provider of the adapter `vertex` has one of.
    project: Option<RawJson>,
    credential: Option<RawJson>,
}

/// Which of Google's services answers: their messages are the same but for tokens and vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Api {
    /// The Gemini API, generativelanguage.googleapis.com.
    Gemini,
    /// Vertex AI, aiplatform.googleapis.com.
    Vertex,
}

/// How a model is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Thinking {
    /// `thinkingLevel`, since Gemini 3.
    Level,
    /// `thinkingBudget`, Gemini 2.5.
    Budget,
    /// Not at all: models that do not think refuse the member.
    None,
}

/// Which method makes vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EmbeddingsApi {
    /// `embedContent` and `batchEmbedContents` of the Gemini API.
    EmbedContent,
    /// `embedContent` of Vertex AI: one text a request, options in `embedContentConfig`.
    VertexEmbedContent,
    /// `predict` of Vertex AI.
    Predict,
}

impl DialectSettings {
    /// Reads the call's settings.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings: Self = call.settings()?;
        match &settings.safety_settings {
            Some(list) if list.kind() != JsonKind::Array => {
                Err(Failure::misconfigured("settings.safety_settings", "has to be a list"))
            }
            _ => Ok(settings),
        }
    }

    pub(crate) fn api(&self) -> Api {
        let is_vertex = self.project.is_some() || self.credential.is_some();
        self.api.unwrap_or(if is_vertex { Api::Vertex } else { Api::Gemini })
    }

    pub(crate) fn thinking(&self, model: &str) -> Thinking {
        self.thinking.unwrap_or_else(|| model::thinking(model))
    }

    pub(crate) fn call_ids(&self) -> bool {
        self.call_ids.unwrap_or(true)
    }

    pub(crate) fn embeddings_api(&self, model: &str) -> EmbeddingsApi {
        self.embeddings_api.unwrap_or(match self.api() {
            Api::Gemini => EmbeddingsApi::EmbedContent,
            Api::Vertex if model::embeds_by_content(model) => EmbeddingsApi::VertexEmbedContent,
            Api::Vertex => EmbeddingsApi::Predict,
        })
    }
}
