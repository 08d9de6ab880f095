//! The provider's replies as canonical documents.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::{Replay, assert_golden, fixture};
use patchbay_sdk::{Call, Ending, Failure, FailureKind, testing};
use serde_json::{Value, json};

use crate::{MODEL, counting};

const STREAMS: [&str; 12] = [
    "text",
    "unicode",
    "one_tool",
    "two_tools",
    "tool_without_arguments",
    "tool_with_input_at_start",
    "thinking",
    "thinking_between_calls",
    "refusal",
    "cache",
    "server_tool",
    "unknown",
];

const WHOLE: [&str; 11] = [
    "text",
    "unicode",
    "one_tool",
    "two_tools",
    "tool_without_arguments",
    "thinking",
    "refusal",
    "stop_sequence",
    "pause_turn",
    "cache",
    "citations",
];

fn stream() -> Replay {
    Replay::new(testing::chat_stream(MODEL))
}

fn whole() -> Replay {
    Replay::new(testing::chat(MODEL))
}

fn decode(replay: &Replay, body: &[u8]) -> Result<Vec<Value>, Failure> {
    replay.decode::<AnthropicMessages>(&[body], Ending::Clean)
}

#[test]
fn a_stream_gives_the_same_chunks_at_every_slicing() {
    for name in STREAMS {
        let body = fixture(&format!("tests/replies/{name}.sse"));
        let documents = stream().at_every_slicing::<AnthropicMessages>(&body).unwrap();
        assert_golden(&format!("tests/golden/replies/{name}.stream.json"), &json!(documents));
    }
}

#[test]
fn a_whole_reply_gives_the_same_document_at_every_slicing() {
    for name in WHOLE {
        let body = fixture(&format!("tests/replies/{name}.json"));
        let documents = whole().at_every_slicing::<AnthropicMessages>(&body).unwrap();
        assert_golden(&format!("tests/golden/replies/{name}.whole.json"), &json!(documents));
    }
}

#[test]
fn a_reply_that_is_broken_off_is_never_taken_for_an_answer() {
    for name in STREAMS {
        let body = fixture(&format!("tests/replies/{name}.sse"));
        stream().at_every_truncation::<AnthropicMessages>(&body);
    }
    for name in WHOLE {
        let body = fixture(&format!("tests/replies/{name}.json"));
        whole().at_every_truncation::<AnthropicMessages>(&body);
    }
}

#[test]
fn a_stream_without_message_stop_is_truncated_however_the_connection_ends() {
    let body = fixture("tests/replies/text.sse");
    let text = String::from_utf8(body).unwrap();
    let (cut, _) = text.split_once("event: message_stop").unwrap();
    for ending in [Ending::Clean, Ending::Broken] {
        let failure = stream().decode::<AnthropicMessages>(&[cut.as_bytes()], ending).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::StreamTruncated);
    }
}

