//! The question of one attempt, without body, credential or time.

use std::fmt;
use std::sync::Arc;

/// What a caller asks for, in canonical terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/embeddings`
    Embeddings,
    /// A chat request whose tokens are counted and that is not answered.
    CountTokens,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Embeddings, Self::CountTokens];

    /// The name in the plugin contract, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::CountTokens => "count-tokens",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Mirror of the contract's `call`: the same for all requests of one shape, so that what a
/// plugin answers to it alone may be remembered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What is asked for.
    pub operation: Operation,
    /// The model name as the provider knows it.
    pub model: Arc<str>,
    /// Whether the caller asked for a stream.
    pub streaming: bool,
    /// The provider's settings, a JSON object as text.
    pub settings: Arc<str>,
}
