//! Anthropic's messages.

use bytes::Bytes;

use super::{VendorReplies, named_event};
use crate::replies::{UNARY_TEXT, words};

pub(super) fn replies() -> VendorReplies {
    VendorReplies { whole: whole(), stream: stream(), stream_type: "text/event-stream" }
}

const START: &str = r#""id":"msg_01BenchBenchBenchBench001","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929""#;

const INPUT: &str = r#""input_tokens":31,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}"#;

fn whole() -> Bytes {
    Bytes::from(format!(
        r#"{{{START},"content":[{{"type":"text","text":"{UNARY_TEXT}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{{INPUT},"output_tokens":11,"service_tier":"standard"}}}}"#
    ))
}

fn stream() -> Vec<Bytes> {
    let message = format!(
        r#"{{"type":"message_start","message":{{{START},"content":[],"stop_reason":null,"stop_sequence":null,"usage":{{{INPUT},"output_tokens":1,"service_tier":"standard"}}}}}}"#
    );
    let block =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    let mut events = vec![
        named_event("message_start", &message),
        named_event("content_block_start", block),
        named_event("ping", r#"{"type": "ping"}"#),
    ];
    events.extend(words().map(|word| {
        let delta = format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{word}"}}}}"#
        );
        named_event("content_block_delta", &delta)
    }));
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":31,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":98}}"#;
    events.extend([
        named_event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        named_event("message_delta", end),
        named_event("message_stop", r#"{"type":"message_stop"}"#),
    ]);
    events
}