#[test]
fn each_reason_to_stop_has_its_canonical_word() {
    let cases = [
        ("end_turn", "stop", None),
        ("stop_sequence", "stop", None),
        ("max_tokens", "length", None),
        ("tool_use", "tool_calls", None),
        ("refusal", "content_filter", None),
        ("pause_turn", "length", Some("pause_turn")),
        ("model_context_window_exceeded", "length", Some("model_context_window_exceeded")),
        ("brand_new", "stop", Some("brand_new")),
    ];
    for (reason, word, kept) in cases {
        let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
            "content": [{"type": "text", "text": "a"}], "stop_reason": reason, "stop_sequence": null,
            "usage": {"input_tokens": 1, "output_tokens": 1}});
        let document = decode(&whole(), body.to_string().as_bytes()).unwrap().remove(0);
        assert_eq!(document["choices"][0]["finish_reason"], word, "{reason}");
        assert_eq!(document.get("stop_reason").and_then(Value::as_str), kept, "{reason}");

        let events = format!(
            "data: {}\n\ndata: {}\n\ndata: {}\n\n",
            json!({"type": "message_start", "message": {"id": "msg_1"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": reason}}),
            json!({"type": "message_stop"}),
        );
        let chunks = decode(&stream(), events.as_bytes()).unwrap();
        let words: Vec<_> = chunks
            .iter()
            .filter_map(|it| it.pointer("/choices/0/finish_reason")?.as_str())
            .collect();
        assert_eq!(words, [word], "{reason}");
        let last = chunks.last().and_then(|chunk| chunk.get("stop_reason")?.as_str());
        assert_eq!(last, kept, "{reason}");
    }
}

#[test]
fn a_long_line_is_one_chunk() {
    let text = "é".repeat(200_000);
    let events = format!(
        "data: {}\n\ndata: {}\n\ndata: {}\n\n",
        json!({"type": "message_start", "message": {"id": "msg_1"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
        json!({"type": "message_stop"}),
    );
    let pieces: Vec<&[u8]> = events.as_bytes().chunks(4095).collect();
    let chunks = stream().decode::<AnthropicMessages>(&pieces, Ending::Clean).unwrap();
    assert_eq!(chunks[1]["choices"][0]["delta"]["content"], text);
}

#[test]
fn an_error_in_a_stream_is_the_providers_failure_at_every_slicing() {
    let cases = [
        ("error_within", FailureKind::UpstreamOverloaded, "Overloaded", "overloaded_error"),
        ("error_first", FailureKind::UpstreamRateLimited, "Slow down", "rate_limit_error"),
    ];
    for (name, kind, message, code) in cases {
        let body = fixture(&format!("tests/replies/{name}.sse"));
        let failure = stream().at_every_slicing::<AnthropicMessages>(&body).unwrap_err();
        assert_eq!((failure.kind(), failure.message()), (kind, message));
        assert_eq!(failure.upstream_code(), Some(code));
    }
}

#[test]
fn what_is_no_reply_is_said_to_be_none() {
    use FailureKind as K;
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let cases = [
        ("", K::UpstreamError),
        ("<html><body>Bad gateway</body></html>", K::UpstreamError),
        ("[]", K::UpstreamError),
        ("{}", K::UpstreamError),
        (r#"{"content":7}"#, K::UpstreamError),
        (error, K::UpstreamOverloaded),
        (r#"{"error":{"message":"no model","code":"context_length_exceeded"}}"#, K::ContextTooLong),
    ];
    for (body, kind) in cases {
        for replay in [whole(), stream(), Replay::new(counting(testing::chat(MODEL)))] {
            let failure =
                replay.at_every_slicing::<AnthropicMessages>(body.as_bytes()).unwrap_err();
            assert_eq!(failure.kind(), kind, "{body}");
        }
    }
    let events = ["data: {\"type\":\n\n", "data: 7\n\n", "data: {\"error\":\"down\"}\n\n"];
    for body in events {
        let failure = stream().at_every_slicing::<AnthropicMessages>(body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), K::UpstreamError, "{body}");
    }
}

#[test]
fn a_piece_of_a_call_that_was_not_begun_is_a_failure() {
    let events = format!(
        "data: {}\n\n",
        json!({"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": "{"}}),
    );
    let failure = decode(&stream(), events.as_bytes()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamError);
}

#[test]
fn a_provider_that_counts_nothing_gives_no_usage() {
    let body =
        br#"{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}"#;
    let document = decode(&whole(), body).unwrap().remove(0);
    assert_eq!(document.get("usage"), None);
    assert_eq!(document["id"], "chatcmpl-test");
}

#[test]
fn a_count_is_read_whatever_the_caller_streams() {
    for call in [testing::chat(MODEL), testing::chat_stream(MODEL)] {
        let replay = Replay::new(counting(Call { streaming: false, ..call }));
        let body = br#"{"input_tokens": 2095}"#;
        let documents = replay.at_every_slicing::<AnthropicMessages>(body).unwrap();
        assert_eq!(documents, [json!({"object": "token_count", "input_tokens": 2095})]);
        replay.at_every_truncation::<AnthropicMessages>(body);
    }
}
