//! A reply as server-sent events.
//!
//! The dialect has one content block open at a time, each with the next index. A block closes when
//! the canonical deltas turn to something else. Calls that a provider interleaves are put in a
//! row: the pieces of a later call wait until the earlier one is done, which is known when
//! something else begins or the reply ends.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::canonical::{Canonical, Object};
use patchbay_sdk::reply::join_detail;
use serde_json::value::RawValue;

use super::chunk::{CallPiece, Choice, Chunk, Delta, lenient};
use super::ending::{Outcome, message_id};
use super::event::{self, BlockEvent, Ending, Message, MessageEvent, Piece};
use super::whole::{redacted, thought};
use crate::json::{Members, of_type, raw};
use crate::place::PlacedBlock;

/// Writes events.
#[derive(Default)]
pub(super) struct StreamWriter {
    out: Vec<u8>,
    begun: bool,
    /// Index of the next block.
    next: u32,
    open: Open,
    calls: Vec<Call>,
    /// Other vendors' reasoning, until it is whole.
    foreign: Vec<ReasoningDetail>,
    outcome: Outcome,
}

/// The block that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Text,
    /// Thinking, of a piece of reasoning if it has an index.
    Thinking(Option<u32>),
    /// The call of a canonical index.
    Call(u32),
}

struct Call {
    index: u32,
    id: String,
    name: String,
    progress: Progress,
}

enum Progress {
    /// Not begun; the arguments so far.
    Waiting(String),
    Open,
    Done,
}

impl StreamWriter {
    /// The bytes since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Takes a chunk.
    pub(super) fn read(&mut self, document: &[u8]) -> Result<(), Failure> {
        let chunk: Chunk<'_> = serde_json::from_slice(document)
            .map_err(|_| Failure::upstream("the reply has a document that is not a chunk"))?;
        self.begin(&chunk);
        if let Some(usage) = chunk.usage {
            self.outcome.usage = Canonical::from_json(usage.get().as_bytes()).ok();
        }
        keep(&mut self.outcome.stop_reason, chunk.stop_reason);
        keep(&mut self.outcome.stop_sequence, chunk.stop_sequence);
        if let Some(details) = chunk.stop_details {
            self.outcome.stop_details = Some(raw(details));
        }
        for choice in chunk.choices.iter().filter(|choice| choice.index == 0) {
            self.choice(choice)?;
        }
        Ok(())
    }

    fn choice(&mut self, choice: &Choice<'_>) -> Result<(), Failure> {
        if let Some(delta) = &choice.delta {
            self.delta(delta)?;
        }
        if !choice.finish_reason.is_empty() {
            self.outcome.finish_reason = Some(choice.finish_reason.to_string());
        }
        Ok(())
    }

