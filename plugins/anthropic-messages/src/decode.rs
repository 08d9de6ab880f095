//! Replies of the messages API as canonical documents.
//!
//! Thinking becomes `reasoning_content` and signed `reasoning_details`, whose index is the
//! block's place in the message, so that the next turn can put it back there. Blocks that
//! canonical has no form for survive as [`BLOCKS`](crate::place::BLOCKS), citations as `citations`.
//! The proper end of a stream is `message_stop`.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/streaming>,
//! <https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>.

mod blocks;
mod events;
mod stream;
mod usage;
mod whole;

use patchbay_sdk::reply::FinishReason;
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead};

use stream::StreamDecoder;
use whole::WholeDecoder;

/// Reads one good reply.
pub struct ReplyDecoder(Mode);

enum Mode {
    Stream(Box<StreamDecoder>),
    Whole(Box<WholeDecoder>),
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        // A count of tokens is never streamed, whatever the caller said.
        Self(match call.streaming && call.operation == "chat" {
            true => Mode::Stream(Box::new(StreamDecoder::new(&call, &identity))),
            false => Mode::Whole(Box::new(WholeDecoder::new(call, identity))),
        })
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match &mut self.0 {
            Mode::Stream(stream) => stream.push(chunk),
            Mode::Whole(whole) => {
                whole.push(chunk);
                Ok(Vec::new())
            }
        }
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        match self.0 {
            Mode::Stream(stream) => stream.finish(ending),
            Mode::Whole(whole) => whole.finish(ending),
        }
    }
}

/// The canonical word for a reason to stop, and whether it says less than the dialect's own.
///
/// `pause_turn` means that the provider's own tools reached a limit of rounds: the answer is not
/// complete, as with any other limit.
fn finish_reason(stop_reason: &str) -> (FinishReason, bool) {
    match stop_reason {
        "end_turn" | "stop_sequence" => (FinishReason::Stop, false),
        "max_tokens" => (FinishReason::Length, false),
        "tool_use" => (FinishReason::ToolCalls, false),
        "refusal" => (FinishReason::ContentFilter, false),
        "pause_turn" | "model_context_window_exceeded" => (FinishReason::Length, true),
        _ => (FinishReason::Stop, true),
    }
}
