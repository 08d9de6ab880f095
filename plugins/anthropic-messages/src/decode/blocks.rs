//! Content blocks, piece by piece or whole, into a canonical reply.

use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use patchbay_sdk::reply::ReplyWriter;
use patchbay_sdk::{Call, Failure, ReplyIdentity};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::events::{Block, Delta};
use super::finish_reason;
use crate::json::{STOP_DETAILS, STOP_REASON, STOP_SEQUENCE, raw};
use crate::place::{BLOCKS, PlacedBlock};

/// Most blocks that are open at once. The API opens one at a time.
const MAX_OPEN: usize = 256;

/// The blocks of one reply.
pub(super) struct Blocks {
    pub(super) reply: ReplyWriter,
    streams: bool,
    open: Vec<(u32, Open)>,
    /// What is written at the end of a reply that does not stream.
    placed: Vec<PlacedBlock>,
    citations: Vec<RawJson>,
}

/// A block that was begun.
enum Open {
    /// Text, or thinking.
    Readable,
    /// A call; its whole input if it came at the start, as some servers send it.
    Call { call: u32, input: Option<RawJson>, has_pieces: bool },
    /// One that canonical has no form for, and its input.
    Own { block: Object, input: String },
}

impl Blocks {
    pub(super) fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        Self {
            reply: ReplyWriter::new(call, identity),
            streams: call.streaming,
            open: Vec::new(),
            placed: Vec::new(),
            citations: Vec::new(),
        }
    }

    /// A block begins.
    pub(super) fn begin(&mut self, index: u32, json: &RawValue) -> Result<(), Failure> {
        let block: Block<'_> = serde_json::from_str(json.get()).map_err(|_| not_a_block())?;
        let open = match &*block.kind {
            "text" => {
                if !block.text.is_empty() {
                    self.reply.text(&block.text);
                }
                block.citations.into_iter().flatten().for_each(|it| self.cite(it));
                Open::Readable
            }
            "thinking" => {
                self.think(index, &block.thinking, &block.signature);
                Open::Readable
            }
            "redacted_thinking" => {
                let detail = ReasoningDetail::of_data(ReasoningDetail::ANTHROPIC, &*block.data);
                self.reply.reasoning(ReasoningDetail { index: Some(index), ..detail });
                Open::Readable
            }
            "tool_use" => {
                let call = self.reply.begin_call(Some(&block.id), &block.name);
                let input = block.input.and_then(|input| whole_input(input.get()));
                Open::Call { call, input, has_pieces: false }
            }
            _ => {
                let block = serde_json::from_str(json.get()).map_err(|_| not_a_block())?;
                Open::Own { block, input: String::new() }
            }
        };
        if self.open.len() >= MAX_OPEN {
            return Err(Failure::upstream("the provider opened too many content blocks"));
        }
        self.open.retain(|(other, _)| *other != index);
        self.open.push((index, open));
        Ok(())
    }

    /// A block goes on. `event` is the whole event, for blocks whose pieces are not known.
    pub(super) fn extend(
        &mut self,
        index: u32,
        delta: &Delta<'_>,
        event: &[u8],
    ) -> Result<(), Failure> {
        match &*delta.kind {
            "text_delta" => self.reply.text(&delta.text),
            "thinking_delta" => self.think(index, &delta.thinking, ""),
            "signature_delta" => self.think(index, "", &delta.signature),
            "citations_delta" => delta.citation.into_iter().for_each(|it| self.cite(it)),
            "input_json_delta" => return self.extend_input(index, &delta.partial_json),
            _ => self.extend_own(index, event),
        }
        Ok(())
    }

    fn extend_input(&mut self, index: u32, piece: &str) -> Result<(), Failure> {
        match self.find(index) {
            Some(Open::Call { call, has_pieces, .. }) => {
                let call = *call;
                *has_pieces |= !piece.is_empty();
                self.reply.arguments(call, piece);
                Ok(())
            }
            Some(Open::Own { input, .. }) => {
                input.push_str(piece);
                Ok(())
            }
            Some(Open::Readable) | None => {
                Err(Failure::upstream("the provider sent a piece of a call that it had not begun"))
            }
        }
    }

    /// Pieces that are not known are joined if they are text, else the last one counts.
    fn extend_own(&mut self, index: u32, event: &[u8]) {
        #[derive(Deserialize)]
        struct Piece {
            delta: Object,
        }
        let Some(Open::Own { block, .. }) = self.find(index) else { return };
        let Ok(Piece { delta }) = serde_json::from_slice(event) else { return };
        for (name, piece) in delta.into_iter().filter(|(name, _)| name != "type") {
            let before = block.get::<String>(&name).ok().flatten();
            let joined = match (before, piece.parse::<String>()) {
                (Some(before), Ok(piece)) => raw(&(before + &piece)),
                _ => piece,
            };
            block.insert_raw(&name, joined);
        }
    }

    /// A block ends.
    pub(super) fn end(&mut self, index: u32) {
        let Some(at) = self.open.iter().position(|(open, _)| *open == index) else { return };
        match self.open.swap_remove(at).1 {
            Open::Readable => {}
            Open::Call { call, input, has_pieces } => {
                if let (Some(input), false) = (input, has_pieces) {
                    self.reply.arguments(call, input.as_str());
                }
            }
            Open::Own { mut block, input } => {
                if let Ok(input) = RawJson::from_text(input) {
                    block.insert_raw("input", input);
                }
                self.keep(PlacedBlock { index, block: raw(&block) });
            }
        }
    }

    fn find(&mut self, index: u32) -> Option<&mut Open> {
        self.open.iter_mut().find(|(open, _)| *open == index).map(|(_, open)| open)
    }

    fn think(&mut self, index: u32, text: &str, signature: &str) {
        if text.is_empty() && signature.is_empty() {
            return;
        }
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let detail = ReasoningDetail {
            kind: ReasoningDetail::TEXT.to_owned(),
            format: Some(ReasoningDetail::ANTHROPIC.to_owned()),
            text: some(text),
            signature: some(signature),
            index: Some(index),
            ..ReasoningDetail::default()
        };
        self.reply.reasoning(detail);
    }

    fn cite(&mut self, citation: &RawValue) {
        let citation = raw(citation);
        match self.streams {
            true => self.reply.member("citations", raw(&[citation])),
            false => self.citations.push(citation),
        }
    }

    fn keep(&mut self, block: PlacedBlock) {
        match self.streams {
            true => self.reply.member(BLOCKS, raw(&[block])),
            false => self.placed.push(block),
        }
    }

    /// Why the model stopped. What canonical words say less of goes into members of the reply,
    /// so that a caller of this dialect gets it back.
    pub(super) fn stop(&mut self, reason: &str, sequence: &str, details: Option<&RawValue>) {
        if !reason.is_empty() {
            let (canonical, says_less) = finish_reason(reason);
            self.reply.finish_reason(canonical);
            if says_less {
                self.reply.reply_member(STOP_REASON, raw(reason));
            }
        }
        if !sequence.is_empty() {
            self.reply.reply_member(STOP_SEQUENCE, raw(sequence));
        }
        if let Some(details) = details {
            #[derive(Deserialize)]
            struct Details {
                explanation: Option<String>,
            }
            if let Ok(Details { explanation: Some(text) }) = serde_json::from_str(details.get())
                && !text.is_empty()
            {
                self.reply.refusal(&text);
            }
            self.reply.reply_member(STOP_DETAILS, raw(details));
        }
    }

    /// Writes what a reply that does not stream has kept.
    pub(super) fn settle(&mut self) {
        if !self.placed.is_empty() {
            self.reply.member(BLOCKS, raw(&std::mem::take(&mut self.placed)));
        }
        if !self.citations.is_empty() {
            self.reply.member("citations", raw(&std::mem::take(&mut self.citations)));
        }
    }
}

/// The input in a block's start, unless it is the empty object that stands for what follows.
fn whole_input(json: &str) -> Option<RawJson> {
    let input = RawJson::from_text(json).ok()?;
    let is_empty = input.parse::<Object>().is_ok_and(|object| object.is_empty());
    (input.kind() == JsonKind::Object && !is_empty).then_some(input)
}

fn not_a_block() -> Failure {
    Failure::upstream("the provider sent a content block that is not of its dialect")
}
