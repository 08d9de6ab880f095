//! The smallest client API that uses all of its world: a body goes in, the documents come out.

use patchbay_sdk::{
    CallerFailure, Decoded, Document, Encoder, Extra, Failure, Ingress, Reply, RequestHead,
    ResponseHead,
};

/// The client API `POST /v1/released`.
pub struct Released;

impl Ingress for Released {
    type Encoder = Documents;

    fn decode(_: &RequestHead, body: &[u8]) -> Result<Decoded, Failure> {
        if body.is_empty() {
            return Err(Failure::invalid_request("body", "there is no body"));
        }
        Ok(Decoded::new("chat", "small", false, body.to_vec()).with_extra("kept", "1"))
    }

    fn fail(status: u16, failure: &CallerFailure) -> Reply {
        Reply { head: ResponseHead::new(status), body: failure.kind.clone().into_bytes() }
    }
}

/// Writes the documents, one a line.
pub struct Documents(Extra);

impl Encoder for Documents {
    fn new(extra: Extra, _: bool) -> Self {
        Self(extra)
    }

    fn head(&self) -> ResponseHead {
        let kept = self.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().concat();
        ResponseHead::new(200).with_header("x-kept", kept)
    }

    fn push(&mut self, documents: Vec<Document>) -> Result<Vec<u8>, Failure> {
        Ok(documents.concat())
    }

    fn finish(self, _: Option<CallerFailure>) -> Result<Vec<u8>, Failure> {
        Ok(b"\n".to_vec())
    }
}

patchbay_sdk::export!(ingress: Released);
