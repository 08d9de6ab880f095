//! Test kit: recorded replies at every slicing, golden files, manifests.
//!
//! Native only. Whatever a check finds wrong it says by panicking, as `cargo test` expects.
//!
//! ```
//! use patchbay_sdk::{FailureKind, Normalizer, testing};
//! # use patchbay_sdk::*;
//! # struct Plain;
//! # impl Normalizer for Plain {
//! #     type Decoder = Text;
//! #     fn plan(_: &Call) -> Result<ExchangePlan, Failure> {
//! #         Ok(ExchangePlan::rewritten(RequestHead::post("/")))
//! #     }
//! # }
//! # struct Text(reply::ChatReply, Vec<u8>);
//! # impl Decoder for Text {
//! #     fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
//! #         Self(reply::ChatReply::new(call, identity), Vec::new())
//! #     }
//! #     fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
//! #         self.1.extend_from_slice(chunk);
//! #         Ok(Vec::new())
//! #     }
//! #     fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
//! #         if ending == Ending::Broken { return Err(Failure::truncated("cut")); }
//! #         let text = String::from_utf8_lossy(&self.1);
//! #         Ok(vec![self.0.complete(text, reply::FinishReason::Stop, None)])
//! #     }
//! # }
//! let replay = testing::Replay::new(testing::chat("small"));
//! let documents = replay.at_every_slicing::<Plain>("déjà vu".as_bytes()).unwrap();
//! assert_eq!(documents[0]["choices"][0]["message"]["content"], "déjà vu");
//! replay.at_every_truncation::<Plain>(b"hello");
//! ```

mod aws_event_stream;
mod cases;
mod golden;
mod ingress;
mod manifest;
mod replay;
mod slicing;
mod vectors;

pub use aws_event_stream::{aws_event, aws_events, aws_exception, aws_message};
pub use cases::{Case, chat_cases, embeddings_cases};
pub use golden::{assert_golden, fixture, fixture_json};
pub use ingress::{decode, encode_reply, fail_reply};
pub use manifest::assert_manifest;
pub use replay::Replay;
pub use slicing::every_cut;

use serde_json::Value;

use crate::bindings::egress::{Encoded, ReplyIdentity};
use crate::bindings::types::Call;
use crate::failure::Failure;
use crate::log::{Level, sink};
use crate::normalizer::Normalizer;

/// A chat call that is not streamed, with empty settings.
#[must_use]
pub fn chat(model: &str) -> Call {
    Call {
        operation: "chat".to_owned(),
        model: model.to_owned(),
        streaming: false,
        settings: "{}".to_owned(),
        extra: Vec::new(),
    }
}

/// A streamed chat call with empty settings.
#[must_use]
pub fn chat_stream(model: &str) -> Call {
    Call { streaming: true, ..chat(model) }
}

/// An embeddings call with empty settings.
#[must_use]
pub fn embeddings(model: &str) -> Call {
    Call { operation: "embeddings".to_owned(), ..chat(model) }
}

/// The identity that replays use: id `chatcmpl-test`, created at 1700000000.
#[must_use]
pub fn identity() -> ReplyIdentity {
    ReplyIdentity { id: "chatcmpl-test".to_owned(), created: 1_700_000_000, extra: Vec::new() }
}

/// Encodes a canonical request, as the host does it: `model` and `stream` are the call's.
///
/// # Errors
/// The normalizer's own.
pub fn encode<N: Normalizer>(call: &Call, mut request: Value) -> Result<Encoded, Failure> {
    request["model"] = call.model.clone().into();
    if call.streaming {
        request["stream"] = true.into();
        request["stream_options"]["include_usage"] = true.into();
    }
    N::encode(call, request.to_string().as_bytes())
}

/// What [`encode`] gave as one value, for a golden file: the head, the body as JSON and what was
/// dropped; or the failure.
#[must_use]
pub fn encoded_value(result: Result<Encoded, Failure>) -> Value {
    let encoded = match result {
        Ok(encoded) => encoded,
        Err(failure) => {
            return serde_json::json!({
                "failure": failure.kind().as_str(),
                "message": failure.message(),
                "param": failure.param(),
            });
        }
    };
    let body: Value = serde_json::from_slice(&encoded.body)
        .unwrap_or_else(|_| String::from_utf8_lossy(&encoded.body).into());
    let mut value = serde_json::json!({ "body": body, "dropped": encoded.dropped });
    if let Some(head) = encoded.head {
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|header| format!("{}: {}", header.name, header.value))
            .collect();
        value["head"] = serde_json::json!({
            "request": format!("{} {}", head.method, head.path_and_query), "headers": headers,
        });
    }
    if !encoded.extra.is_empty() {
        value["extra"] = serde_json::json!(encoded.extra);
    }
    value
}

/// Takes the lines that this thread has logged.
#[must_use]
pub fn logged() -> Vec<(Level, String)> {
    sink::take()
}
