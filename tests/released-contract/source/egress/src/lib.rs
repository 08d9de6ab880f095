//! The smallest dialect of a provider that uses all of its world: the body is a text, and so is
//! the reply.

use patchbay_sdk::{
    Call, Decoder, Document, Encoded, Ending, ExchangePlan, Failure, FailureKind, Normalizer,
    ReplyIdentity, RequestHead, ResponseHead,
};

/// The dialect `released-egress`.
pub struct Released;

impl Normalizer for Released {
    type Decoder = Reply;

    fn plan(_: &Call) -> Result<ExchangePlan, Failure> {
        Ok(ExchangePlan::rewritten(RequestHead::post("/text")))
    }

    fn encode(call: &Call, canonical: &[u8]) -> Result<Encoded, Failure> {
        let text = format!("{} {}", call.model, canonical.len());
        Ok(Encoded::new(text).with_dropped(vec!["tools".to_owned()]))
    }

    fn explain(_: &Call, _: &ResponseHead, _: &[u8]) -> Failure {
        Failure::new(FailureKind::UpstreamOverloaded, "busy")
    }
}

/// Gathers the reply's text.
pub struct Reply {
    id: String,
    model: String,
    text: String,
}

impl Decoder for Reply {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        Self { id: identity.id, model: call.model, text: String::new() }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        self.text.push_str(&String::from_utf8_lossy(chunk));
        Ok(Vec::new())
    }

    fn finish(self, _: Ending) -> Result<Vec<Document>, Failure> {
        let Self { id, model, text } = self;
        let document = format!(
            r#"{{"id":"{id}","object":"chat.completion.chunk","created":1700000000,"model":"{model}","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#
        );
        Ok(vec![document.into_bytes()])
    }
}

patchbay_sdk::export!(normalizer: Released);
