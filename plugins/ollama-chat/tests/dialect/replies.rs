//! What a reply becomes.

use ollama_chat::OllamaChat;
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Ending, FailureKind};
use serde_json::Value;

fn stream() -> Replay {
    Replay::new(testing::chat_stream("qwen3:8b"))
}

fn whole() -> Replay {
    Replay::new(testing::chat("qwen3:8b"))
}

#[test]
fn every_stream_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    for name in [
        "text",
        "one_tool",
        "two_tools",
        "tool_without_arguments",
        "thinking",
        "logprobs",
        "length",
        "load",
        "unknown",
        "without_counts",
    ] {
        let body = testing::fixture(&format!("tests/replies/{name}.jsonl"));
        let documents = stream().at_every_slicing::<OllamaChat>(&body).unwrap();
        testing::assert_golden(&format!("tests/golden/replies/{name}.json"), &documents.into());
        stream().at_every_truncation::<OllamaChat>(&body);
    }
}

#[test]
fn every_whole_reply_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    for name in ["whole_text", "whole_tools_and_thinking", "whole_logprobs", "whole_image"] {
        let body = testing::fixture(&format!("tests/replies/{name}.json"));
        let documents = whole().at_every_slicing::<OllamaChat>(&body).unwrap();
        testing::assert_golden(&format!("tests/golden/replies/{name}.json"), &documents.into());
        whole().at_every_truncation::<OllamaChat>(&body);
    }
}

#[test]
fn a_line_of_any_length_is_read() {
    let text = "x".repeat(100_000);
    let body = format!(
        "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}},\"done\":false}}\n\
         {{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":\"\"}},\"done\":true,\"done_reason\":\"stop\"}}\n"
    );
    let pieces: Vec<_> = body.as_bytes().chunks(4096).collect();
    let documents = stream().decode::<OllamaChat>(&pieces, Ending::Clean).unwrap();
    assert_eq!(documents[1]["choices"][0]["delta"]["content"], Value::String(text));
}

#[test]
fn what_follows_the_last_line_is_not_looked_at() {
    let mut body = testing::fixture("tests/replies/text.jsonl");
    let documents = stream().at_every_slicing::<OllamaChat>(&body).unwrap();
    body.extend_from_slice(b"<html>\n{\"error\":\"late\"}");
    assert_eq!(stream().at_every_slicing::<OllamaChat>(&body).unwrap(), documents);
}

#[test]
fn a_reply_that_ends_cleanly_without_saying_so_is_truncated() {
    let line = br#"{"message":{"role":"assistant","content":"a"},"done":false}"#;
    for body in [line.as_slice(), &line[..20]] {
        let failure = stream().at_every_slicing::<OllamaChat>(body).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::StreamTruncated);
    }
    let failure = whole().at_every_slicing::<OllamaChat>(line).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
}
