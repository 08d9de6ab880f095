//! Replies in one piece: Converse and CountTokens.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::testing::{Replay, assert_golden, chat, fixture};
use patchbay_sdk::{Ending, Failure, FailureKind};
use serde_json::{Value, json};

use crate::{CLAUDE, counting};

const REPLIES: [&str; 7] =
    ["text", "one_tool", "two_tools", "reasoning", "cache", "guardrail", "unknown"];

fn decode(body: &[u8]) -> Result<Value, Failure> {
    let documents = Replay::new(chat(CLAUDE)).at_every_slicing::<BedrockConverse>(body);
    documents.map(|mut documents| documents.remove(0))
}

/// For tables, where another test has the slicing.
fn at_once(body: &[u8]) -> Result<Value, Failure> {
    let documents = Replay::new(chat(CLAUDE)).decode::<BedrockConverse>(&[body], Ending::Clean);
    documents.map(|mut documents| documents.remove(0))
}

fn stopped(reason: &str) -> Value {
    json!({"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}},
        "stopReason": reason, "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}})
}

#[test]
fn each_reply_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    for name in REPLIES {
        let body = fixture(&format!("tests/replies/whole/{name}.json"));
        let document = decode(&body).unwrap();
        assert_golden(&format!("tests/golden/replies/whole_{name}.json"), &document);
        Replay::new(chat(CLAUDE)).at_every_truncation::<BedrockConverse>(&body);
    }
}

#[test]
fn every_reason_to_stop_is_said_in_openais_words() {
    for (reason, finish) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("tool_use", "stop"),
        ("brand_new", "stop"),
    ] {
        let document = at_once(stopped(reason).to_string().as_bytes()).unwrap();
        assert_eq!(document["choices"][0]["finish_reason"], finish, "{reason}");
    }
    for reason in ["malformed_tool_use", "malformed_model_output"] {
        let failure = at_once(stopped(reason).to_string().as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError);
        assert_eq!(failure.upstream_code(), Some(reason));
    }
}

#[test]
fn a_reply_without_a_reason_is_truncated_and_one_without_counts_is_not() {
    let mut reply = stopped("end_turn");
    reply.as_object_mut().unwrap().remove("usage");
    let document = decode(reply.to_string().as_bytes()).unwrap();
    assert_eq!(document.get("usage"), None);
    reply["usage"] = json!("many");
    assert_eq!(decode(reply.to_string().as_bytes()), Ok(document));
    reply.as_object_mut().unwrap().remove("stopReason");
    let failure = decode(reply.to_string().as_bytes()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
}

#[test]
fn arguments_keep_their_digits_and_a_call_without_any_has_an_empty_object() {
    let reply = r#"{"output":{"message":{"content":[
        {"toolUse":{"toolUseId":"a","name":"f","input":{"n":9007199254740993,"x":1.0}}},
        {"toolUse":{"toolUseId":"b","name":"g","input":null}},
        {"toolUse":{"toolUseId":"c","name":"h"}}]}},"stopReason":"tool_use"}"#;
    let document = decode(reply.as_bytes()).unwrap();
    let calls = document.pointer("/choices/0/message/tool_calls").unwrap();
    let arguments = |at: usize| calls[at]["function"]["arguments"].as_str().unwrap();
    assert_eq!(arguments(0), r#"{"n":9007199254740993,"x":1.0}"#);
    assert_eq!((arguments(1), arguments(2)), ("{}", "{}"));
}

#[test]
fn an_error_in_a_good_status_is_no_answer() {
    use FailureKind as K;
    let cases: [(&[u8], K, &str); 8] = [
        (b"", K::UpstreamError, "not an answer"),
        (b"<html>hello</html>", K::UpstreamError, "not an answer"),
        (b"[]", K::UpstreamError, "not an answer"),
        (b"{}", K::UpstreamError, "not an answer"),
        (b"{\"message\":\"busy\"}", K::UpstreamError, "busy"),
        (b"{\"message\":\"prompt is too long: 9 > 8\"}", K::ContextTooLong, "9 > 8"),
        (b"{\"__type\":\"a.b#throttlingException:http://x\",\"message\":\"slow\"}", K::UpstreamRateLimited, "slow"),
        (
            b"{\"output\":{\"message\":{\"content\":[{\"toolUse\":{\"toolUseId\":1}}]}},\"stopReason\":\"tool_use\"}",
            K::UpstreamError,
            "call",
        ),
    ];
    for (body, kind, said) in cases {
        let failure = at_once(body).unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.message().contains(said), "{failure}");
    }
}

#[test]
fn a_count_is_a_count() {
    let replay = Replay::new(counting(chat(CLAUDE)));
    let documents = replay.at_every_slicing::<BedrockConverse>(b"{\"inputTokens\":17}").unwrap();
    assert_eq!(documents, [json!({"object": "token_count", "input_tokens": 17})]);
    replay.at_every_truncation::<BedrockConverse>(b"{\"inputTokens\":17}");
    for body in ["", "{}", "{\"inputTokens\":\"17\"}", "<html>"] {
        let failure = replay.at_every_slicing::<BedrockConverse>(body.as_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{body}");
    }
}
