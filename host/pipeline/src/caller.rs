//! Who calls: API keys as digests, compared in constant time.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use exchange::{Failure, FailureKind};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::admission::Meter;

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
        matches(&self.0, model)
    }
}

/// The path of an endpoint with `*` as wildcard for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPattern(String);

impl EndpointPattern {
    /// Any text is a pattern.
    #[must_use]
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether an endpoint's path matches, as it is documented: `/v1/models/{id}`.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        matches(&self.0, path)
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Who holds an API key. Cloning it copies no text.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key's id, for logs; not the key.
    pub id: Arc<str>,
    /// Models the key may use, by public name.
    pub models: Arc<[ModelPattern]>,
    /// Endpoints the key may call, by path.
    pub endpoints: Arc<[EndpointPattern]>,
    /// From then on it is refused; `None` is never.
    pub expires_at: Option<SystemTime>,
    /// Why it is refused at any time; `None` is not.
    pub refused: Option<KeyRefusal>,
    /// How much it may use, and what of it is used.
    pub meter: Arc<Meter>,
}

/// Why a known key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// The operator has disabled it and may enable it again.
    Disabled,
    /// The operator has revoked it for good.
    Revoked,
}

impl Caller {
    /// A caller that may do everything, without limits.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self {
            id: id.into(),
            models: [ModelPattern::new("*")].into(),
            endpoints: [EndpointPattern::new("*")].into(),
            expires_at: None,
            refused: None,
            meter: Meter::unlimited(),
        }
    }

    /// Whether the key may use a model.
    #[must_use]
    pub fn may_use(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| pattern.matches(model))
    }

    /// Whether the key may call an endpoint, named by its path as it is documented:
    /// `/v1/models/{id}`.
    #[must_use]
    pub fn may_call(&self, path: &str) -> bool {
        self.endpoints.iter().any(|pattern| pattern.matches(path))
    }

    /// Why the key is refused now, if it is.
    fn refusal(&self, now: impl FnOnce() -> SystemTime) -> Option<&'static str> {
        match self.refused {
            Some(KeyRefusal::Revoked) => {
                Some("this API key was revoked: use another one, or ask the operator for one")
            }
            Some(KeyRefusal::Disabled) => {
                Some("this API key is disabled: use another one, or ask the operator to enable it")
            }
            None => self
                .expires_at
                .filter(|expires_at| *expires_at <= now())
                .map(|_| "this API key has expired: use another one, or ask the operator for one"),
        }
    }
}

/// All keys that are known now, those among them that are refused.
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

    /// The holder of a key, refused or not. Only the digest is looked up, so the time tells
    /// nothing about the key; the last comparison is constant-time all the same.
    #[must_use]
    pub fn find(&self, presented: &str) -> Option<&Caller> {
        let digest = KeyDigest::of(presented);
        let (stored, caller) = self.callers.get_key_value(&digest)?;
        bool::from(stored.0.ct_eq(&digest.0)).then_some(caller)
    }

    /// The holder of a key that is accepted. The time is asked for only if the key expires.
    ///
    /// # Errors
    /// `Unauthenticated`, and why: only who holds the key is told more than that it is not known.
    pub fn admit(
        &self,
        presented: &str,
        now: impl FnOnce() -> SystemTime,
    ) -> Result<&Caller, Failure> {
        let refused = |message| Failure::new(FailureKind::Unauthenticated, message);
        let caller = self.find(presented).ok_or_else(|| {
            refused("this API key is not known here: use one that the operator issued")
        })?;
        caller.refusal(now).map_or(Ok(caller), |reason| Err(refused(reason)))
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
        let ring = KeyRing::new([(KeyDigest::of("pb-1"), Caller::new("laptop"))]);
        assert_eq!(&*ring.find("pb-1").unwrap().id, "laptop");
        assert!(ring.find("pb-2").is_none());
        assert!(ring.find(&KeyDigest::of("pb-1").to_string()).is_none());
    }
    #[test]
    fn endpoints_are_allowed_by_their_path() {
        let patterns = ["/v1/chat/completions", "/v1/models*"].map(EndpointPattern::new);
        let caller = Caller { endpoints: patterns.into(), ..Caller::new("laptop") };
        for (path, expected) in [
            ("/v1/chat/completions", true),
            ("/v1/models", true),
            ("/v1/models/{id}", true),
            ("/v1/messages", false),
            ("/v1/chat/completions/", false),
        ] {
            assert_eq!(caller.may_call(path), expected, "{path}");
        }
        assert!(Caller::new("laptop").may_call("/v1/messages"));
    }

    #[test]
    fn a_known_key_that_is_not_accepted_is_told_why() {
        const NOW: SystemTime = SystemTime::UNIX_EPOCH;
        let second = std::time::Duration::from_secs(1);
        let expiring = |at| Caller { expires_at: Some(at), ..Caller::new("k") };
        let refused = |refusal| Caller { refused: Some(refusal), ..Caller::new("k") };
        for (caller, expected) in [
            (Caller::new("k"), None),
            (expiring(NOW + second), None),
            (expiring(NOW), Some("this API key has expired")),
            (expiring(NOW - second), Some("this API key has expired")),
            (refused(KeyRefusal::Disabled), Some("this API key is disabled")),
            (refused(KeyRefusal::Revoked), Some("this API key was revoked")),
        ] {
            let ring = KeyRing::new([(KeyDigest::of("pb-1"), caller)]);
            let failure = ring.admit("pb-1", || NOW).err();
            let told = failure.as_ref().and_then(|it| it.message().split(':').next());
            assert_eq!(told, expected);
            assert!(failure.is_none_or(|it| it.kind() == FailureKind::Unauthenticated));
        }
        let unknown = KeyRing::default().admit("pb-1", || NOW).unwrap_err();
        assert!(unknown.message().starts_with("this API key is not known here"));
    }
}
