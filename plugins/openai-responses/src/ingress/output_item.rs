//! Output items as they are written.

use patchbay_sdk::canonical::chat::ReasoningDetail;
use serde::Serialize;

use crate::logprobs::Logprob;
use crate::reasoning;

/// One item of `output`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum OutputItem {
    /// What the model thought.
    Reasoning {
        id: String,
        summary: Vec<Part>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
        status: Status,
        /// What becomes `encrypted_content`.
        #[serde(skip)]
        details: Vec<ReasoningDetail>,
    },
    /// What the model said.
    Message { id: String, role: &'static str, status: Status, content: Vec<Part> },
    /// A function that it calls.
    FunctionCall { id: String, call_id: String, name: String, arguments: String, status: Status },
    /// A custom tool that it calls.
    CustomToolCall { id: String, call_id: String, name: String, input: String, status: Status },
}

/// How far an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// More may come.
    InProgress,
    /// Whole.
    Completed,
    /// Cut off.
    Incomplete,
}

/// A part of a message, or of a summary.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part {
    /// Text. No annotations: those come with built-in tools.
    OutputText { text: String, annotations: [(); 0], logprobs: Vec<Logprob> },
    /// Why the model declines.
    Refusal { refusal: String },
    /// A part of a summary.
    SummaryText { text: String },
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    /// Text of a message.
    Text,
    /// Why the model declines; in a message.
    Refusal,
    /// A part of a summary.
    Summary,
}

impl OutputItem {
    pub(super) fn new_reasoning(id: String) -> Self {
        let (summary, details) = (Vec::new(), Vec::new());
        Self::Reasoning {
            id,
            summary,
            encrypted_content: None,
            status: Status::InProgress,
            details,
        }
    }

    pub(super) fn new_message(id: String) -> Self {
        Self::Message { id, role: "assistant", status: Status::InProgress, content: Vec::new() }
    }

    pub(super) fn new_call(id: String, call_id: String, name: &str) -> Self {
        let (name, arguments) = (name.to_owned(), String::new());
        Self::FunctionCall { id, call_id, name, arguments, status: Status::InProgress }
    }

    pub(super) fn new_custom_call(id: String, call_id: String, name: &str) -> Self {
        let (name, input) = (name.to_owned(), String::new());
        Self::CustomToolCall { id, call_id, name, input, status: Status::InProgress }
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Reasoning { id, .. }
            | Self::Message { id, .. }
            | Self::FunctionCall { id, .. }
            | Self::CustomToolCall { id, .. } => id,
        }
    }

    /// The parts of a message or of a summary.
    pub(super) fn parts(&self) -> &[Part] {
        match self {
            Self::Reasoning { summary: parts, .. } | Self::Message { content: parts, .. } => parts,
            Self::FunctionCall { .. } | Self::CustomToolCall { .. } => &[],
        }
    }

    pub(super) fn parts_mut(&mut self) -> Option<&mut Vec<Part>> {
        match self {
            Self::Reasoning { summary: parts, .. } | Self::Message { content: parts, .. } => {
                Some(parts)
            }
            Self::FunctionCall { .. } | Self::CustomToolCall { .. } => None,
        }
    }

    /// What a call hands over.
    pub(super) fn argument_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::FunctionCall { arguments: text, .. }
            | Self::CustomToolCall { input: text, .. } => Some(text),
            Self::Reasoning { .. } | Self::Message { .. } => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        let (Self::Reasoning { status, .. }
        | Self::Message { status, .. }
        | Self::FunctionCall { status, .. }
        | Self::CustomToolCall { status, .. }) = self;
        *status == Status::InProgress
    }

    /// Whether a piece of reasoning belongs to this item: OpenAI's own items have one id and one
    /// encrypted content each, pieces of other formats share an item.
    pub(super) fn goes_on_with(&self, detail: &ReasoningDetail) -> bool {
        let Self::Reasoning { details, .. } = self else { return false };
        match details.last() {
            None => true,
            Some(last) if reasoning::is_native(last) => {
                reasoning::is_native(detail) && last.data.is_none() && last.id == detail.id
            }
            Some(_) => !reasoning::is_native(detail),
        }
    }

    /// Ends the item. Reasoning gets what has to be given back: OpenAI's own as it came, any other
    /// sealed.
    pub(super) fn end(&mut self, ending: Status) {
        if let Self::Reasoning { encrypted_content, details, .. } = self {
            *encrypted_content = match details.as_slice() {
                [] => None,
                details if details.iter().all(reasoning::is_native) => {
                    details.iter().find_map(|detail| detail.data.clone())
                }
                details => Some(reasoning::seal(details)),
            };
        }
        let (Self::Reasoning { status, .. }
        | Self::Message { status, .. }
        | Self::FunctionCall { status, .. }
        | Self::CustomToolCall { status, .. }) = self;
        *status = ending;
    }
}

impl Part {
    pub(super) fn kind(&self) -> PartKind {
        match self {
            Self::OutputText { .. } => PartKind::Text,
            Self::Refusal { .. } => PartKind::Refusal,
            Self::SummaryText { .. } => PartKind::Summary,
        }
    }

    /// The text that deltas are appended to.
    pub(super) fn text_mut(&mut self) -> &mut String {
        let (Self::OutputText { text, .. }
        | Self::SummaryText { text }
        | Self::Refusal { refusal: text }) = self;
        text
    }
}

/// The events of a part's life.
impl PartKind {
    pub(super) fn empty_part(self) -> Part {
        let text = String::new();
        match self {
            Self::Text => Part::OutputText { text, annotations: [], logprobs: Vec::new() },
            Self::Refusal => Part::Refusal { refusal: text },
            Self::Summary => Part::SummaryText { text },
        }
    }

    pub(super) fn part_added(self) -> &'static str {
        match self {
            Self::Text | Self::Refusal => "response.content_part.added",
            Self::Summary => "response.reasoning_summary_part.added",
        }
    }

    pub(super) fn delta(self) -> &'static str {
        match self {
            Self::Text => "response.output_text.delta",
            Self::Refusal => "response.refusal.delta",
            Self::Summary => "response.reasoning_summary_text.delta",
        }
    }

    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Text => "response.output_text.done",
            Self::Refusal => "response.refusal.done",
            Self::Summary => "response.reasoning_summary_text.done",
        }
    }

    pub(super) fn part_done(self) -> &'static str {
        match self {
            Self::Text | Self::Refusal => "response.content_part.done",
            Self::Summary => "response.reasoning_summary_part.done",
        }
    }
}
