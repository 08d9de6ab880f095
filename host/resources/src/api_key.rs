//! Who may call.

use std::str::FromStr;

use thiserror::Error;

use crate::fields::Fields;
use crate::ids::{KeyId, ModelName};
use crate::unresolved::Unresolved;

/// An API key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Where it stands in its document, for problems that are found later.
    pub path: String,
    /// Its id, for logs.
    pub id: KeyId,
    /// How it is recognised.
    pub source: KeySource,
    /// Public model names that it may use, `*` standing for any run of characters; all if the
    /// operator says nothing.
    pub models: Vec<String>,
}

/// Where a key's digest comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// From the key's plaintext.
    Key(Unresolved),
    /// It is written down: `sha256:` and 64 hexadecimal digits.
    Digest(String),
}

#[derive(Debug, Error)]
#[error("must be \"sha256:\" and 64 hexadecimal digits; run `patchbay key digest` to make one")]
struct DigestProblem;

struct DigestText(String);

impl FromStr for DigestText {
    type Err = DigestProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sha256:").ok_or(DigestProblem)?;
        if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(DigestProblem)
        }
    }
}

impl ApiKey {
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let id = fields.member("id").required("add an id, it is what logs show").parsed();
        let source = read_source(fields);
        // A pattern is written with a model name's characters.
        let models: Option<Vec<ModelName>> =
            fields.member("models").list(|element| element.parsed());
        Some(Self {
            path: fields.path(None),
            id: id?,
            source: source?,
            models: models.map_or_else(all_models, |patterns| {
                patterns.iter().map(ModelName::to_string).collect()
            }),
        })
    }
}

fn all_models() -> Vec<String> {
    vec!["*".to_owned()]
}

fn read_source(fields: &mut Fields<'_, '_>) -> Option<KeySource> {
    let key_present = fields.member("key").value().is_some();
    let digest_present = fields.member("digest").value().is_some();
    let key = fields.member("key").parsed().map(KeySource::Key);
    let digest: Option<DigestText> = fields.member("digest").parsed();
    match (key_present, digest_present) {
        (true, true) => fields.report(None, "has both key and digest", "keep one of them"),
        (false, false) => fields.report(
            None,
            "has neither key nor digest",
            "add key = \"${env:NAME}\" or digest = \"sha256:…\"",
        ),
        (true, false) => return key,
        (false, true) => return digest.map(|digest| KeySource::Digest(digest.0)),
    }
    None
}
