//! A reply as server-sent events.

use patchbay_sdk::split::SseSplitter;
use patchbay_sdk::{Call, Document, Ending, Failure, ReplyIdentity};

use super::blocks::Blocks;
use super::events::Event;
use super::usage::Counts;
use super::whole;
use crate::explain;

/// How much of a reply without events is kept to say what it is.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Reads events until `message_stop`.
pub(super) struct StreamDecoder {
    events: SseSplitter,
    blocks: Blocks,
    counts: Counts,
    state: State,
}

enum State {
    /// No event so far; the bytes so far.
    Before(Vec<u8>),
    Within,
    /// `message_stop` was there; what follows is not looked at.
    Done,
}

impl StreamDecoder {
    pub(super) fn new(call: &Call, identity: &ReplyIdentity) -> Self {
        Self {
            events: SseSplitter::default(),
            blocks: Blocks::new(call, identity),
            counts: Counts::default(),
            state: State::Before(Vec::new()),
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match &mut self.state {
            State::Done => return Ok(Vec::new()),
            State::Before(head) => {
                let room = MAX_HEAD_BYTES.saturating_sub(head.len()).min(chunk.len());
                head.extend_from_slice(chunk.get(..room).unwrap_or_default());
            }
            State::Within => {}
        }
        for event in self.events.push(chunk)? {
            self.read(&event.data)?;
            if matches!(self.state, State::Done) {
                break;
            }
        }
        Ok(self.blocks.reply.take())
    }

    pub(super) fn finish(mut self, ending: Ending) -> Result<Vec<Document>, Failure> {
        // The last event may lack its blank line; cut off within its data it is none.
        let last = std::mem::take(&mut self.events).finish();
        if let (Some(event), State::Within) = (last, &self.state)
            && serde_json::from_slice::<Event<'_>>(&event.data).is_ok()
        {
            self.read(&event.data)?;
        }
        match self.state {
            State::Done => {
                let mut documents = self.blocks.reply.take();
                if let Some(usage) = self.counts.canonical() {
                    self.blocks.reply.usage(usage);
                }
                documents.extend(self.blocks.reply.end());
                Ok(documents)
            }
            State::Before(head) if ending == Ending::Clean => Err(whole::not_an_answer(&head)),
            State::Before(_) | State::Within => {
                Err(Failure::truncated("the provider's stream ended before message_stop"))
            }
        }
    }

    fn read(&mut self, data: &[u8]) -> Result<(), Failure> {
        // Some servers end in the way of another dialect.
        if data.trim_ascii().is_empty() || data.trim_ascii() == b"[DONE]" {
            return Ok(());
        }
        let Ok(event) = serde_json::from_slice::<Event<'_>>(data) else {
            return Err(whole::not_an_answer(data));
        };
        if matches!(self.state, State::Before(_)) {
            self.state = State::Within;
        }
        match &*event.kind {
            "content_block_delta" => {
                if let (Some(index), Some(delta)) = (event.index, &event.delta) {
                    self.blocks.extend(index, delta, data)?;
                }
            }
            "content_block_start" => {
                if let (Some(index), Some(block)) = (event.index, event.content_block) {
                    self.blocks.begin(index, block)?;
                }
            }
            "content_block_stop" => event.index.into_iter().for_each(|it| self.blocks.end(it)),
            "message_start" => self.start(&event),
            "message_delta" => {
                self.counts.add(event.usage);
                if let Some(delta) = &event.delta {
                    let (reason, sequence) = (&delta.stop_reason, &delta.stop_sequence);
                    self.blocks.stop(reason, sequence, delta.stop_details);
                }
            }
            "message_stop" => self.state = State::Done,
            "error" => return Err(explain::in_stream(data)),
            // `ping`, and events that are not known yet: the vendor announces that there will be.
            _ => {
                if let Some(failure) = explain::instead_of_answer(data) {
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, event: &Event<'_>) {
        if let Some(message) = &event.message {
            self.blocks.reply.identify(Some(&message.id), Some(&message.model));
            self.counts.add(message.usage);
        }
        self.blocks.reply.begin();
    }
}
