//! What encoders need: reading a canonical request, naming what is lost, addresses of content.

use std::fmt::Write as _;

use openai_api::chat::{ChatRequest, Message, Role};
use openai_api::embeddings::EmbeddingsRequest;
use openai_api::{Canonical, Problem};

use crate::failure::Failure;

/// Reads a canonical chat request.
///
/// # Errors
/// `invalid-request`, naming the member.
pub fn read_chat(canonical: &[u8]) -> Result<ChatRequest, Failure> {
    read(canonical)
}

/// Reads a canonical embeddings request.
///
/// # Errors
/// `invalid-request`, naming the member.
pub fn read_embeddings(canonical: &[u8]) -> Result<EmbeddingsRequest, Failure> {
    read(canonical)
}

/// Reads a document of the caller's as a canonical type, or a type made in the same way.
///
/// # Errors
/// `invalid-request`, naming the member.
pub fn read<T: Canonical>(json: &[u8]) -> Result<T, Failure> {
    T::from_json(json).map_err(|problem| invalid(&problem))
}

/// A problem with a caller's request as a failure.
#[must_use]
pub fn invalid(problem: &Problem) -> Failure {
    let failure = Failure::new(crate::FailureKind::InvalidRequest, problem.message.as_str());
    match problem.param() {
        Some(param) => failure.with_param(param),
        None => failure,
    }
}

/// Whether a message holds instructions: roles `system` and `developer`.
#[must_use]
pub fn is_instruction(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// The paths of members that a dialect cannot express. Bounded: a long chat with an image in
/// every message has no end of them.
///
/// ```
/// let mut dropped = patchbay_sdk::request::Dropped::default();
/// dropped.add("logit_bias");
/// dropped.add_if(true, "seed");
/// dropped.add_if(false, "n");
/// assert_eq!(dropped.into_paths(), ["logit_bias", "seed"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Dropped(Vec<String>);

impl Dropped {
    /// Most paths that are named.
    pub const MAX: usize = 64;

    /// Names a member.
    pub fn add(&mut self, path: impl Into<String>) {
        let path = path.into();
        if self.0.len() < Self::MAX && !self.0.contains(&path) {
            self.0.push(path);
        }
    }

    /// Names a member that is there.
    pub fn add_if(&mut self, is_there: bool, path: &str) {
        if is_there {
            self.add(path);
        }
    }

    /// Names the members of an object that nobody took, but for those of `null`. Names that no
    /// header can carry are left out.
    pub fn add_members(&mut self, prefix: &str, members: &openai_api::Object) {
        for (name, value) in members.iter() {
            if !value.is_null() && name.bytes().all(|b| b.is_ascii_graphic()) {
                self.add(format!("{prefix}{name}"));
            }
        }
    }

    /// The paths, each once, in order.
    #[must_use]
    pub fn into_paths(self) -> Vec<String> {
        self.0
    }
}

/// Content inside an address: `data:image/png;base64,…` (RFC 2397).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataUrl<'a> {
    /// `image/png`; parameters are left out.
    pub media_type: &'a str,
    /// The content in base64, as it was written.
    pub base64: &'a str,
}

impl<'a> DataUrl<'a> {
    /// Reads an address; `None` if it is none, or its content is not base64.
    ///
    /// ```
    /// use patchbay_sdk::request::DataUrl;
    ///
    /// let url = DataUrl::parse("data:image/png;base64,AA==").unwrap();
    /// assert_eq!((url.media_type, url.base64), ("image/png", "AA=="));
    /// assert_eq!(DataUrl::parse("https://example.com/a.png"), None);
    /// ```
    #[must_use]
    pub fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        if !scheme.eq_ignore_ascii_case("data") {
            return None;
        }
        let (head, base64) = rest.split_once(',')?;
        let media = head.strip_suffix(";base64").or_else(|| head.strip_suffix("; base64"))?;
        let media_type = media.split(';').next().unwrap_or_default().trim();
        let media_type = if media_type.is_empty() { "text/plain" } else { media_type };
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b);
        base64.bytes().all(is_base64).then_some(Self { media_type, base64 })
    }
}

/// A text as one segment of a path, or a value of a query: everything but RFC 3986's unreserved
/// characters is percent-encoded.
///
/// ```
/// assert_eq!(patchbay_sdk::request::path_segment("a/b:c 1.5"), "a%2Fb%3Ac%201.5");
/// ```
#[must_use]
pub fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte));
            }
            _ => write!(segment, "%{byte:02X}").expect("a string takes everything"),
        }
    }
    // A path must not climb.
    match segment.as_str() {
        "." | ".." => segment.replace('.', "%2E"),
        _ => segment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_the_wrong_type_is_named() {
        let failure = read_chat(br#"{"model":"m","messages":[{"role":1}]}"#).unwrap_err();
        assert_eq!(failure.kind(), crate::FailureKind::InvalidRequest);
        assert_eq!(failure.param(), Some("messages[0].role"));
    }

    #[test]
    fn only_addresses_with_base64_hold_content() {
        let cases = [
            ("data:image/png;base64,AA==", Some(("image/png", "AA=="))),
            ("DATA:image/jpeg;name=a;base64,AA", Some(("image/jpeg", "AA"))),
            ("data:;base64,AA", Some(("text/plain", "AA"))),
            ("data:text/plain,hello", None),
            ("data:image/png;base64,A A", None),
            ("data:image/png", None),
            ("", None),
        ];
        for (url, expected) in cases {
            let found = DataUrl::parse(url).map(|url| (url.media_type, url.base64));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn a_model_name_cannot_climb_out_of_its_segment() {
        assert_eq!(path_segment(".."), "%2E%2E");
        assert_eq!(path_segment("../x"), "..%2Fx");
        assert_eq!(path_segment("é?#"), "%C3%A9%3F%23");
    }
}
