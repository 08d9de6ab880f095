//! A provider's output items, written into one canonical reply.

use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::reply::{FinishReason, ReplyWriter};
use patchbay_sdk::{Call, Document, Failure, ReplyIdentity};
use serde_json::value::RawValue;

use super::custom_calls;
use super::response::{Item, Part, Response};
use crate::logprobs;
use crate::reasoning::FORMAT;

/// One canonical reply that grows with a provider's items.
pub(super) struct CanonicalReply {
    writer: ReplyWriter,
    streaming: bool,
    items: Vec<Progress>,
    /// Calls that are of custom tools.
    custom: Vec<u32>,
    next_piece: u32,
    /// The message whose text was written last.
    speaking: Option<u32>,
    /// Whether readable reasoning was written.
    has_reasoning: bool,
    /// Log probabilities of a whole reply so far.
    logprobs: Vec<logprobs::Logprob>,
}

/// What of an item was written already.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// Its place in `output`.
    place: u32,
    id: Option<String>,
    /// Whether some of its text, arguments or readable reasoning was there.
    has_text: bool,
    /// The call it is.
    call: Option<u32>,
    /// Its pieces of reasoning: part of the item, number in the reply.
    pieces: Vec<(PieceOf, u32)>,
    ended: bool,
}

/// A piece of reasoning by its place within its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceOf {
    /// A part of the summary.
    Summary(u32),
    /// A part of the reasoning itself, which only open models show.
    Content(u32),
}

