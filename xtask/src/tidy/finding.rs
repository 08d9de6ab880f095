//! One thing that is not as the house wants it.

use std::fmt;

/// Where, which rule, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Relative to the checkout, with a line where there is one: `host/a/src/b.rs:12`.
    pub(super) place: String,
    /// The rule, as a sentence about how things are.
    pub(super) rule: String,
    /// What to do.
    pub(super) fix: String,
}

impl Finding {
    pub(super) fn new(
        place: impl Into<String>,
        rule: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), rule: rule.into(), fix: fix.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} — {}", self.place, self.rule, self.fix)
    }
}
