//! What a plugin can answer that the contract does not allow.

use exchange::HeadProblem;
use thiserror::Error;

/// An answer that breaks the contract.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Breach {
    /// Method, path or header.
    #[error("the request head is not allowed")]
    Head(#[from] HeadProblem),
    /// A canonical document that is none.
    #[error("document {index} is not one JSON object: {reason}")]
    Document { index: usize, reason: String },
    /// A slot that the manifest does not declare.
    #[error("credential slot {0:?} is not declared in the manifest")]
    UnknownSlot(String),
    /// A member of a process that no program can be given.
    #[error("the process is not allowed: {0}")]
    Process(String),
    /// A model id that is none.
    #[error("model id {0:?} is empty, over 256 bytes, or holds controls")]
    ModelId(String),
    /// An operation that the host does not know.
    #[error("operation {0:?} is not known")]
    Operation(String),
    /// More entries than the host takes.
    #[error("{count} {what}, at most {most} are allowed")]
    TooMany { what: &'static str, count: usize, most: usize },
    /// A path of a dropped member that is none.
    #[error("dropped member {0:?} is not a path of 1 to 256 visible ASCII characters")]
    DroppedMember(String),
}

impl Breach {
    /// Checks a number of entries.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn check_count(what: &'static str, count: usize, most: usize) -> Result<(), Self> {
        if count > most {
            return Err(Self::TooMany { what, count, most });
        }
        Ok(())
    }
}

/// The start of a plugin's text, for messages.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}