impl CanonicalReply {
    pub(super) fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        Self {
            writer: ReplyWriter::new(call, identity),
            streaming: call.streaming,
            items: Vec::new(),
            custom: Vec::new(),
            next_piece: 0,
            speaking: None,
            has_reasoning: false,
            logprobs: Vec::new(),
        }
    }

    /// Takes over who answers.
    pub(super) fn identify(&mut self, response: &Response<'_>) {
        self.writer.identify(response.id.as_deref(), response.model.as_deref());
    }

    /// The documents since the last time.
    pub(super) fn take(&mut self) -> Vec<Document> {
        let documents = self.writer.take();
        documents.into_iter().map(|it| custom_calls::reformed(it, &self.custom)).collect()
    }

    pub(super) fn text(&mut self, place: u32, text: &str, logprobs: Option<&str>) {
        // Messages of their own stay apart.
        if self.speaking.is_some_and(|speaking| speaking != place) {
            self.writer.text("\n\n");
        }
        self.speaking = Some(place);
        self.progress(place).has_text = true;
        self.writer.text(text);
        if let Some(json) = logprobs.filter(|json| *json != "[]") {
            self.add_logprobs(json);
        }
    }

    pub(super) fn refusal(&mut self, place: u32, text: &str) {
        self.progress(place).has_text = true;
        self.writer.refusal(text);
    }

    pub(super) fn arguments(&mut self, place: u32, fragment: &str) {
        let progress = self.progress(place);
        // Without its beginning a call is written when it is whole.
        let Some(call) = progress.call else { return };
        progress.has_text = true;
        self.writer.arguments(call, fragment);
    }

    pub(super) fn reasoning(&mut self, place: u32, piece: PieceOf, text: &str) {
        let next = self.next_piece;
        let progress = self.progress(place);
        progress.has_text = true;
        let id = progress.id.clone();
        let known = progress.pieces.iter().find(|(known, _)| *known == piece);
        let (is_new, index) = known.map_or((true, next), |(_, index)| (false, *index));
        if is_new {
            progress.pieces.push((piece, index));
            self.next_piece += 1;
            // People read the pieces as one text.
            if std::mem::replace(&mut self.has_reasoning, true) {
                self.writer.reasoning_text("\n\n");
            }
        }
        let detail = match piece {
            PieceOf::Summary(_) => ReasoningDetail::of_summary(FORMAT, text),
            PieceOf::Content(_) => ReasoningDetail::of_text(FORMAT, text),
        };
        self.writer.reasoning(ReasoningDetail { id, index: Some(index), ..detail });
    }

    /// An item begins.
    pub(super) fn begin_item(&mut self, place: u32, item: &Item) {
        let progress = self.progress(place);
        progress.id.clone_from(&item.id);
        if progress.call.is_some() || !matches!(&*item.kind, "function_call" | "custom_tool_call") {
            return;
        }
        let id = item.call_id.as_deref().or(item.id.as_deref());
        let call = self.writer.begin_call(id, item.name.as_deref().unwrap_or_default());
        if item.kind == "custom_tool_call" {
            self.custom.push(call);
        }
        self.progress(place).call = Some(call);
    }

    /// An item is whole: what was not written yet is written.
    pub(super) fn end_item(&mut self, place: u32, item: &Item) {
        if self.progress(place).ended {
            return;
        }
        self.begin_item(place, item);
        if !self.progress(place).has_text {
            self.write_item(place, item);
        }
        if let Some(data) = item.encrypted_content.as_deref().filter(|data| !data.is_empty()) {
            let detail = ReasoningDetail::of_data(FORMAT, data);
            let index = Some(self.next_piece);
            self.next_piece += 1;
            self.writer.reasoning(ReasoningDetail { id: item.id.clone(), index, ..detail });
        }
        if let Some(phase) = item.phase.as_ref().filter(|phase| !phase.is_null()) {
            self.writer.member("phase", phase.clone());
        }
        self.progress(place).ended = true;
    }

    /// Ends the reply.
    ///
    /// # Errors
    /// `upstream-error` for an item that is not as it should be.
    pub(super) fn end(
        mut self,
        response: Response<'_>,
        reason: FinishReason,
    ) -> Result<Vec<Document>, Failure> {
        for (place, item) in (0..).zip(&response.output) {
            if let Some(item) = read_item(item)? {
                self.end_item(place, &item);
            }
        }
        self.writer.finish_reason(reason);
        if let Some(usage) = response.usage {
            self.writer.usage(usage);
        }
        if let Some(tier) = response.service_tier {
            self.writer.reply_member("service_tier", RawJson::of(&tier).unwrap_or_default());
        }
        let documents = self.writer.end();
        Ok(documents.into_iter().map(|it| custom_calls::reformed(it, &self.custom)).collect())
    }

    fn write_item(&mut self, place: u32, item: &Item) {
        let call_text = item.arguments.as_deref().or(item.input.as_deref()).unwrap_or_default();
        self.arguments(place, call_text);
        let content = item.content.as_deref().unwrap_or_default();
        if item.kind == "message" {
            content.iter().for_each(|part| self.write_part(place, part));
            return;
        }
        let texts = |parts: &[Part]| -> Vec<String> {
            parts.iter().map(|part| part.text.clone().unwrap_or_default()).collect()
        };
        for (part, text) in (0..).zip(texts(item.summary.as_deref().unwrap_or_default())) {
            self.reasoning(place, PieceOf::Summary(part), &text);
        }
        for (part, text) in (0..).zip(texts(content)) {
            self.reasoning(place, PieceOf::Content(part), &text);
        }
    }

    fn write_part(&mut self, place: u32, part: &Part) {
        if let Some(text) = &part.text {
            self.text(place, text, part.logprobs.as_ref().map(RawJson::as_str));
        }
        if let Some(refusal) = &part.refusal {
            self.refusal(place, refusal);
        }
    }

    /// In a stream those of what is new go out, else all of the reply.
    fn add_logprobs(&mut self, json: &str) {
        let mut entries = logprobs::from_list(json);
        if !self.streaming {
            self.logprobs.append(&mut entries);
            entries.clone_from(&self.logprobs);
        }
        if let Some(raw) = logprobs::to_canonical(entries) {
            self.writer.logprobs(raw);
        }
    }

    fn progress(&mut self, place: u32) -> &mut Progress {
        let known = self.items.iter().position(|item| item.place == place);
        let at = known.unwrap_or_else(|| {
            self.items.push(Progress { place, ..Progress::default() });
            self.items.len() - 1
        });
        &mut self.items[at]
    }
}

/// Reads an output item; none if it is of a type that is not read.
pub(super) fn read_item(json: &RawValue) -> Result<Option<Item>, Failure> {
    Item::read(json).map_err(|error| {
        Failure::upstream(format!("the provider sent a malformed output item: {error}"))
    })
}
