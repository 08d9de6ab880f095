//! Reads Ollama's replies: lines of a stream, a whole chat, vectors.

use patchbay_sdk::reply::ReplyWriter;
use patchbay_sdk::split::LineSplitter;
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead};
use serde::de::IgnoredAny;

use crate::line::Line;
use crate::{embed, errors};

/// Reads one reply.
pub struct ReplyDecoder(Kind);

enum Kind {
    Stream(Box<Stream>),
    /// A chat that is not streamed: one document of the form of a line.
    Whole {
        reply: Box<ReplyWriter>,
        body: Vec<u8>,
    },
    Embeddings {
        model: String,
        inputs: Option<usize>,
        body: Vec<u8>,
    },
}

struct Stream {
    reply: ReplyWriter,
    lines: LineSplitter,
    /// Whether there was a line at all.
    any: bool,
    /// Whether the last line was there; what follows is not looked at.
    done: bool,
}

impl Decoder for ReplyDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        if call.operation == "embeddings" {
            let inputs = identity.extra.iter().find(|(name, _)| name == embed::INPUTS);
            let inputs = inputs.and_then(|(_, count)| count.parse().ok());
            return Self(Kind::Embeddings { model: call.model, inputs, body: Vec::new() });
        }
        let reply = ReplyWriter::new(&call, &identity);
        Self(match call.streaming {
            true => Kind::Stream(Box::new(Stream {
                reply,
                lines: LineSplitter::default(),
                any: false,
                done: false,
            })),
            false => Kind::Whole { reply: Box::new(reply), body: Vec::new() },
        })
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        match &mut self.0 {
            Kind::Stream(stream) => return stream.push(chunk),
            Kind::Whole { body, .. } | Kind::Embeddings { body, .. } => {
                body.extend_from_slice(chunk);
            }
        }
        Ok(Vec::new())
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        match self.0 {
            Kind::Stream(stream) => stream.finish(ending),
            _ if ending == Ending::Broken => {
                Err(Failure::truncated("the provider's reply broke off"))
            }
            Kind::Whole { reply, body } => whole(*reply, &body),
            Kind::Embeddings { model, inputs, body } => {
                embed::read(&model, inputs, &body).map(|document| vec![document])
            }
        }
    }
}

impl Stream {
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        if !self.done {
            for line in self.lines.push(chunk)? {
                self.read(&line)?;
            }
        }
        Ok(self.reply.take())
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Failure> {
        if self.done {
            return Ok(());
        }
        self.any = true;
        let line = Line::read(line)?;
        self.done = line.is_last();
        line.tell(&mut self.reply)
    }

    fn finish(mut self, ending: Ending) -> Result<Vec<Document>, Failure> {
        let rest = std::mem::take(&mut self.lines).finish();
        if let Some(line) = rest.filter(|_| !self.done) {
            // A line that lacks its end may be whole, or a part of one.
            let is_part = || serde_json::from_slice::<IgnoredAny>(&line).is_err();
            if line.first() == Some(&b'{') && is_part() {
                return Err(truncated());
            }
            self.read(&line)?;
        }
        match (self.done, ending) {
            (true, _) => Ok(self.reply.end()),
            (false, Ending::Clean) if !self.any => {
                Err(Failure::upstream("the provider answered with an empty body"))
            }
            (false, _) => Err(truncated()),
        }
    }
}

fn truncated() -> Failure {
    Failure::truncated("the provider's stream ended before the line that says it is done")
}

fn whole(mut reply: ReplyWriter, body: &[u8]) -> Result<Vec<Document>, Failure> {
    let line = Line::read(body)?;
    if !line.is_of_chat() {
        return Err(errors::instead_of_answer(body));
    }
    if !line.is_last() {
        return Err(Failure::truncated("the provider's reply does not say that it is done"));
    }
    line.tell(&mut reply)?;
    Ok(reply.end())
}
