//! Tools, the choice among them, and calls of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::{Member, canonical};
use crate::{JsonKind, Object, RawJson};

canonical! {
    /// What the model may call.
    pub struct Tool {
        /// `function`, or another kind whose member is in `extra`.
        required kind as "type": String,
        /// With `function`.
        optional function: FunctionDefinition,
    }
}

canonical! {
    /// A function of the caller's.
    pub struct FunctionDefinition {
        /// Its name.
        required name: String,
        /// What it does, for the model.
        optional description: String,
        /// JSON Schema of its arguments.
        optional parameters: RawJson,
        /// Whether the schema is kept to the letter.
        optional strict: bool,
    }
}

canonical! {
    /// A call that the model wants made.
    pub struct ToolCall {
        /// Which later messages answer it.
        optional id: String,
        /// `function`, or another kind whose member is in `extra`.
        optional kind as "type": String,
        /// With `function`.
        optional function: FunctionCall,
    }
}

canonical! {
    /// A function with its arguments.
    pub struct FunctionCall {
        /// Its name.
        required name: String,
        /// JSON in a string; `"{}"` where there are none.
        required arguments: String,
    }
}

/// Which tool the model may or must call. Kept as it was written; [`ToolChoice::view`] reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolChoice(RawJson);

/// A tool choice by what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoiceView {
    /// None at all.
    None,
    /// As the model likes.
    Auto,
    /// At least one.
    Required,
    /// The function of this name.
    Function(String),
    /// Something that is not known; [`ToolChoice::raw`] has it.
    Other,
}

impl ToolChoice {
    /// A choice by its word: `none`, `auto`, `required`.
    #[must_use]
    pub fn word(word: &str) -> Self {
        Self(RawJson::of(word).expect("every text has a JSON"))
    }

    /// The choice of one function.
    #[must_use]
    pub fn function(name: &str) -> Self {
        let name = RawJson::of(name).expect("every text has a JSON");
        let choice = format!(r#"{{"type":"function","function":{{"name":{}}}}}"#, name.as_str());
        Self(RawJson::from_text(choice).expect("a name in quotes keeps it JSON"))
    }

    /// The choice as it was written.
    #[must_use]
    pub fn raw(&self) -> &RawJson {
        &self.0
    }

    /// The choice by what it says.
    #[must_use]
    pub fn view(&self) -> ToolChoiceView {
        match self.0.as_str() {
            r#""none""# => ToolChoiceView::None,
            r#""auto""# => ToolChoiceView::Auto,
            r#""required""# => ToolChoiceView::Required,
            _ => self.named().map_or(ToolChoiceView::Other, ToolChoiceView::Function),
        }
    }

    fn named(&self) -> Option<String> {
        let choice: Object = self.0.parse().ok()?;
        let kind: Option<String> = choice.get("type").ok()?;
        let function: Object = choice.get("function").ok()??;
        if kind? == "function" { function.get("name").ok()? } else { None }
    }
}

impl Member for ToolChoice {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        match raw.kind() {
            JsonKind::String | JsonKind::Object => Ok(Self(raw)),
            other => {
                let reason = format_args!("must be a string or an object, not {other}");
                Err(serde::de::Error::custom(reason))
            }
        }
    }
}

impl<'de> Deserialize<'de> for ToolChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

impl Serialize for ToolChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
