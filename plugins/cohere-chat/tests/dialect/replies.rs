//! Cohere's replies as canonical ones.

use cohere_chat::CohereChat;
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Ending, Failure, FailureKind};
use serde_json::{Value, json};

fn stream(name: &str) -> (Replay, Vec<u8>) {
    let body = testing::fixture(&format!("tests/replies/{name}.sse"));
    (Replay::new(testing::chat_stream("command")), body)
}

fn whole(name: &str) -> (Replay, Vec<u8>) {
    let body = testing::fixture(&format!("tests/replies/{name}.json"));
    (Replay::new(testing::chat("command")), body)
}

#[test]
fn streams_are_the_same_at_every_slicing_and_never_whole_without_their_end() {
    let names = [
        "text",
        "one_tool",
        "two_tools",
        "thinking",
        "citations",
        "logprobs",
        "unknown",
        "max_tokens",
        "stop_sequence",
        "empty",
    ];
    for name in names {
        let (replay, body) = stream(name);
        let documents = replay.at_every_slicing::<CohereChat>(&body).unwrap();
        let path = format!("tests/golden/replies/{name}.stream.json");
        testing::assert_golden(&path, &json!(documents));
        replay.at_every_truncation::<CohereChat>(&body);
    }
}

#[test]
fn whole_replies_are_the_same_at_every_slicing_and_never_whole_without_their_end() {
    for name in ["text", "tools", "thinking", "everything", "max_tokens"] {
        let (replay, body) = whole(name);
        let documents = replay.at_every_slicing::<CohereChat>(&body).unwrap();
        let path = format!("tests/golden/replies/{name}.json");
        testing::assert_golden(&path, &json!(documents));
        replay.at_every_truncation::<CohereChat>(&body);
    }
}

fn joined(documents: &[Value], path: &str) -> String {
    documents.iter().filter_map(|document| document.pointer(path)?.as_str()).collect()
}

#[test]
fn a_stream_says_what_the_whole_reply_says() {
    for name in ["text", "thinking", "max_tokens"] {
        let (replay, body) = stream(name);
        let chunks = replay.decode::<CohereChat>(&[&body], Ending::Clean).unwrap();
        let (replay, body) = whole(name);
        let document = replay.decode::<CohereChat>(&[&body], Ending::Clean).unwrap().remove(0);
        for member in ["content", "reasoning_content"] {
            let text = document["choices"][0]["message"][member].as_str().unwrap_or_default();
            assert_eq!(joined(&chunks, &format!("/choices/0/delta/{member}")), text, "{name}");
        }
        let reason = joined(&chunks, "/choices/0/finish_reason");
        assert_eq!(document["choices"][0]["finish_reason"], reason.as_str(), "{name}");
    }
}

#[test]
fn a_long_text_is_one_chunk() {
    let text = "ß".repeat(35_000);
    let body = format!(
        "data: {{\"type\":\"content-delta\",\"index\":0,\"delta\":{{\"message\":{{\"content\":\
         {{\"text\":\"{text}\"}}}}}}}}\r\n\r\n\
         data: {{\"type\":\"message-end\",\"delta\":{{\"finish_reason\":\"COMPLETE\"}}}}\r\n\r\n"
    );
    let (replay, _) = stream("text");
    let documents = replay.at_every_slicing::<CohereChat>(body.as_bytes()).unwrap();
    assert_eq!(joined(&documents, "/choices/0/delta/content"), text);
}

#[test]
fn the_last_event_counts_without_its_blank_line() {
    let (replay, body) = stream("max_tokens");
    let whole = replay.decode::<CohereChat>(&[&body], Ending::Clean).unwrap();
    let cut = replay.decode::<CohereChat>(&[body.trim_ascii_end()], Ending::Clean).unwrap();
    assert_eq!(cut, whole);
}

#[track_caller]
fn assert_failure(failure: &Failure, kind: FailureKind, said: &str) {
    assert_eq!(failure.kind(), kind, "{failure}");
    assert!(failure.message().contains(said), "{failure}");
}

#[test]
fn what_failed_on_the_way_is_no_answer() {
    let cases = [
        ("error", FailureKind::UpstreamError, "out of memory"),
        ("timeout", FailureKind::UpstreamTimeout, "in time"),
        ("error_event", FailureKind::UpstreamError, "streaming error"),
    ];
    for (name, kind, said) in cases {
        let (replay, body) = stream(name);
        assert_failure(&replay.at_every_slicing::<CohereChat>(&body).unwrap_err(), kind, said);
    }
    for reason in ["ERROR", "TIMEOUT"] {
        let body = json!({"id": "r", "finish_reason": reason, "message": {}}).to_string();
        let (replay, _) = whole("text");
        let failure = replay.at_every_slicing::<CohereChat>(body.as_bytes()).unwrap_err();
        assert_eq!(failure.upstream_code(), Some(reason));
    }
}

#[test]
fn a_stream_that_breaks_off_inside_an_event_is_truncated() {
    let (replay, body) = stream("text");
    let (part, _) = body.split_at(body.len() - 20);
    let failure = replay.decode::<CohereChat>(&[part], Ending::Broken).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
    let failure = replay.decode::<CohereChat>(&[b""], Ending::Clean).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
}

#[test]
fn what_is_no_chat_is_the_providers_failure() {
    let bodies = [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"message":"no such thing"}"#,
        r#"{"error":{"message":"down"}}"#,
        r#"{"finish_reason":"COMPLETE","message":1}"#,
    ];
    for body in bodies {
        let (replay, _) = whole("text");
        let failure = replay.at_every_slicing::<CohereChat>(body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{body}");
    }
    for event in ["data: <html>\n\n", "data: 1\n\n", "data: {\"error\":\"down\"}\n\n"] {
        let (replay, _) = stream("text");
        let failure = replay.at_every_slicing::<CohereChat>(event.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{event}");
    }
}
