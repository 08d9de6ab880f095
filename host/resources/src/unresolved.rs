//! The text of a secret reference, not yet looked up.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What an operator wrote where a secret belongs: `${env:NAME}`, `${file:PATH}`, or, against
/// advice, the secret itself. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Unresolved(String);

impl Unresolved {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who looks the secret up.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Nothing was written.
#[derive(Debug, Error)]
#[error("is empty; write a reference like \"${{env:NAME}}\", or leave it out")]
pub struct EmptySecret;

impl FromStr for Unresolved {
    type Err = EmptySecret;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self::new(text)) }
    }
}

impl fmt::Debug for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unresolved(…)")
    }
}
