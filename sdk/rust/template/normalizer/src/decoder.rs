//! Reads a reply: lines with a piece of text each, and a last one that says it is done.

use patchbay_sdk::reply::{FinishReason, ReplyWriter, TokenUsage};
use patchbay_sdk::split::LineSplitter;
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead};

/// Reads one reply, streamed or not: the writer knows which documents the caller wants.
pub struct LineDecoder {
    reply: ReplyWriter,
    lines: LineSplitter,
    done: bool,
}

/// `{"text": "Hello"}`, and at the end `{"done": true, "read": 7, "written": 2}`
#[derive(serde::Deserialize)]
struct Line {
    #[serde(default)]
    text: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    read: u64,
    #[serde(default)]
    written: u64,
}

impl Decoder for LineDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        let reply = ReplyWriter::new(&call, &identity);
        Self { reply, lines: LineSplitter::default(), done: false }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        for line in self.lines.push(chunk)? {
            let line: Line = serde_json::from_slice(&line)
                .map_err(|error| Failure::upstream(format!("a line is no JSON: {error}")))?;
            self.tell(&line);
        }
        Ok(self.reply.take())
    }

    fn finish(self, _: Ending) -> Result<Vec<Document>, Failure> {
        if !self.done {
            return Err(Failure::truncated("the reply ended before it said that it is done"));
        }
        Ok(self.reply.end())
    }
}

impl LineDecoder {
    fn tell(&mut self, line: &Line) {
        self.reply.text(&line.text);
        if line.done {
            self.done = true;
            self.reply.finish_reason(FinishReason::Stop);
            self.reply.usage(TokenUsage {
                prompt_tokens: line.read,
                completion_tokens: line.written,
                total_tokens: line.read + line.written,
                ..TokenUsage::default()
            });
        }
    }
}
