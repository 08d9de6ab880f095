//! Canonical replies as the messages API writes them, and failures.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/streaming>,
//! <https://platform.claude.com/docs/en/api/errors>.

pub(crate) mod carried;
mod chunk;
mod ending;
mod event;
mod failure;
mod stream;
mod whole;

use patchbay_sdk::{CallerFailure, Document, Encoder, Failure, ResponseHead};

pub(crate) use failure::fail;
use stream::StreamWriter;

/// Writes one reply.
pub struct ReplyEncoder(Mode);

enum Mode {
    Stream(Box<StreamWriter>),
    /// The document so far: there is one.
    Whole(Option<Document>),
}

impl Encoder for ReplyEncoder {
    fn new(_: Vec<(String, String)>, streaming: bool) -> Self {
        Self(match streaming {
            true => Mode::Stream(Box::default()),
            false => Mode::Whole(None),
        })
    }

    fn head(&self) -> ResponseHead {
        let head = ResponseHead::new(200);
        match self.0 {
            Mode::Stream(_) => head
                .with_header("content-type", "text/event-stream; charset=utf-8")
                .with_header("cache-control", "no-cache"),
            Mode::Whole(_) => head.with_header("content-type", "application/json"),
        }
    }

    fn push(&mut self, documents: Vec<Document>) -> Result<Vec<u8>, Failure> {
        match &mut self.0 {
            Mode::Stream(stream) => {
                for document in &documents {
                    stream.read(document)?;
                }
                Ok(stream.take())
            }
            Mode::Whole(document) => {
                if let Some(last) = documents.into_iter().next_back() {
                    *document = Some(last);
                }
                Ok(Vec::new())
            }
        }
    }

    fn finish(self, failure: Option<CallerFailure>) -> Result<Vec<u8>, Failure> {
        match (self.0, failure) {
            (Mode::Stream(mut stream), Some(failure)) => {
                let mut bytes = stream.take();
                event::write(&mut bytes, "error", &failure::body(0, &failure));
                Ok(bytes)
            }
            (Mode::Whole(_), Some(failure)) => Ok(failure::json(0, &failure)),
            (Mode::Stream(stream), None) => stream.finish(),
            (Mode::Whole(Some(document)), None) => whole::write(&document),
            (Mode::Whole(None), None) => Err(Failure::upstream("there is no reply")),
        }
    }
}
