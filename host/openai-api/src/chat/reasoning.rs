//! A model's reasoning in a form that can be given back to it.
//!
//! OpenAI's chat API has no member for it. The member `reasoning_details` of messages and deltas,
//! which OpenRouter introduced (<https://openrouter.ai/docs/use-cases/reasoning-tokens>), carries
//! what a provider wants to see again in the next turn, byte for byte: signed or encrypted
//! reasoning. `reasoning_content` beside it is the plain text for people.

use crate::canonical::canonical;

canonical! {
    /// One piece of reasoning.
    pub struct ReasoningDetail {
        /// `reasoning.text`, `reasoning.summary` or `reasoning.encrypted`.
        required kind as "type": String,
        /// With `reasoning.text`.
        optional text: String,
        /// With `reasoning.summary`.
        optional summary: String,
        /// With `reasoning.encrypted`: opaque.
        optional data: String,
        /// With `reasoning.text`: proof that the text is the model's own.
        optional signature: String,
        /// Who can read it again: [`ReasoningDetail::ANTHROPIC`] and its like.
        optional format: String,
        /// The provider's id of the piece, or of the tool call that it belongs to.
        optional id: String,
        /// Which piece it is; fragments of a stream with the same index belong together.
        optional index: u32,
    }
}

impl ReasoningDetail {
    /// `type` of readable reasoning.
    pub const TEXT: &str = "reasoning.text";
    /// `type` of a summary.
    pub const SUMMARY: &str = "reasoning.summary";
    /// `type` of opaque reasoning.
    pub const ENCRYPTED: &str = "reasoning.encrypted";
    /// `format` of Claude models, whoever serves them.
    pub const ANTHROPIC: &str = "anthropic-claude-v1";
    /// `format` of OpenAI's responses API.
    pub const OPENAI_RESPONSES: &str = "openai-responses-v1";
    /// `format` of Gemini models.
    pub const GEMINI: &str = "google-gemini-v1";

    /// Readable reasoning.
    #[must_use]
    pub fn of_text(format: &str, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::new(Self::TEXT, format) }
    }

    /// Opaque reasoning.
    #[must_use]
    pub fn of_data(format: &str, data: impl Into<String>) -> Self {
        Self { data: Some(data.into()), ..Self::new(Self::ENCRYPTED, format) }
    }

    /// A summary.
    #[must_use]
    pub fn of_summary(format: &str, summary: impl Into<String>) -> Self {
        Self { summary: Some(summary.into()), ..Self::new(Self::SUMMARY, format) }
    }

    /// Whether a provider that reads `format` can be given this piece.
    #[must_use]
    pub fn is_for(&self, format: &str) -> bool {
        self.format.as_deref() == Some(format)
    }

    fn new(kind: &str, format: &str) -> Self {
        Self { kind: kind.to_owned(), format: Some(format.to_owned()), ..Self::default() }
    }
}
