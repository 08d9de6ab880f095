//! Who calls: API keys as digests, compared in constant time.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// SHA-256 of an API key. Keys carry 256 bits of chance, so a plain digest suffices.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

/// A text that is not `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Error)]
#[error("digest must be \"sha256:\" and 64 hexadecimal digits, as `patchbay key digest` prints it")]
pub struct KeyDigestProblem;

impl KeyDigest {
    /// Digest of a key's plaintext.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }
}

impl FromStr for KeyDigest {
    type Err = KeyDigestProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sha256:").ok_or(KeyDigestProblem)?;
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(KeyDigestProblem);
        }
        let mut digest = [0_u8; 32];
        for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| KeyDigestProblem)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| KeyDigestProblem)?;
        }
        Ok(Self(digest))
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(sha256:…)")
    }
}

/// A model name with `*` as wildcard for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPattern(String);

impl ModelPattern {
    /// Any text is a pattern.
    #[must_use]
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether a model's public name matches.
    #[must_use]
    pub fn matches(&self, model: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = model.strip_prefix(pieces.next().unwrap_or_default()) else {
            return false;
        };
        if !self.0.contains('*') {
            return rest.is_empty();
        }
        let mut pieces: Vec<&str> = pieces.collect();
        let last = pieces.pop().unwrap_or_default();
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Who holds an API key.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key's id, for logs; not the key.
    pub id: Arc<str>,
    /// Models the key may use, by public name.
    pub models: Arc<[ModelPattern]>,
}

impl Caller {
    /// Whether the key may use a model.
    #[must_use]
    pub fn may_use(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| pattern.matches(model))
    }
}

/// All keys that are valid now.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    callers: HashMap<KeyDigest, Caller>,
}

impl KeyRing {
    /// A ring of digests and their holders. Of two equal digests the later wins.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = (KeyDigest, Caller)>) -> Self {
        Self { callers: keys.into_iter().collect() }
    }

    /// The holder of a key. Only the digest is looked up, so the time tells nothing about the
    /// key; the last comparison is constant-time all the same.
    #[must_use]
    pub fn find(&self, presented: &str) -> Option<&Caller> {
        let digest = KeyDigest::of(presented);
        let (stored, caller) = self.callers.get_key_value(&digest)?;
        bool::from(stored.0.ct_eq(&digest.0)).then_some(caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names() {
        for (pattern, model, expected) in [
            ("*", "a/b", true),
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-*", "gpt-4o", true),
            ("*-mini", "gpt-4o-mini", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXcYYb", false),
            ("a*a", "a", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(ModelPattern::new(pattern).matches(model), expected, "{pattern} {model}");
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_printed() {
        let digest = KeyDigest::of("pb-test");
        assert_eq!(digest.to_string().parse::<KeyDigest>().ok(), Some(digest));
        for text in ["", "sha256:", "sha256:zz", "md5:00", &format!("sha256:{}", "é".repeat(32))] {
            assert!(text.parse::<KeyDigest>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_the_key_itself_finds_its_holder() {
        let caller = Caller { id: "laptop".into(), models: [ModelPattern::new("*")].into() };
        let ring = KeyRing::new([(KeyDigest::of("pb-1"), caller)]);
        assert_eq!(&*ring.find("pb-1").unwrap().id, "laptop");
        assert!(ring.find("pb-2").is_none());
        assert!(ring.find(&KeyDigest::of("pb-1").to_string()).is_none());
    }
}
