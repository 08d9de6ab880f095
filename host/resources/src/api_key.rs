//! Who may call.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::alone::{self, MEMBERS_OF_VIEWS};
use crate::fields::Fields;
use crate::ids::{KeyId, ModelName};
use crate::problem::Problem;
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
    /// What people call it.
    pub name: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// From then on it is refused; `None` is never.
    pub expires_at: Option<OffsetDateTime>,
    /// Public model names that it may use, `*` standing for any run of characters; all if the
    /// operator says nothing.
    pub models: Vec<String>,
    /// Paths of the endpoints that it may call, `*` standing for any run of characters; all if
    /// the operator says nothing.
    pub endpoints: Vec<String>,
    /// How much it may use.
    pub limits: KeyLimits,
    /// Whether it is accepted; in a configuration file, where it stands, it is.
    pub state: KeyState,
}

/// Where a key's digest comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// From the key's plaintext.
    Key(Unresolved),
    /// It is written down: `sha256:` and 64 hexadecimal digits.
    Digest(String),
}

/// Limits of a key; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// `requests_per_minute`: 1 to 10 million.
    pub requests_per_minute: Option<u64>,
    /// `tokens_per_minute`, prompts and completions together: 1 to 10 thousand million.
    pub tokens_per_minute: Option<u64>,
    /// `max_concurrent_requests`, each until the end of its answer: 1 to a million.
    pub max_concurrent_requests: Option<u64>,
}

/// Whether a key is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyState {
    /// `"active"`: it is.
    #[default]
    Active,
    /// `"disabled"`: not until the operator says so.
    Disabled,
    /// `"revoked"`: never again.
    Revoked,
}

#[derive(Debug, Error)]
#[error(
    "is no pattern of a path; start it with \"/\", as in \"/v1/chat/*\", and use at most 256 \
     printable ASCII characters without spaces"
)]
struct EndpointProblem;

/// The path of an endpoint, with `*` as wildcard, or `*` alone.
struct EndpointPattern(String);

#[derive(Debug, Error)]
#[error("must be \"sha256:\" and 64 hexadecimal digits; run `patchbay key digest` to make one")]
struct DigestProblem;

struct DigestText(String);

#[derive(Debug, Error)]
#[error("is no point in time; write it like \"2030-01-31T00:00:00Z\"")]
struct MomentProblem;

struct Moment(OffsetDateTime);

/// A text for people: not empty, not too long, on one line.
struct Words<const MAX_CHARS: usize>(String);

#[derive(Debug, Error)]
#[error("is empty, too long or holds a control character; use 1 to {0} characters")]
struct WordsProblem(usize);

impl FromStr for EndpointPattern {
    type Err = EndpointProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed =
            text.len() <= ApiKey::MAX_ENDPOINT_CHARS && text.bytes().all(|b| b.is_ascii_graphic());
        if well_formed && (text == "*" || text.starts_with('/')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(EndpointProblem)
        }
    }
}

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

impl FromStr for Moment {
    type Err = MomentProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self).map_err(|_| MomentProblem)
    }
}

impl<const MAX_CHARS: usize> FromStr for Words<MAX_CHARS> {
    type Err = WordsProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=MAX_CHARS).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WordsProblem(MAX_CHARS))
        }
    }
}

impl ApiKey {
    /// Most characters of `name` and `owner`.
    pub const MAX_WORDS_CHARS: usize = 200;

    /// Most characters of a tag.
    pub const MAX_TAG_CHARS: usize = 64;

    /// Most tags.
    pub const MAX_TAGS: usize = 32;

    /// Most characters of a pattern in `endpoints`.
    pub const MAX_ENDPOINT_CHARS: usize = 256;

    /// Members of a view, beside [`MEMBERS_OF_VIEWS`], that a document may hold to no effect.
    pub const MEMBERS_OF_VIEW: [&str; 2] = ["last_used_at", "hint"];

    /// Reads a document that is one key, all but how it is recognised: it has neither `key` nor
    /// `digest`, but `state`. Paths of problems start at its members.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn from_document(document: &Value, source: KeySource) -> Result<Self, Vec<Problem>> {
        alone::read(document, |fields| {
            fields.ignore(&MEMBERS_OF_VIEWS);
            fields.ignore(&Self::MEMBERS_OF_VIEW);
            let state = fields.member("state").choice(&[
                ("active", KeyState::Active),
                ("disabled", KeyState::Disabled),
                ("revoked", KeyState::Revoked),
            ]);
            Self::read_with(fields, Some(source), state.unwrap_or_default())
        })
    }

    /// Reads a key of a configuration file.
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let source = read_source(fields);
        Self::read_with(fields, source, KeyState::Active)
    }

    fn read_with(
        fields: &mut Fields<'_, '_>,
        source: Option<KeySource>,
        state: KeyState,
    ) -> Option<Self> {
        let id = fields.member("id").required("add an id, it is what logs show").parsed();
        let name: Option<Words<{ Self::MAX_WORDS_CHARS }>> = fields.member("name").parsed();
        let owner: Option<Words<{ Self::MAX_WORDS_CHARS }>> = fields.member("owner").parsed();
        let tags = read_tags(fields);
        let expires_at: Option<Moment> = fields.member("expires_at").parsed();
        // A pattern is written with a model name's characters.
        let models: Option<Vec<ModelName>> =
            fields.member("models").list(|element| element.parsed());
        let endpoints: Option<Vec<EndpointPattern>> =
            fields.member("endpoints").list(|element| element.parsed());
        let limits = fields.member("limits").table(KeyLimits::read);
        Some(Self {
            path: fields.path(None),
            id: id?,
            source: source?,
            name: name.map(|words| words.0),
            owner: owner.map(|words| words.0),
            tags,
            expires_at: expires_at.map(|moment| moment.0),
            models: models
                .map_or_else(any, |patterns| patterns.iter().map(ModelName::to_string).collect()),
            endpoints: endpoints.map_or_else(any, |patterns| {
                patterns.into_iter().map(|pattern| pattern.0).collect()
            }),
            limits: limits.unwrap_or_default(),
            state,
        })
    }
}

impl KeyLimits {
    /// What each of them may be, by its member.
    pub const RANGES: [(&str, RangeInclusive<u64>); 3] = [
        ("requests_per_minute", 1..=10_000_000),
        ("tokens_per_minute", 1..=10_000_000_000),
        ("max_concurrent_requests", 1..=1_000_000),
    ];

    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let found = Self::RANGES.map(|(name, range)| fields.member(name).integer(range));
        let [requests_per_minute, tokens_per_minute, max_concurrent_requests] = found;
        Some(Self { requests_per_minute, tokens_per_minute, max_concurrent_requests })
    }
}

fn any() -> Vec<String> {
    vec!["*".to_owned()]
}

fn read_tags(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let member = fields.member("tags");
    let number = member.value.and_then(Value::as_array).map_or(0, Vec::len);
    if number > ApiKey::MAX_TAGS {
        member.report(format!("has {number} tags"), format!("use at most {}", ApiKey::MAX_TAGS));
        return Vec::new();
    }
    let tags = member.list(|element| element.parsed::<Words<{ ApiKey::MAX_TAG_CHARS }>>());
    tags.unwrap_or_default().into_iter().map(|words| words.0).collect()
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

#[cfg(test)]
mod tests;
