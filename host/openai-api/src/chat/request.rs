//! `POST /v1/chat/completions`.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::message::Message;
use super::tool::{Tool, ToolChoice};
use crate::canonical::{Member, canonical, read_items};
use crate::{Number, Object, RawJson};

canonical! {
    /// A request for a chat completion.
    pub struct ChatRequest {
        /// The model's name.
        required model: String,
        /// The conversation so far.
        required messages: Vec<Message>,
        /// Whether the answer comes as server-sent events.
        optional stream: bool,
        /// Only with `stream`.
        optional stream_options: StreamOptions,
        /// Limit of the answer, reasoning excluded in older models.
        optional max_tokens: Number,
        /// Limit of the answer, reasoning included.
        optional max_completion_tokens: Number,
        /// Sampling temperature, 0 to 2.
        optional temperature: Number,
        /// Nucleus sampling.
        optional top_p: Number,
        /// How many choices.
        optional n: Number,
        /// Where the model stops.
        optional stop: Stop,
        /// −2 to 2.
        optional presence_penalty: Number,
        /// −2 to 2.
        optional frequency_penalty: Number,
        /// Token id to bias.
        optional logit_bias: Object,
        /// Whether the reply carries log probabilities.
        optional logprobs: bool,
        /// How many alternatives per position.
        optional top_logprobs: Number,
        /// For reproducible sampling.
        optional seed: Number,
        /// What the model may call.
        optional tools: Vec<Tool>,
        /// Which of the tools it may or must call.
        optional tool_choice: ToolChoice,
        /// Whether it may call several at once.
        optional parallel_tool_calls: bool,
        /// Text, JSON, or JSON by a schema.
        optional response_format: ResponseFormat,
        /// `minimal`, `low`, `medium`, `high`, or what a model knows besides.
        optional reasoning_effort: String,
        /// Up to 16 pairs that the provider stores.
        optional metadata: Object,
        /// `auto`, `default`, `flex`, `priority`.
        optional service_tier: String,
        /// The caller's own user.
        optional user: String,
    }
}

canonical! {
    /// What a stream contains besides chunks of text.
    pub struct StreamOptions {
        /// Whether the last chunk has `usage` and no choices.
        optional include_usage: bool,
    }
}

canonical! {
    /// The form of the answer.
    pub struct ResponseFormat {
        /// `text`, `json_object` or `json_schema`.
        required kind as "type": String,
        /// With `json_schema`.
        optional json_schema: JsonSchemaFormat,
    }
}

canonical! {
    /// A schema that the answer matches.
    pub struct JsonSchemaFormat {
        /// Its name.
        required name: String,
        /// What it is for.
        optional description: String,
        /// The JSON Schema.
        optional schema: RawJson,
        /// Whether the schema is kept to the letter.
        optional strict: bool,
    }
}

/// Texts at which the model stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Written as a string.
    One(String),
    /// Written as a list.
    Many(Vec<String>),
}

impl Stop {
    /// The texts, however they were written.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl Member for Stop {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Stop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Stop, E> {
                Ok(Stop::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Stop, A::Error> {
                read_items(seq).map(Stop::Many)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Stop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

impl Serialize for Stop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(text) => text.serialize(serializer),
            Self::Many(texts) => texts.serialize(serializer),
        }
    }
}
