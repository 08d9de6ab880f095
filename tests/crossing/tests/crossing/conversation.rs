//! A conversation in nobody's words.

use serde_json::{Value, json};

/// One thing that somebody said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// An instruction.
    System(String),
    /// The user's text.
    User(String),
    /// The user's image: PNG in base64.
    Image(String),
    /// The model's readable reasoning.
    Thought(String),
    /// What proves reasoning to the model that wrote it.
    Proof(String),
    /// The model's text.
    Said(String),
    /// A call of a tool.
    Call {
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
        /// An object.
        arguments: Value,
    },
    /// What a tool gave back.
    Result {
        /// The call's id, or the tool's name where the dialect has no ids.
        id: String,
        /// As text.
        text: String,
    },
}

/// Something that a dialect cannot do. Everything else it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Instructions, and more turns than the user's one.
    Turns,
    /// Images.
    Images,
    /// Tools.
    Calls,
    /// Ids of calls, which the gateway then makes.
    CallIds,
    /// Readable reasoning.
    Thoughts,
    /// Readable reasoning in the next turn.
    ThoughtsBack,
    /// Reasoning that has to be given back.
    Proofs,
    /// Answers in the form of a schema.
    Schema,
    /// An ending of its own for answers that are cut off.
    CutOff,
    /// An error of its own instead of an answer.
    Errors,
    /// Counts of tokens.
    Usage,
    /// Counts of tokens in a reply that is not streamed.
    WholeUsage,
    /// Counts of what came out of a cache.
    CachedUsage,
    /// Counts of reasoning.
    ReasoningUsage,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is said.
    Done,
    /// Tools are called.
    Calls,
    /// Too long.
    CutOff,
}

/// Counts of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

/// What every transcript that counts says.
pub(crate) const COUNTED: Tokens = Tokens { input: 11, cached: 4, output: 7, reasoning: 3 };

impl Item {
    pub(crate) fn user(text: &str) -> Self {
        Self::User(text.to_owned())
    }

    pub(crate) fn said(text: &str) -> Self {
        Self::Said(text.to_owned())
    }

    pub(crate) fn call(id: &str, name: &str, arguments: Value) -> Self {
        Self::Call { id: id.to_owned(), name: name.to_owned(), arguments }
    }

    pub(crate) fn result(id: &str, text: &str) -> Self {
        Self::Result { id: id.to_owned(), text: text.to_owned() }
    }

    /// What a dialect must be able to do for this.
    pub(crate) fn needs(&self) -> Option<Lack> {
        match self {
            Self::User(_) | Self::Said(_) => None,
            Self::System(_) => Some(Lack::Turns),
            Self::Image(_) => Some(Lack::Images),
            Self::Thought(_) => Some(Lack::Thoughts),
            Self::Proof(_) => Some(Lack::Proofs),
            Self::Call { .. } | Self::Result { .. } => Some(Lack::Calls),
        }
    }
}

/// The tools: names and the schemas of their arguments.
pub(crate) fn tools() -> Vec<(String, Value)> {
    let tool = |name: &str, argument: &str| {
        let properties = json!({ argument: {"type": "string"} });
        let schema = json!({"type": "object", "properties": properties, "required": [argument]});
        (name.to_owned(), schema)
    };
    vec![tool("get_weather", "city"), tool("get_time", "zone")]
}

/// The schema of an answer.
pub(crate) fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
           "additionalProperties": false})
}

/// A text that is JSON, as arguments are written.
pub(crate) fn parsed(arguments: &Value) -> Value {
    let text = arguments.as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| format!("not JSON: {text}").into())
}

/// A member that is a text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The elements of a list; none of anything else.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The image behind a `data:` address.
pub(crate) fn image(address: &Value) -> Item {
    let address = text(address);
    let base64 = address.strip_prefix("data:image/png;base64,");
    Item::Image(base64.map_or_else(|| format!("no data: {address}"), str::to_owned))
}
