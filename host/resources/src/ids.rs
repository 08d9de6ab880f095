//! Names that are ids, parsed once.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A text that is no such id.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{noun} is not well-formed; use {rule}")]
pub struct IdProblem {
    /// What it was to be.
    pub noun: &'static str,
    /// What it has to look like.
    pub rule: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $noun:literal, $rule:literal, $test:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Whether a text is such an id.
            #[must_use]
            pub fn is_well_formed(text: &str) -> bool {
                let test: fn(&str) -> bool = $test;
                test(text)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdProblem;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if Self::is_well_formed(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdProblem { noun: $noun, rule: $rule })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// Id of a provider; the first half of `provider-id/model`.
    ProviderId,
    "provider id",
    "1 to 64 of a-z 0-9 - _, starting with a letter or digit",
    is_slug
);

id!(
    /// Id of an API key, for logs; not the key.
    KeyId,
    "API key id",
    "1 to 64 of a-z 0-9 - _, starting with a letter or digit",
    is_slug
);

id!(
    /// Name of an adapter or of a dialect.
    PluginName,
    "plugin name",
    "1 to 64 of a-z 0-9 -, starting with a letter or digit",
    |text| is_slug(text) && !text.contains('_')
);

id!(
    /// Name of a credential slot in an adapter's manifest.
    SlotName,
    "credential slot",
    "1 to 64 of a-z 0-9 - _, starting with a letter or digit",
    is_slug
);

id!(
    /// A model's name, a provider's own or a public one.
    ModelName,
    "model name",
    "1 to 256 printable ASCII characters without spaces",
    |text| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

fn is_slug(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=64).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_short_slug() {
        let longest = "a".repeat(64);
        for text in ["a", "0", "anthropic-main", "a_b", longest.as_str()] {
            assert!(text.parse::<ProviderId>().is_ok(), "{text}");
        }
        let too_long = "a".repeat(65);
        for text in ["", "-a", "_a", "A", "a/b", "a b", "é", "a\n", too_long.as_str()] {
            assert!(text.parse::<ProviderId>().is_err(), "{text:?}");
        }
        assert!("a_b".parse::<PluginName>().is_err());
    }

    #[test]
    fn a_model_name_may_hold_a_slash_and_no_space() {
        for text in ["gpt-4o", "org/model:7b", "a"] {
            assert!(text.parse::<ModelName>().is_ok(), "{text}");
        }
        let too_long = "m".repeat(257);
        for text in ["", "a b", "a\t", "é", too_long.as_str()] {
            assert!(text.parse::<ModelName>().is_err(), "{text:?}");
        }
    }
}
