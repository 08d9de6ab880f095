//! One candidate: its parts become text, reasoning, calls and members; its end a finish reason.

use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::reply::{FinishReason, ReplyWriter};
use patchbay_sdk::{Failure, FailureKind};
use serde_json::value::RawValue;

use super::logprobs;
use super::wire::{Candidate, FunctionCall, InlineData, Part};
use crate::request::put;

/// What is known of a candidate.
pub(crate) struct CandidateState {
    pub(crate) index: u32,
    is_stream: bool,
    reason: Option<String>,
    message: Option<String>,
    /// Whether there was text, a call or an image: something that answers.
    answered: bool,
    /// Pieces of reasoning so far.
    details: u32,
    /// In a reply that does not stream, what becomes one member at the end.
    images: Vec<Object>,
    kept: Vec<RawJson>,
}

impl CandidateState {
    pub(crate) fn new(index: u32, is_stream: bool) -> Self {
        Self {
            index,
            is_stream,
            reason: None,
            message: None,
            answered: false,
            details: 0,
            images: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Takes what is new.
    pub(crate) fn read(
        &mut self,
        candidate: &Candidate<'_>,
        writer: &mut ReplyWriter,
    ) -> Result<(), Failure> {
        let parts = candidate.content.as_ref().and_then(|content| content.parts.as_deref());
        for part in parts.unwrap_or_default() {
            self.part(part, writer)?;
        }
        let members = [
            ("citationMetadata", candidate.citation_metadata),
            ("groundingMetadata", candidate.grounding_metadata),
            ("urlContextMetadata", candidate.url_context_metadata),
            ("continuationToken", candidate.continuation_token),
            ("finishMessage", candidate.finish_message),
        ];
        for (name, value) in members {
            if let Some(value) = value.and_then(kept) {
                writer.member(name, value);
            }
        }
        if let Some(logprobs) = candidate.logprobs_result.and_then(logprobs::canonical) {
            writer.logprobs(logprobs);
        }
        let message = candidate.finish_message.and_then(|raw| serde_json::from_str(raw.get()).ok());
        self.message = message.or_else(|| self.message.take());
        if let Some(reason) = candidate.finish_reason.as_deref().filter(|reason| is_said(reason)) {
            self.reason = Some(reason.to_owned());
        }
        Ok(())
    }

    fn part(&mut self, raw: &RawValue, writer: &mut ReplyWriter) -> Result<(), Failure> {
        let part: Part<'_> = serde_json::from_str(raw.get())
            .map_err(|_| Failure::upstream("a part of the provider's answer cannot be read"))?;
        let signature = part.thought_signature.as_deref().filter(|text| !text.is_empty());
        match &part {
            Part { function_call: Some(call), .. } => self.call(call, signature, writer)?,
            // Drafts, which are thoughts, are kept but are no images of the answer.
            Part { inline_data: Some(data), thought, .. }
                if data.mime_type.starts_with("image/") && *thought != Some(true) =>
            {
                self.image(data, signature, writer);
            }
            Part { text: Some(text), thought: Some(true), .. } => {
                if !text.is_empty() {
                    writer.reasoning_text(text);
                }
                self.signature(signature, None, writer);
            }
            Part { text: Some(text), .. } => {
                if !text.is_empty() {
                    self.answered = true;
                    writer.text(text);
                }
                self.signature(signature, None, writer);
            }
            _ if is_only_signature(raw) => self.signature(signature, None, writer),
            _ => self.keep(raw, writer),
        }
        Ok(())
    }

    fn call(
        &mut self,
        call: &FunctionCall<'_>,
        signature: Option<&str>,
        writer: &mut ReplyWriter,
    ) -> Result<(), Failure> {
        if call.name.is_empty() || call.will_continue == Some(true) {
            let message = "the provider sent a function call in pieces, or one without a name";
            return Err(Failure::upstream(message));
        }
        self.answered = true;
        let index = writer.begin_call(call.id.as_deref(), &call.name);
        if let Some(args) = call.args.filter(|args| args.get() != "null") {
            writer.arguments(index, &compact(args.get()));
        }
        let id = writer.call_id(index).map(ToOwned::to_owned);
        self.signature(signature, id, writer);
        Ok(())
    }

    fn signature(
        &mut self,
        signature: Option<&str>,
        call: Option<String>,
        writer: &mut ReplyWriter,
    ) {
        let Some(signature) = signature else { return };
        let detail = ReasoningDetail {
            id: call,
            index: Some(self.details),
            ..ReasoningDetail::of_data(ReasoningDetail::GEMINI, signature)
        };
        self.details = self.details.saturating_add(1);
        writer.reasoning(detail);
    }

    /// An image in the form that several gateways and their clients know.
    fn image(&mut self, data: &InlineData<'_>, signature: Option<&str>, writer: &mut ReplyWriter) {
        self.answered = true;
        let mut address = Object::new();
        put(&mut address, "url", &format!("data:{};base64,{}", &*data.mime_type, &*data.data));
        let mut image = Object::new();
        put(&mut image, "type", "image_url");
        put(&mut image, "image_url", &address);
        if let Some(signature) = signature {
            put(&mut image, "thought_signature", signature);
        }
        self.images.push(image);
        if self.is_stream {
            self.write_collected(writer);
        }
    }

    fn keep(&mut self, raw: &RawValue, writer: &mut ReplyWriter) {
        self.kept.extend(kept(raw));
        if self.is_stream {
            self.write_collected(writer);
        }
    }

    fn write_collected(&mut self, writer: &mut ReplyWriter) {
        for (name, list) in [
            ("images", list(&std::mem::take(&mut self.images))),
            ("gemini_parts", list(&std::mem::take(&mut self.kept))),
        ] {
            if let Some(list) = list {
                writer.member(name, list);
            }
        }
    }

    /// Says how it ended.
    pub(crate) fn end(mut self, writer: &mut ReplyWriter) -> Result<(), Failure> {
        self.write_collected(writer);
        let Some(reason) = self.reason.as_deref() else {
            return match (self.is_stream, self.answered) {
                (true, _) => {
                    Err(Failure::truncated("the provider's stream ended without a finishReason"))
                }
                (false, true) => Ok(()),
                (false, false) => {
                    Err(Failure::upstream("the provider's candidate has neither answer nor reason"))
                }
            };
        };
        match finish_reason(reason) {
            Some(reason) => writer.finish_reason(reason),
            None if self.answered => writer.finish_reason(FinishReason::Stop),
            None => return Err(no_answer(reason, self.message.as_deref())),
        }
        Ok(())
    }
}

fn is_said(reason: &str) -> bool {
    !reason.is_empty() && reason != "FINISH_REASON_UNSPECIFIED"
}

/// The canonical reason; none for those that mean that the model failed at answering: a call that
/// is no call, no image, a reply that the server could not read.
fn finish_reason(reason: &str) -> Option<FinishReason> {
    Some(match reason {
        "STOP" => FinishReason::Stop,
        // CONTINUATION: the request's own limit; a token says how to go on.
        "MAX_TOKENS" | "CONTINUATION" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED" => FinishReason::ContentFilter,
        _ => return None,
    })
}

/// A candidate that failed before it said anything: another try, or another provider, may do
/// better than an empty answer.
fn no_answer(reason: &str, message: Option<&str>) -> Failure {
    let message = match message {
        Some(said) if !said.is_empty() => format!("the model gave no answer, {reason}: {said}"),
        _ => format!("the model gave no answer: {reason}"),
    };
    Failure::new(FailureKind::UpstreamError, message).with_upstream_code(Some(reason.to_owned()))
}

/// Whether a part holds nothing but a signature, or nothing at all.
fn is_only_signature(raw: &RawValue) -> bool {
    let members = Object::from_json(raw.get().as_bytes());
    members.is_ok_and(|members| {
        members.iter().all(|(name, _)| matches!(name, "thoughtSignature" | "thought"))
    })
}

fn kept(raw: &RawValue) -> Option<RawJson> {
    if raw.get() == "null" {
        return None;
    }
    RawJson::from_text(compact(raw.get())).ok()
}

fn list<T: serde::Serialize>(items: &[T]) -> Option<RawJson> {
    if items.is_empty() { None } else { RawJson::of(items).ok() }
}

/// JSON without blanks between its tokens: whole replies are sent with indentation.
fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for letter in json.chars() {
        if !in_string && letter.is_ascii_whitespace() {
            continue;
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        compact.push(letter);
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_tokens_are_left_out() {
        let json = "{\n  \"a b\": [ 1.0, \"\\\" \\\\\", \"é \" ]\n}";
        assert_eq!(compact(json), r#"{"a b":[1.0,"\" \\","é "]}"#);
    }
}
