//! What the outermost members of a request must be.

use std::borrow::Cow;

use super::{Kind, MAX_MODEL_BYTES};
use crate::problem::Problem;
use crate::raw::JsonKind;

/// Most rows of a table.
pub(super) const MAX_ROWS: usize = 32;

/// One known member.
pub(super) struct Member {
    pub(super) name: &'static str,
    form: Form,
    presence: Presence,
    /// A value that would be right.
    example: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// May be absent or null.
    Optional,
}

/// What a value must look like from outside.
#[derive(Clone, Copy)]
enum Form {
    /// One of these kinds.
    Kinds(&'static [JsonKind]),
    /// A number without fraction.
    Integer,
    /// An integer of at least 1.
    PositiveInteger,
    /// An array with something in it.
    FullArray,
    /// A string or an array, with something in it.
    FullInput,
}

const STRING: Form = Form::Kinds(&[JsonKind::String]);
const BOOLEAN: Form = Form::Kinds(&[JsonKind::Boolean]);
const NUMBER: Form = Form::Kinds(&[JsonKind::Number]);
const ARRAY: Form = Form::Kinds(&[JsonKind::Array]);
const OBJECT: Form = Form::Kinds(&[JsonKind::Object]);
const STRING_OR_ARRAY: Form = Form::Kinds(&[JsonKind::String, JsonKind::Array]);
const STRING_OR_OBJECT: Form = Form::Kinds(&[JsonKind::String, JsonKind::Object]);
const OBJECT_OR_ARRAY: Form = Form::Kinds(&[JsonKind::Object, JsonKind::Array]);

const fn required(name: &'static str, form: Form, example: &'static str) -> Member {
    Member { name, form, presence: Presence::Required, example }
}

const fn optional(name: &'static str, form: Form, example: &'static str) -> Member {
    Member { name, form, presence: Presence::Optional, example }
}

/// The commonest first: a name is looked up from the top.
static CHAT: [Member; 28] = [
    required("model", STRING, r#""gpt-4o-mini""#),
    required("messages", Form::FullArray, r#"[{"role":"user","content":"Hello"}]"#),
    optional("stream", BOOLEAN, "true"),
    optional("temperature", NUMBER, "0.7"),
    optional("max_tokens", Form::Integer, "256"),
    optional("stream_options", OBJECT, r#"{"include_usage":true}"#),
    optional("tools", ARRAY, r#"[{"type":"function","function":{"name":"get_time"}}]"#),
    optional("tool_choice", STRING_OR_OBJECT, r#""auto""#),
    optional("max_completion_tokens", Form::Integer, "256"),
    optional("top_p", NUMBER, "0.9"),
    optional("n", Form::PositiveInteger, "1"),
    optional("stop", STRING_OR_ARRAY, r#"["END"]"#),
    optional("response_format", OBJECT, r#"{"type":"json_object"}"#),
    optional("presence_penalty", NUMBER, "0.5"),
    optional("frequency_penalty", NUMBER, "0.5"),
    optional("seed", Form::Integer, "42"),
    optional("user", STRING, r#""user-1""#),
    optional("reasoning_effort", STRING, r#""low""#),
    optional("parallel_tool_calls", BOOLEAN, "false"),
    optional("logprobs", BOOLEAN, "true"),
    optional("top_logprobs", Form::Integer, "3"),
    // OpenAI takes an object; llama.cpp takes pairs as well.
    optional("logit_bias", OBJECT_OR_ARRAY, r#"{"50256":-100}"#),
    optional("metadata", OBJECT, r#"{"team":"search"}"#),
    optional("service_tier", STRING, r#""auto""#),
    optional("store", BOOLEAN, "false"),
    optional("modalities", ARRAY, r#"["text"]"#),
    optional("functions", ARRAY, r#"[{"name":"get_time"}]"#),
    optional("function_call", STRING_OR_OBJECT, r#""auto""#),
];

static EMBEDDINGS: [Member; 5] = [
    required("model", STRING, r#""text-embedding-3-small""#),
    required("input", Form::FullInput, r#""Hello""#),
    optional("encoding_format", STRING, r#""float""#),
    optional("dimensions", Form::PositiveInteger, "256"),
    optional("user", STRING, r#""user-1""#),
];

const _: () = assert!(CHAT.len() <= MAX_ROWS && EMBEDDINGS.len() <= MAX_ROWS);

/// The known members of a kind of request.
pub(super) fn table(kind: Kind) -> &'static [Member] {
    match kind {
        Kind::Chat => &CHAT,
        Kind::Embeddings => &EMBEDDINGS,
    }
}

/// The row of a name.
pub(super) fn place_of(table: &[Member], name: &str) -> Option<usize> {
    table.iter().position(|member| member.name == name)
}

impl Member {
    /// Checks the member's text, or its absence.
    pub(super) fn check(&self, value: Option<&str>) -> Result<(), Problem> {
        match value {
            None if self.presence == Presence::Optional => Ok(()),
            Some("null") if self.presence == Presence::Optional => Ok(()),
            None => Err(self.problem("is required")),
            Some(value) => self.check_form(value),
        }
    }

    fn check_form(&self, value: &str) -> Result<(), Problem> {
        let kind = JsonKind::of(value);
        match self.form {
            Form::Kinds(kinds) if kinds.contains(&kind) => Ok(()),
            Form::Integer if kind == JsonKind::Number && is_integer(value) => Ok(()),
            Form::PositiveInteger
                if kind == JsonKind::Number && is_integer(value) && is_positive(value) =>
            {
                Ok(())
            }
            Form::FullArray | Form::FullInput if kind == JsonKind::Array => self.check_full(value),
            Form::FullInput if kind == JsonKind::String => self.check_full(value),
            _ if kind == JsonKind::Number => {
                // A number is too short to be a prompt, so it may be shown.
                let shown: String = value.chars().take(40).collect();
                Err(self.problem(&format!("must be {}, not {shown}", self.form.described())))
            }
            _ => Err(self.problem(&format!("must be {}, not {kind}", self.form.described()))),
        }
    }

    /// Checks that something is between the brackets or quotes.
    fn check_full(&self, value: &str) -> Result<(), Problem> {
        let inside = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
        let inside = if value.starts_with('[') { inside.trim_ascii() } else { inside };
        if inside.is_empty() { Err(self.problem("must not be empty")) } else { Ok(()) }
    }

    fn problem(&self, reason: &str) -> Problem {
        let Self { name, example, .. } = self;
        Problem::at(*name, format!("`{name}` {reason}; for example \"{name}\": {example}"))
    }
}

impl Form {
    fn described(self) -> String {
        match self {
            Self::Kinds(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                kinds.join(" or ")
            }
            Self::Integer => "an integer".to_owned(),
            Self::PositiveInteger => "an integer of at least 1".to_owned(),
            Self::FullArray => "an array".to_owned(),
            Self::FullInput => "a string or an array".to_owned(),
        }
    }
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn is_positive(integer: &str) -> bool {
    !integer.starts_with(['-', '0'])
}

/// The name of a model from its JSON text, which has passed [`Member::check`].
pub(super) fn model_of(text: &str) -> Result<Cow<'_, str>, Problem> {
    let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let model = if inside.contains('\\') {
        let model = serde_json::from_str(text);
        Cow::Owned(model.map_err(|_| refused("holds an escape that stands for no character"))?)
    } else {
        Cow::Borrowed(inside)
    };
    if model.is_empty() {
        return Err(refused("must not be empty"));
    }
    if model.len() > MAX_MODEL_BYTES {
        return Err(refused(&format!("must be at most {MAX_MODEL_BYTES} bytes long")));
    }
    if model.chars().any(char::is_control) {
        return Err(refused("must not hold control characters"));
    }
    Ok(model)
}

fn refused(reason: &str) -> Problem {
    Problem::at("model", format!("`model` {reason}; name a model that GET /v1/models lists"))
}
