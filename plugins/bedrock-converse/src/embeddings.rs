//! Embeddings through InvokeModel, whose bodies are the models' own.
//!
//! Titan: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>;
//! Cohere: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>.
//!
//! All take text, none takes token ids. `encoding_format` is the host's affair and `user` changes
//! nothing. Members that OpenAI's API does not have go into the body, where the model reads them,
//! but for those that would change the form of the reply.

use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::embeddings::{EmbeddingsRequest, Input};
use patchbay_sdk::request::{self, Dropped};
use patchbay_sdk::{Call, Encoded, Failure, FailureKind};

use crate::model;
use crate::settings::{DialectSettings, EmbeddingsSetting, UnknownMembers};

/// Whose form a body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    TitanV1,
    TitanV2,
    TitanImage,
    CohereV3,
    CohereV4,
}

impl Kind {
    /// # Errors
    /// `not-found` if the model makes no embeddings as far as can be told.
    pub(crate) fn of(call: &Call, settings: &DialectSettings) -> Result<Self, Failure> {
        match settings.embeddings_model {
            EmbeddingsSetting::TitanV1 => Ok(Self::TitanV1),
            EmbeddingsSetting::TitanV2 => Ok(Self::TitanV2),
            EmbeddingsSetting::TitanImage => Ok(Self::TitanImage),
            EmbeddingsSetting::CohereV3 => Ok(Self::CohereV3),
            EmbeddingsSetting::CohereV4 => Ok(Self::CohereV4),
            EmbeddingsSetting::Auto => Self::read(&call.model).ok_or_else(|| {
                let message = "the model is not known to make embeddings; if it does, its operator \
                               says in settings.embeddings_model whose form its requests have";
                Failure::new(FailureKind::NotFound, message)
            }),
        }
    }

    fn read(model: &str) -> Option<Self> {
        const KINDS: [(&str, Kind); 5] = [
            ("amazon.titan-embed-image", Kind::TitanImage),
            ("amazon.titan-embed-text-v2", Kind::TitanV2),
            ("amazon.titan-embed-", Kind::TitanV1),
            ("cohere.embed-v4", Kind::CohereV4),
            ("cohere.embed-", Kind::CohereV3),
        ];
        let name = model::foundation(model.rsplit('/').next().unwrap_or_default());
        KINDS.into_iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| kind)
    }

    /// Texts in one request.
    pub(crate) fn max_inputs(self) -> usize {
        match self {
            Self::TitanV1 | Self::TitanV2 | Self::TitanImage => 1,
            Self::CohereV3 | Self::CohereV4 => 96,
        }
    }

    /// Members that a caller may not send through: they change the form of the reply, or are
    /// another name for what the body has already.
    fn closed(self) -> &'static [&'static str] {
        match self {
            Self::TitanV1 | Self::TitanV2 => &["inputText", "embeddingTypes"],
            Self::TitanImage => &["inputText", "embeddingConfig"],
            Self::CohereV3 | Self::CohereV4 => {
                &["texts", "inputs", "images", "embedding_types", "output_dimension"]
            }
        }
    }

    /// Carries members that OpenAI's API does not have, and returns those that nobody reads.
    fn carry(self, body: &mut Object, extra: Object, forward: bool) -> Object {
        let mut unread = Object::new();
        for (name, value) in extra {
            // Titan's first generation has one member and refuses others.
            let open = self != Self::TitanV1 && !self.closed().contains(&name.as_str());
            let known = name == "input_type" && body.get_raw("input_type").is_some();
            match (forward && open) || known {
                _ if value.is_null() => {}
                true => body.insert_raw(&name, value),
                false => unread.insert_raw(&name, value),
            }
        }
        unread
    }
}

pub(crate) fn encode(
    call: &Call,
    canonical: &[u8],
    settings: &DialectSettings,
) -> Result<Encoded, Failure> {
    let kind = Kind::of(call, settings)?;
    let mut request = request::read_embeddings(canonical)?;
    let mut dropped = Dropped::default();
    let extra = std::mem::take(&mut request.extra);
    let texts = texts(&request, kind)?;
    let mut body = Object::new();
    match kind {
        Kind::TitanV1 | Kind::TitanV2 | Kind::TitanImage => {
            insert(&mut body, "inputText", &texts.first());
        }
        Kind::CohereV3 | Kind::CohereV4 => {
            insert(&mut body, "texts", &texts);
            insert(&mut body, "input_type", &settings.embeddings_input_type);
        }
    }
    if kind == Kind::CohereV4 {
        insert(&mut body, "embedding_types", &["float"]);
    }
    if let Some(dimensions) = &request.dimensions {
        match kind {
            Kind::TitanV2 => insert(&mut body, "dimensions", dimensions),
            Kind::TitanImage => {
                let config = [("outputEmbeddingLength", dimensions)];
                let config = std::collections::BTreeMap::from(config);
                insert(&mut body, "embeddingConfig", &config);
            }
            Kind::CohereV4 => insert(&mut body, "output_dimension", dimensions),
            Kind::TitanV1 | Kind::CohereV3 => dropped.add("dimensions"),
        }
    }
    let forward = settings.unknown_members == UnknownMembers::Forward;
    dropped.add_members("", &kind.carry(&mut body, extra, forward));
    let body = serde_json::to_vec(&body).expect("an object of JSON is JSON");
    Ok(Encoded::new(body).with_dropped(dropped.into_paths()))
}

fn texts(request: &EmbeddingsRequest, kind: Kind) -> Result<Vec<&str>, Failure> {
    let texts: Vec<&str> = match &request.input {
        Input::Text(text) => vec![text],
        Input::Texts(texts) => texts.iter().map(String::as_str).collect(),
        Input::Tokens(_) | Input::TokenLists(_) => {
            let message = "Bedrock's embedding models take text, not token ids";
            return Err(Failure::invalid_request("input", message));
        }
    };
    if (1..=kind.max_inputs()).contains(&texts.len()) {
        return Ok(texts);
    }
    let message = match kind.max_inputs() {
        1 => "the model takes one text in a request".to_owned(),
        most => format!("the model takes 1 to {most} texts in a request"),
    };
    Err(Failure::invalid_request("input", message))
}

fn insert(body: &mut Object, name: &str, value: &(impl serde::Serialize + ?Sized)) {
    body.insert(name, value).expect("texts and numbers have a JSON");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_says_whose_form_is_taken() {
        let cases = [
            ("amazon.titan-embed-text-v1", Some(Kind::TitanV1)),
            ("amazon.titan-embed-g1-text-02", Some(Kind::TitanV1)),
            ("amazon.titan-embed-text-v2:0", Some(Kind::TitanV2)),
            ("amazon.titan-embed-image-v1", Some(Kind::TitanImage)),
            ("cohere.embed-multilingual-v3", Some(Kind::CohereV3)),
            ("us.cohere.embed-v4:0", Some(Kind::CohereV4)),
            (
                "arn:aws:bedrock:us-east-1::foundation-model/cohere.embed-english-v3",
                Some(Kind::CohereV3),
            ),
            ("anthropic.claude-opus-4-6-v1", None),
            ("amazon.nova-2-multimodal-embeddings-v1:0", None),
        ];
        for (model, kind) in cases {
            assert_eq!(Kind::read(model), kind, "{model}");
        }
    }
}