    /// Ends the message.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Failure> {
        if self.outcome.finish_reason.is_none() {
            return Err(Failure::upstream("the reply ended without a finish reason"));
        }
        self.turn_to(Open::Nothing);
        let (delta, usage) = (self.outcome.ending(), self.outcome.usage());
        let delta = MessageEvent::Delta { delta, usage };
        event::write(&mut self.out, "message_delta", &delta);
        event::write(&mut self.out, "message_stop", &MessageEvent::Stop);
        Ok(self.out)
    }

    fn begin(&mut self, chunk: &Chunk<'_>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        // Counts come at the end.
        let usage = Object::new().with("input_tokens", &0).with("output_tokens", &0);
        let message = Message {
            id: &message_id(&chunk.id),
            r#type: "message",
            role: "assistant",
            model: &chunk.model,
            content: Vec::new(),
            ending: Ending::default(),
            usage,
        };
        event::write(&mut self.out, "message_start", &MessageEvent::Start { message });
    }

    fn delta(&mut self, delta: &Delta<'_>) -> Result<(), Failure> {
        let details: Vec<ReasoningDetail> = lenient(delta.reasoning_details);
        let mut is_readable = false;
        for detail in details {
            is_readable |= self.reasoning(detail);
        }
        if !delta.reasoning_content.is_empty() && !is_readable {
            self.turn_to(Open::Thinking(None));
            self.piece(Piece::Thinking { thinking: &delta.reasoning_content });
        }
        for PlacedBlock { block, .. } in lenient::<Vec<_>>(delta.anthropic_blocks) {
            if let Ok(block) = block.parse() {
                self.turn_to(Open::Nothing);
                self.whole_block(&block);
            }
        }
        // A refusal is what the caller is to read.
        self.outcome.refused |= !delta.refusal.is_empty();
        for text in [&delta.content, &delta.refusal] {
            if !text.is_empty() {
                self.turn_to(Open::Text);
                self.piece(Piece::Text { text });
            }
        }
        for citation in lenient::<Vec<Box<RawValue>>>(delta.citations) {
            self.turn_to(Open::Text);
            self.piece(Piece::Citation { citation: &citation });
        }
        for piece in delta.tool_calls.iter().flatten() {
            self.call(piece)?;
        }
        Ok(())
    }

    /// Writes a piece of reasoning; says whether `reasoning_content` beside it repeats it.
    fn reasoning(&mut self, detail: ReasoningDetail) -> bool {
        if !detail.is_for(ReasoningDetail::ANTHROPIC) {
            join_detail(&mut self.foreign, detail);
            return false;
        }
        if detail.data.is_some() {
            self.turn_to(Open::Nothing);
            thought(&detail).iter().for_each(|block| self.whole_block(block));
            return false;
        }
        self.turn_to(Open::Thinking(detail.index));
        if let Some(thinking) = detail.text.as_deref().filter(|text| !text.is_empty()) {
            self.piece(Piece::Thinking { thinking });
        }
        if let Some(signature) = detail.signature.as_deref().filter(|text| !text.is_empty()) {
            self.piece(Piece::Signature { signature });
        }
        detail.text.is_some()
    }

    fn call(&mut self, piece: &CallPiece<'_>) -> Result<(), Failure> {
        self.outcome.called = true;
        let function = piece.function.as_ref();
        let arguments = function.map_or("", |function| &function.arguments);
        let known = self.calls.iter().position(|call| call.index == piece.index);
        let at = known.unwrap_or_else(|| {
            self.calls.push(Call {
                index: piece.index,
                id: piece.id.to_string(),
                name: function.map(|function| function.name.to_string()).unwrap_or_default(),
                progress: Progress::Waiting(String::new()),
            });
            self.calls.len() - 1
        });
        if !matches!(self.open, Open::Call(_)) && known.is_none() {
            self.turn_to(Open::Call(piece.index));
        }
        match self.calls.get_mut(at).map(|call| &mut call.progress) {
            Some(Progress::Waiting(waiting)) => waiting.push_str(arguments),
            Some(Progress::Open) if !arguments.is_empty() => {
                self.piece(Piece::InputJson { partial_json: arguments });
            }
            // Calls without arguments get their empty ones at the very end.
            Some(Progress::Done) if !matches!(arguments, "" | "{}") => {
                let message = "a tool call of the reply goes on after it had ended";
                return Err(Failure::upstream(message));
            }
            Some(Progress::Open | Progress::Done) | None => {}
        }
        Ok(())
    }

    /// Makes a block the open one: closes another, and writes what had to wait for that.
    fn turn_to(&mut self, wanted: Open) {
        if self.open == wanted && wanted != Open::Nothing {
            return;
        }
        self.close();
        if !matches!(wanted, Open::Thinking(_)) {
            self.write_foreign();
        }
        if !matches!(wanted, Open::Call(_)) {
            self.write_waiting();
        }
        let start = match wanted {
            Open::Nothing => return,
            Open::Text => of_type("text").with("text", ""),
            Open::Thinking(_) => of_type("thinking").with("thinking", "").with("signature", ""),
            Open::Call(index) => match self.calls.iter_mut().find(|call| call.index == index) {
                Some(call) => {
                    call.progress = Progress::Open;
                    start_of(call)
                }
                None => return,
            },
        };
        self.open = wanted;
        self.start(&start);
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        if open == Open::Nothing {
            return;
        }
        if let Open::Call(index) = open {
            let call = self.calls.iter_mut().find(|call| call.index == index);
            call.into_iter().for_each(|call| call.progress = Progress::Done);
        }
        self.stop();
    }

    /// The calls that waited for another one, each as a whole.
    fn write_waiting(&mut self) {
        for at in 0..self.calls.len() {
            let Some(call) = self.calls.get_mut(at) else { return };
            let Progress::Waiting(arguments) = &mut call.progress else { continue };
            let arguments = std::mem::take(arguments);
            call.progress = Progress::Done;
            let start = start_of(call);
            self.start(&start);
            if !arguments.is_empty() {
                self.piece(Piece::InputJson { partial_json: &arguments });
            }
            self.stop();
        }
    }

    fn write_foreign(&mut self) {
        for detail in std::mem::take(&mut self.foreign) {
            if let Some(data) = super::carried::pack(&detail) {
                self.whole_block(&redacted(&data));
            }
        }
    }

    fn whole_block(&mut self, block: &Object) {
        self.start(block);
        self.stop();
    }

    fn start(&mut self, content_block: &Object) {
        let start = BlockEvent::Start { index: self.next, content_block };
        event::write(&mut self.out, "content_block_start", &start);
    }

    fn piece(&mut self, delta: Piece<'_>) {
        let delta = BlockEvent::Delta { index: self.next, delta };
        event::write(&mut self.out, "content_block_delta", &delta);
    }

    fn stop(&mut self) {
        let stop = BlockEvent::Stop { index: self.next };
        event::write(&mut self.out, "content_block_stop", &stop);
        self.next = self.next.saturating_add(1);
    }
}

fn start_of(call: &Call) -> Object {
    let empty = Object::new();
    of_type("tool_use").with("id", &call.id).with("name", &call.name).with("input", &empty)
}

fn keep(place: &mut Option<String>, value: Option<&RawValue>) {
    if let Some(text) = value.and_then(|value| serde_json::from_str(value.get()).ok()) {
        *place = Some(text);
    }
}
