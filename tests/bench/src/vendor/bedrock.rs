//! Amazon Bedrock's Converse. The member `p` is padding, which the service adds to every event so
//! that lengths tell nothing about the text.

use bytes::Bytes;

use super::{VendorReplies, aws_event};
use crate::replies::{UNARY_TEXT, words};

pub(super) fn replies() -> VendorReplies {
    VendorReplies {
        whole: whole(),
        stream: stream(),
        stream_type: "application/vnd.amazon.eventstream",
    }
}

fn whole() -> Bytes {
    Bytes::from(format!(
        r#"{{"metrics":{{"latencyMs":321}},"output":{{"message":{{"content":[{{"text":"{UNARY_TEXT}"}}],"role":"assistant"}}}},"stopReason":"end_turn","usage":{{"cacheReadInputTokenCount":0,"cacheReadInputTokens":0,"cacheWriteInputTokenCount":0,"cacheWriteInputTokens":0,"inputTokens":31,"outputTokens":11,"serverToolUsage":{{}},"totalTokens":42}}}}"#
    ))
}

fn stream() -> Vec<Bytes> {
    let event = |kind, payload: &str| Bytes::from(aws_event::encode(kind, payload.as_bytes()));
    let mut events = vec![event("messageStart", r#"{"p":"abcdefghijk","role":"assistant"}"#)];
    events.extend(words().map(|word| {
        let delta = format!(
            r#"{{"contentBlockIndex":0,"delta":{{"text":"{word}"}},"p":"abcdefghijklmnopqrstuvwxyzABCDEF"}}"#
        );
        event("contentBlockDelta", &delta)
    }));
    let metadata = r#"{"metrics":{"latencyMs":1321},"p":"abcdefghijklmnop","usage":{"cacheReadInputTokens":0,"cacheWriteInputTokens":0,"inputTokens":31,"outputTokens":98,"totalTokens":129}}"#;
    events.extend([
        event("contentBlockStop", r#"{"contentBlockIndex":0,"p":"abcdefghijklmnopq"}"#),
        event("messageStop", r#"{"p":"abcdefghijklmnopqrst","stopReason":"end_turn"}"#),
        event("metadata", metadata),
    ]);
    events
}
