//! OpenAI's legacy text completions, towards callers.

use patchbay_sdk::{
    CallerFailure, Decoded, Document, Encoder, Extra, Failure, Ingress, Reply, RequestHead,
    ResponseHead,
};

/// The dialect `openai-completions`.
pub struct OpenAiCompletions;

impl Ingress for OpenAiCompletions {
    type Encoder = Writer;

    fn decode(_: &RequestHead, _: &[u8]) -> Result<Decoded, Failure> {
        Err(Failure::unknown_operation("any"))
    }

    fn fail(status: u16, failure: &CallerFailure) -> Reply {
        Reply::json(status, failure.message.clone().into_bytes())
    }
}

/// Writes replies.
pub struct Writer;

impl Encoder for Writer {
    fn new(_: Extra, _: bool) -> Self {
        Self
    }

    fn head(&self) -> ResponseHead {
        ResponseHead::new(200)
    }

    fn push(&mut self, _: Vec<Document>) -> Result<Vec<u8>, Failure> {
        Ok(Vec::new())
    }

    fn finish(self, _: Option<CallerFailure>) -> Result<Vec<u8>, Failure> {
        Ok(Vec::new())
    }
}

patchbay_sdk::export!(ingress: OpenAiCompletions);
