//! Entity tags in `If-Match` and `If-None-Match` (RFC 9110 section 13.1).
//!
//! Ours is the revision of the commit that wrote the resource: `"7"`. Any other well-formed tag
//! is one that was never given out, so it matches nothing.

use administration::Precondition;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::refusal::Refusal;

/// The tag that no resource has: the first commit is number 1.
const NEVER_GIVEN: u64 = 0;

/// What such a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntityTags {
    /// `*`
    Any,
    /// A list, not empty.
    Listed(Vec<EntityTag>),
}

/// One tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag {
    /// `W/`
    is_weak: bool,
    /// The revision, or [`NEVER_GIVEN`].
    revision: u64,
}

impl EntityTags {
    /// Reads a header; `None` if it is not there.
    ///
    /// # Errors
    /// If it is neither `*` nor a list of tags.
    pub(crate) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Refusal> {
        let mut lines = Vec::new();
        for value in headers.get_all(name) {
            lines.push(value.as_bytes());
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let whole = lines.join(b",".as_slice());
        Self::parse(&whole).map(Some).ok_or_else(|| {
            let text = format!(
                "the {name} header holds no entity tags; send the ETag of the reply that you \
                 read, quotes included, as in \"7\""
            );
            Refusal::bad_request(text)
        })
    }

    fn parse(text: &[u8]) -> Option<Self> {
        if text.trim_ascii() == b"*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = text.trim_ascii();
        while !rest.is_empty() {
            // Empty elements of a list are passed over (section 5.6.1.2).
            if let Some(after) = rest.strip_prefix(b",") {
                rest = after.trim_ascii_start();
                continue;
            }
            let (tag, after) = EntityTag::parse(rest)?;
            tags.push(tag);
            rest = after.trim_ascii_start();
            if !rest.is_empty() {
                rest = rest.strip_prefix(b",")?.trim_ascii_start();
            }
        }
        (!tags.is_empty()).then_some(Self::Listed(tags))
    }

    /// `If-Match`, for a resource that is at `current` now. The action compares again, when no
    /// other change can come between; of several tags it gets the one that is still valid.
    ///
    /// # Errors
    /// If a tag is weak: it cannot say that two documents are the same to the last byte.
    pub(crate) fn into_precondition(self, current: Option<u64>) -> Result<Precondition, Refusal> {
        let Self::Listed(tags) = self else { return Ok(Precondition::Exists) };
        if tags.iter().any(|tag| tag.is_weak) {
            let text = "the if-match header has a weak entity tag; send the ETag without W/";
            return Err(Refusal::bad_request(text));
        }
        let valid = tags.iter().map(|tag| tag.revision).find(|it| Some(*it) == current);
        let first = || tags.first().map_or(NEVER_GIVEN, |tag| tag.revision);
        Ok(Precondition::Revision(valid.unwrap_or_else(first)))
    }

    /// `If-None-Match`: whether the operator has what is there, by the weak comparison.
    pub(crate) fn has(&self, current: Option<u64>) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(|tag| Some(tag.revision) == current),
        }
    }
}

impl EntityTag {
    /// The tag at the beginning of a list, and what follows it.
    fn parse(text: &[u8]) -> Option<(Self, &[u8])> {
        let (is_weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let opaque = quoted.strip_prefix(b"\"")?;
        let length = opaque.iter().position(|byte| *byte == b'"')?;
        let (opaque, after) = opaque.split_at_checked(length)?;
        let well_formed = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..));
        let tag = Self { is_weak, revision: revision(opaque) };
        well_formed.then_some((tag, after.strip_prefix(b"\"")?))
    }
}

/// Only the one way in which we write a revision stands for it.
fn revision(opaque: &[u8]) -> u64 {
    let text = std::str::from_utf8(opaque).unwrap_or_default();
    let number: u64 = text.parse().unwrap_or(NEVER_GIVEN);
    if number.to_string() == text { number } else { NEVER_GIVEN }
}

/// A revision as `ETag`.
pub(crate) fn entity_tag(revision: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{revision}\"")).expect("quoted digits are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<EntityTags> {
        EntityTags::parse(text.as_bytes())
    }

    fn listed(tags: &[(bool, u64)]) -> Option<EntityTags> {
        let tag = |(is_weak, revision): &(bool, u64)| EntityTag {
            is_weak: *is_weak,
            revision: *revision,
        };
        Some(EntityTags::Listed(tags.iter().map(tag).collect()))
    }

    #[test]
    fn a_header_holds_a_star_or_a_list_of_tags() {
        for (text, expected) in [
            ("*", Some(EntityTags::Any)),
            (" * ", Some(EntityTags::Any)),
            ("\"7\"", listed(&[(false, 7)])),
            ("W/\"7\"", listed(&[(true, 7)])),
            ("\"7\", \"8\"", listed(&[(false, 7), (false, 8)])),
            ("\"7\",W/\"8\" , ,\"9\",", listed(&[(false, 7), (true, 8), (false, 9)])),
            ("\"18446744073709551615\"", listed(&[(false, u64::MAX)])),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_tag_that_was_never_given_out_is_that_of_no_resource() {
        for text in
            ["\"\"", "\"abc\"", "\"07\"", "\"+7\"", "\"a,b\"", "\"18446744073709551616\"", "\"é\""]
        {
            assert_eq!(parse(text), listed(&[(false, NEVER_GIVEN)]), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for text in [
            "",
            ",",
            "7",
            "\"7",
            "7\"",
            "\"7\"x",
            "\"7\" \"8\"",
            "w/\"7\"",
            "W/ \"7\"",
            "*, \"7\"",
            "\"7\", *",
            "\"a b\"",
            "**",
            "\"7\";q=1",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn of_several_tags_the_valid_one_is_compared() {
        for (text, current, expected) in [
            ("\"7\"", Some(7), Precondition::Revision(7)),
            ("\"7\"", Some(8), Precondition::Revision(7)),
            ("\"7\", \"8\"", Some(8), Precondition::Revision(8)),
            ("\"abc\"", Some(8), Precondition::Revision(NEVER_GIVEN)),
            ("\"7\"", None, Precondition::Revision(7)),
            ("*", Some(8), Precondition::Exists),
        ] {
            let precondition = parse(text).unwrap().into_precondition(current).ok();
            assert_eq!(precondition, Some(expected), "{text}");
        }
        assert!(parse("\"7\", W/\"8\"").unwrap().into_precondition(Some(7)).is_err());
    }

    #[test]
    fn what_the_operator_has_is_compared_weakly() {
        for (text, current, expected) in [
            ("\"7\"", Some(7), true),
            ("W/\"7\"", Some(7), true),
            ("\"6\", \"7\"", Some(7), true),
            ("\"7\"", Some(8), false),
            ("\"7\"", None, false),
            ("*", None, true),
        ] {
            assert_eq!(parse(text).unwrap().has(current), expected, "{text} {current:?}");
        }
    }
}
