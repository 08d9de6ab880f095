//! Cohere's chat, version 2.

use bytes::Bytes;

use super::{VendorReplies, named_event};
use crate::replies::{UNARY_TEXT, words};

pub(super) fn replies() -> VendorReplies {
    VendorReplies { whole: whole(), stream: stream(), stream_type: "text/event-stream" }
}

const ID: &str = "29f14a5a-11de-4cae-9800-25e4747408ea";

fn whole() -> Bytes {
    Bytes::from(format!(
        r#"{{"id":"{ID}","message":{{"role":"assistant","content":[{{"type":"text","text":"{UNARY_TEXT}"}}]}},"finish_reason":"COMPLETE","usage":{{"billed_units":{{"input_tokens":20,"output_tokens":11}},"tokens":{{"input_tokens":31,"output_tokens":11}},"cached_tokens":0}}}}"#
    ))
}

fn stream() -> Vec<Bytes> {
    let start = format!(
        r#"{{"id":"{ID}","type":"message-start","delta":{{"message":{{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}}}}"#
    );
    let block = r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#;
    let mut events =
        vec![named_event("message-start", &start), named_event("content-start", block)];
    events.extend(words().map(|word| {
        let delta = format!(
            r#"{{"type":"content-delta","index":0,"delta":{{"message":{{"content":{{"text":"{word}"}}}}}}}}"#
        );
        named_event("content-delta", &delta)
    }));
    let end = r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":20,"output_tokens":98},"tokens":{"input_tokens":31,"output_tokens":98},"cached_tokens":0}}}"#;
    events.extend([
        named_event("content-end", r#"{"type":"content-end","index":0}"#),
        named_event("message-end", end),
    ]);
    events
}
