//! What an operator has seen before it changes something (RFC 9110 section 13.1).

use store::Revision;

/// `If-Match` of a change or removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// `If-Match: *`: whatever is there.
    Exists,
    /// `If-Match: "7"`: what this commit wrote.
    Revision(Revision),
}

impl Precondition {
    /// Whether a resource of this revision is what the operator has seen.
    #[must_use]
    pub fn admits(self, revision: Revision) -> bool {
        match self {
            Self::Exists => true,
            Self::Revision(seen) => seen == revision,
        }
    }
}
