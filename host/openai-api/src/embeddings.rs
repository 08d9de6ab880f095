//! `POST /v1/embeddings`: request and reply.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::{Member, Slot, canonical, trail};
use crate::{Number, Problem, RawJson, Usage};

canonical! {
    /// A request for embeddings.
    pub struct EmbeddingsRequest {
        /// The model's name.
        required model: String,
        /// What to embed.
        required input: Input,
        /// `float` or `base64`.
        optional encoding_format: String,
        /// Length of the vectors.
        optional dimensions: Number,
        /// The caller's own user.
        optional user: String,
    }
}

/// What to embed.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A string.
    Text(String),
    /// A list of strings.
    Texts(Vec<String>),
    /// One text as token ids.
    Tokens(Vec<Number>),
    /// Several texts as token ids.
    TokenLists(Vec<Vec<Number>>),
}

impl Default for Input {
    fn default() -> Self {
        Self::Texts(Vec::new())
    }
}

impl Input {
    /// How many vectors are asked for.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Text(_) | Self::Tokens(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::TokenLists(lists) => lists.len(),
        }
    }
}

canonical! {
    /// Vectors, in the order of the input.
    pub struct EmbeddingsReply {
        /// `list`
        defaulted object: String,
        /// The vectors.
        required data: Vec<Embedding>,
        /// The model that answered.
        defaulted model: String,
        /// Tokens.
        lenient usage: Usage,
    }
}

impl EmbeddingsReply {
    /// A reply.
    #[must_use]
    pub fn new(model: impl Into<String>, data: Vec<Embedding>) -> Self {
        Self { object: "list".to_owned(), data, model: model.into(), ..Self::default() }
    }
}

canonical! {
    /// One vector.
    pub struct Embedding {
        /// `embedding`
        defaulted object: String,
        /// Which input.
        defaulted index: u32,
        /// An array of numbers, or a string of base64 (little-endian `f32`).
        required embedding: RawJson,
    }
}

impl Embedding {
    /// A vector as an array of numbers.
    ///
    /// # Errors
    /// A number is infinite or none.
    pub fn from_floats(index: u32, floats: &[f32]) -> Result<Self, Problem> {
        if floats.iter().any(|float| !float.is_finite()) {
            return Err(Problem::at("embedding", "holds a number that is not finite"));
        }
        let embedding = RawJson::of(floats)?;
        Ok(Self { object: "embedding".to_owned(), index, embedding, ..Self::default() })
    }

    /// The vector as numbers.
    ///
    /// # Errors
    /// It is not an array of numbers.
    pub fn floats(&self) -> Result<Vec<f32>, Problem> {
        self.embedding.parse().map_err(|problem| Problem::at("embedding", problem.message))
    }
}

/// The first item of a list says what all are.
enum FirstItem {
    Text(String),
    Token(Number),
    Tokens(Vec<Number>),
}

impl Member for FirstItem {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        let wrong = |problem: Problem| D::Error::custom(problem.message);
        match raw.kind() {
            crate::JsonKind::String => raw.parse().map(Self::Text).map_err(wrong),
            crate::JsonKind::Number => raw.parse().map(Self::Token).map_err(wrong),
            crate::JsonKind::Array => {
                raw.parse::<Slot<Vec<Number>>>().map(|slot| Self::Tokens(slot.0)).map_err(wrong)
            }
            other => Err(D::Error::custom(format_args!(
                "must be a string, a token id or an array of token ids, not {other}"
            ))),
        }
    }
}

impl Member for Input {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyForm;
        impl<'de> Visitor<'de> for AnyForm {
            type Value = Input;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, an array of strings, or token ids")
            }

            fn visit_str<E>(self, text: &str) -> Result<Input, E> {
                Ok(Input::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Input, A::Error> {
                let first = seq.next_element().map_err(|error| trail::under_index(0, &error))?;
                match first.map(|Slot(item)| item) {
                    None => Ok(Input::default()),
                    Some(FirstItem::Text(text)) => rest_of(text, seq).map(Input::Texts),
                    Some(FirstItem::Token(token)) => rest_of(token, seq).map(Input::Tokens),
                    Some(FirstItem::Tokens(list)) => rest_of(list, seq).map(Input::TokenLists),
                }
            }
        }
        deserializer.deserialize_any(AnyForm)
    }
}

fn rest_of<'de, T: Member, A: SeqAccess<'de>>(first: T, mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut items = vec![first];
    while let Some(Slot(item)) =
        seq.next_element().map_err(|error| trail::under_index(items.len(), &error))?
    {
        items.push(item);
    }
    Ok(items)
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

impl Serialize for Input {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Tokens(tokens) => tokens.serialize(serializer),
            Self::TokenLists(lists) => lists.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Canonical as _;

    fn request(input: &str) -> Result<EmbeddingsRequest, Problem> {
        let json = format!(r#"{{"model":"m","input":{input},"dimensions":8,"new":1.0}}"#);
        EmbeddingsRequest::from_json(json.as_bytes())
    }

    #[test]
    fn every_form_of_input_survives() {
        let forms =
            [(r#""text""#, 1), (r#"["a","b"]"#, 2), ("[1,2,3]", 1), ("[[1,2],[3]]", 2), ("[]", 0)];
        for (input, count) in forms {
            let read = request(input).unwrap();
            assert_eq!(read.input.count(), count, "{input}");
            let json = format!(r#"{{"model":"m","input":{input},"dimensions":8,"new":1.0}}"#);
            assert_eq!(String::from_utf8(read.to_json()).unwrap(), json);
        }
    }

    #[test]
    fn a_wrong_input_is_named() {
        let cases = [
            ("{}", "input"),
            ("[true]", "input[0]"),
            (r#"["a",1]"#, "input[1]"),
            (r#"[1,"secret"]"#, "input[1]"),
            ("[[1],[true]]", "input[1][0]"),
        ];
        for (input, path) in cases {
            let problem = request(input).unwrap_err();
            assert_eq!(problem.path, path, "{problem}");
            assert!(!problem.message.contains("secret"), "{problem}");
        }
    }

    #[test]
    fn vectors_keep_their_digits_and_are_read_as_numbers() {
        let json = br#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10000000149011612,-1.0]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#;
        let reply = EmbeddingsReply::from_json(json).unwrap();
        assert_eq!(reply.to_json(), json);
        assert_eq!(reply.data[0].floats(), Ok(vec![0.1, -1.0]));
        assert_eq!(Embedding::from_floats(1, &[0.5]).unwrap().embedding.as_str(), "[0.5]");
        assert!(Embedding::from_floats(1, &[f32::NAN]).is_err());
    }
}
