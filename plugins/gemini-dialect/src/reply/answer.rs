//! A chat's answer, from its first event to its end.

use patchbay_sdk::canonical::TokenUsage;
use patchbay_sdk::reply::ReplyWriter;
use patchbay_sdk::{Call, Document, Failure, FailureKind, ReplyIdentity};

use super::candidate::CandidateState;
use super::wire::{PromptFeedback, Response, UsageMetadata};
use crate::errors;

/// The answer so far.
pub(crate) struct Answer {
    writer: ReplyWriter,
    is_stream: bool,
    identified: bool,
    candidates: Vec<CandidateState>,
    usage: Option<UsageMetadata>,
}

impl Answer {
    pub(crate) fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        Self {
            writer: ReplyWriter::new(call, identity),
            is_stream: call.streaming,
            identified: false,
            candidates: Vec::new(),
            usage: None,
        }
    }

    /// Takes one event, or the whole reply; `json` is what it was read from.
    pub(crate) fn read(&mut self, response: &Response<'_>, json: &[u8]) -> Result<(), Failure> {
        if response.error.is_some_and(|error| error.get() != "null") {
            let unknown = || Failure::upstream("the provider sent an error that cannot be read");
            return Err(errors::instead_of_answer(json).unwrap_or_else(unknown));
        }
        if !std::mem::replace(&mut self.identified, true) {
            let (id, model) = (response.response_id.as_deref(), response.model_version.as_deref());
            self.writer.identify(id, model);
        }
        let usage = response.usage_metadata.map(|raw| serde_json::from_str(raw.get()));
        if let Some(usage) = usage.and_then(Result::<UsageMetadata, _>::ok) {
            self.usage = Some(usage.over(self.usage));
        }
        let candidates = response.candidates.as_deref().unwrap_or_default();
        if candidates.is_empty()
            && let Some(blocked) = response.prompt_feedback.as_ref().and_then(blocked)
        {
            return Err(blocked);
        }
        for (place, candidate) in (0..).zip(candidates) {
            let index = candidate.index.unwrap_or(place);
            self.writer.choice(index);
            let known = self.candidates.iter().position(|state| state.index == index);
            let known = known.unwrap_or_else(|| {
                self.candidates.push(CandidateState::new(index, self.is_stream));
                self.candidates.len() - 1
            });
            if let Some(state) = self.candidates.get_mut(known) {
                state.read(candidate, &mut self.writer)?;
            }
        }
        Ok(())
    }

    /// The chunks since the last time.
    pub(crate) fn take(&mut self) -> Vec<Document> {
        self.writer.take()
    }

    /// Ends the answer.
    pub(crate) fn end(mut self) -> Result<Vec<Document>, Failure> {
        if self.candidates.is_empty() {
            return Err(match self.is_stream {
                true => Failure::truncated("the provider's stream ended before an answer"),
                false => Failure::upstream("the provider's reply has no candidate"),
            });
        }
        for state in self.candidates {
            self.writer.choice(state.index);
            state.end(&mut self.writer)?;
        }
        if let Some(usage) = self.usage {
            self.writer.usage(usage.tokens());
        }
        Ok(self.writer.end())
    }
}

/// A prompt that was refused: there is no answer at all.
fn blocked(feedback: &PromptFeedback<'_>) -> Option<Failure> {
    let reason = feedback.block_reason.as_deref()?;
    let message = match feedback.block_reason_message.as_deref() {
        Some(said) if !said.is_empty() => format!("the provider refused the prompt: {said}"),
        _ => format!("the provider refused the prompt: {reason}"),
    };
    let failure = Failure::new(FailureKind::ContentFiltered, message);
    Some(failure.with_upstream_code(Some(reason.to_owned())))
}

impl UsageMetadata {
    /// Counts of a later event replace those before; what it does not say stays.
    fn over(&self, before: Option<Self>) -> Self {
        let before = before.unwrap_or_default();
        Self {
            prompt_token_count: self.prompt_token_count.or(before.prompt_token_count),
            tool_use_prompt_token_count: self
                .tool_use_prompt_token_count
                .or(before.tool_use_prompt_token_count),
            candidates_token_count: self.candidates_token_count.or(before.candidates_token_count),
            thoughts_token_count: self.thoughts_token_count.or(before.thoughts_token_count),
            cached_content_token_count: self
                .cached_content_token_count
                .or(before.cached_content_token_count),
            total_token_count: self.total_token_count.or(before.total_token_count),
        }
    }

    /// Results of Google's own tools are read by the model and count as prompt.
    fn tokens(&self) -> TokenUsage {
        let sum = |a: Option<u64>, b: Option<u64>| a.unwrap_or(0).saturating_add(b.unwrap_or(0));
        let prompt = sum(self.prompt_token_count, self.tool_use_prompt_token_count);
        let said = self.candidates_token_count.or(self.thoughts_token_count).is_some();
        let completion = match (said, self.total_token_count) {
            (false, Some(total)) => total.saturating_sub(prompt),
            _ => sum(self.candidates_token_count, self.thoughts_token_count),
        };
        TokenUsage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: self.total_token_count.unwrap_or(prompt.saturating_add(completion)),
            cached_tokens: self.cached_content_token_count.unwrap_or(0),
            reasoning_tokens: self.thoughts_token_count.unwrap_or(0),
        }
    }
}
