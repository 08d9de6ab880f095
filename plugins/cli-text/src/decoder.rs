//! A program's output as a canonical reply.

use patchbay_sdk::reply::{ChatReply, FinishReason};
use patchbay_sdk::split::Utf8Splitter;
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead};

use crate::trailing_newline::TrailingNewline;

/// Reads a program's output. In a stream, every read is a chunk.
pub struct OutputDecoder {
    reply: ChatReply,
    characters: Utf8Splitter,
    newline: TrailingNewline,
    answer: Answer,
}

enum Answer {
    /// Whether the chunk with the role was sent.
    Stream { begun: bool },
    /// The text so far.
    Whole { text: String },
}

impl OutputDecoder {
    /// Passes text on that is certain.
    fn answer(&mut self, text: &str) -> Vec<Document> {
        let mut documents = Vec::new();
        match &mut self.answer {
            Answer::Whole { text: whole } => whole.push_str(text),
            Answer::Stream { .. } if text.is_empty() => {}
            Answer::Stream { begun } => {
                if !std::mem::replace(begun, true) {
                    documents.push(self.reply.role());
                }
                documents.push(self.reply.text(text));
            }
        }
        documents
    }
}

impl Decoder for OutputDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        let answer = if call.streaming {
            Answer::Stream { begun: false }
        } else {
            Answer::Whole { text: String::new() }
        };
        Self {
            reply: ChatReply::new(call, identity),
            characters: Utf8Splitter::default(),
            newline: TrailingNewline::default(),
            answer,
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        let text = self.newline.push(&self.characters.push(chunk));
        Ok(self.answer(&text))
    }

    fn finish(mut self, ending: Ending) -> Result<Vec<Document>, Failure> {
        if ending == Ending::Broken {
            let message = "the program ended before its output was complete";
            return Err(Failure::truncated(message));
        }
        let cut = std::mem::take(&mut self.characters).finish();
        let mut text = self.newline.push(&cut);
        text.push_str(std::mem::take(&mut self.newline).finish());
        let mut documents = self.answer(&text);
        match self.answer {
            Answer::Whole { text } => {
                documents.push(self.reply.complete(text, FinishReason::Stop, None));
            }
            Answer::Stream { begun } => {
                if !begun {
                    documents.push(self.reply.role());
                }
                documents.push(self.reply.finish(FinishReason::Stop));
            }
        }
        Ok(documents)
    }
}
