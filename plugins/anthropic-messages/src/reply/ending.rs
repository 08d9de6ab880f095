//! How a reply ended and what it cost, in the dialect's words.

use patchbay_sdk::canonical::{Number, Object, RawJson, Usage};

use super::event::Ending;
use crate::json::Members;

/// Members of the dialect's usage that its decoder keeps in canonical.
const OWN_COUNTS: [&str; 5] =
    ["cache_creation", "server_tool_use", "service_tier", "inference_geo", "speed"];

/// What is known at the end.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The canonical reason.
    pub(super) finish_reason: Option<String>,
    /// The dialect's own reason, where its decoder kept one.
    pub(super) stop_reason: Option<String>,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Option<RawJson>,
    pub(super) usage: Option<Usage>,
    /// Whether there were calls.
    pub(super) called: bool,
    /// Whether the model declined.
    pub(super) refused: bool,
}

impl Outcome {
    pub(super) fn ending(&self) -> Ending<'_> {
        Ending {
            stop_reason: Some(self.reason()),
            stop_sequence: self.stop_sequence.as_deref(),
            stop_details: self.stop_details.as_ref(),
        }
    }

    fn reason(&self) -> &str {
        if let Some(own) = &self.stop_reason {
            return own;
        }
        match self.finish_reason.as_deref() {
            Some("length") => "max_tokens",
            Some("tool_calls" | "function_call") => "tool_use",
            Some("content_filter") => "refusal",
            _ if self.called => "tool_use",
            _ if self.refused => "refusal",
            _ if self.stop_sequence.is_some() => "stop_sequence",
            _ => "end_turn",
        }
    }

    /// The counts: those of the cache apart from the input, as the dialect has them.
    pub(super) fn usage(&self) -> Object {
        let nothing = Usage::default();
        let usage = self.usage.as_ref().unwrap_or(&nothing);
        let tokens = usage.tokens();
        let own = |name: &str| {
            usage.extra.get::<Number>(name).ok().flatten().and_then(|count| count.as_u64())
        };
        let created = own("cache_creation_input_tokens").unwrap_or(0);
        let read = own("cache_read_input_tokens").unwrap_or(tokens.cached_tokens);
        let input = tokens.prompt_tokens.saturating_sub(created).saturating_sub(read);
        let mut written = Object::new()
            .with("input_tokens", &input)
            .with("cache_creation_input_tokens", &created)
            .with("cache_read_input_tokens", &read)
            .with("output_tokens", &tokens.completion_tokens);
        if tokens.reasoning_tokens > 0 {
            let details = Object::new().with("thinking_tokens", &tokens.reasoning_tokens);
            written = written.with("output_tokens_details", &details);
        }
        for name in OWN_COUNTS {
            if let Some(count) = usage.extra.get_raw(name) {
                written.insert_raw(name, count.clone());
            }
        }
        written
    }
}

/// The id of a message, out of that of the canonical reply.
pub(super) fn message_id(id: &str) -> String {
    match id.strip_prefix("chatcmpl-").unwrap_or(id) {
        id if id.starts_with("msg_") => id.to_owned(),
        id => format!("msg_{id}"),
    }
}
