//! Replies of ConverseStream.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::split::AwsHeaderValue::Text;
use patchbay_sdk::testing::{
    Replay, assert_golden, aws_event, aws_events, aws_exception, aws_message, chat_stream,
    fixture_json,
};
use patchbay_sdk::{Ending, Failure, FailureKind};
use serde_json::{Value, json};

use crate::CLAUDE;

const REPLIES: [&str; 8] = [
    "text",
    "one_tool",
    "two_tools",
    "interleaved_tools",
    "reasoning",
    "cache",
    "guardrail",
    "unknown",
];

fn transcript(name: &str) -> Vec<u8> {
    aws_events(&fixture_json(&format!("tests/replies/stream/{name}.json")))
}

fn replay() -> Replay {
    Replay::new(chat_stream(CLAUDE))
}

fn decode(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    replay().at_every_slicing::<BedrockConverse>(bytes)
}

/// For tables, where another test has the slicing.
fn at_once(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    replay().decode::<BedrockConverse>(&[bytes], Ending::Clean)
}

/// A short answer that ends for a reason.
fn ending_with(reason: &str) -> Vec<u8> {
    aws_events(&json!([
        {"event": "messageStart", "payload": {"role": "assistant"}},
        {"event": "contentBlockDelta", "payload": {"contentBlockIndex": 0, "delta": {"text": "a"}}},
        {"event": "messageStop", "payload": {"stopReason": reason}},
        {"event": "metadata", "payload": {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}},
    ]))
}

#[test]
fn each_reply_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    for name in REPLIES {
        let bytes = transcript(name);
        let documents = decode(&bytes).unwrap();
        assert_golden(&format!("tests/golden/replies/stream_{name}.json"), &json!(documents));
        replay().at_every_truncation::<BedrockConverse>(&bytes);
    }
}

#[test]
fn reasoning_of_other_models_is_not_called_claudes() {
    let replay = Replay::new(chat_stream("us.amazon.nova-2-lite-v1:0"));
    let documents = replay.at_every_slicing::<BedrockConverse>(&transcript("reasoning")).unwrap();
    let formats: Vec<_> = documents
        .iter()
        .filter_map(|it| it.pointer("/choices/0/delta/reasoning_details/0/format")?.as_str())
        .collect();
    assert_eq!(formats, ["amazon-bedrock-v1"; 4]);
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
        let documents = at_once(&ending_with(reason)).unwrap();
        let found: Vec<_> = documents
            .iter()
            .filter_map(|it| it.pointer("/choices/0/finish_reason")?.as_str())
            .collect();
        assert_eq!(found, [finish], "{reason}");
    }
    for reason in ["malformed_tool_use", "malformed_model_output"] {
        let failure = at_once(&ending_with(reason)).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError);
        assert_eq!(failure.upstream_code(), Some(reason));
    }
}

#[test]
fn a_clean_end_after_the_message_is_enough() {
    let bytes = ending_with("end_turn");
    let metadata =
        aws_event("metadata", br#"{"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#);
    let short = bytes.strip_suffix(metadata.as_slice()).unwrap();
    let documents = replay().decode::<BedrockConverse>(&[short], Ending::Clean).unwrap();
    assert_eq!(documents.last().unwrap()["choices"][0]["finish_reason"], "stop");
    let failure = replay().decode::<BedrockConverse>(&[short], Ending::Broken).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
}

#[test]
fn what_follows_the_end_is_not_looked_at() {
    let mut bytes = ending_with("end_turn");
    let whole = decode(&bytes).unwrap();
    bytes.extend(aws_exception("internalServerException", br#"{"message":"late"}"#));
    bytes.extend(b"\x00garbage");
    assert_eq!(decode(&bytes).unwrap(), whole);
}

#[test]
fn a_stream_without_its_end_is_truncated() {
    for events in [
        json!([{"event": "messageStart", "payload": {"role": "assistant"}}]),
        json!([{"event": "brandNew", "payload": {}}]),
        json!([{"event": "metadata", "payload": {"usage": {}}}]),
    ] {
        let failure = decode(&aws_events(&events)).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::StreamTruncated, "{events}");
    }
}

#[test]
fn a_long_text_passes() {
    let text = "x".repeat(100_000);
    let payload = json!({"contentBlockIndex": 0, "delta": {"text": text}}).to_string();
    let mut bytes = aws_event("contentBlockDelta", payload.as_bytes());
    bytes.extend(aws_event("messageStop", br#"{"stopReason":"end_turn"}"#));
    let documents = decode(&bytes).unwrap();
    assert_eq!(documents[1]["choices"][0]["delta"]["content"], text.as_str());
}

#[test]
fn an_exception_in_the_stream_is_a_failure_with_its_words() {
    use FailureKind as K;
    let cases = [
        (
            "throttlingException",
            json!({"message": "Too many tokens"}),
            K::UpstreamRateLimited,
            "Too many tokens",
        ),
        ("serviceUnavailableException", json!({"message": "busy"}), K::UpstreamOverloaded, "busy"),
        ("internalServerException", json!({"message": "oops"}), K::UpstreamError, "oops"),
        ("validationException", json!({"message": "wrong"}), K::InvalidRequest, "wrong"),
        (
            "validationException",
            json!({"message": "Input is too long for requested model."}),
            K::ContextTooLong,
            "Input is too long for requested model.",
        ),
        (
            "modelStreamErrorException",
            json!({"message": "The model failed.", "originalStatusCode": 500, "originalMessage": "no memory"}),
            K::UpstreamError,
            "The model failed. no memory",
        ),
        (
            "modelStreamErrorException",
            json!({"message": "busy", "originalStatusCode": 529, "originalMessage": "busy"}),
            K::UpstreamOverloaded,
            "busy",
        ),
        ("brandNewException", json!({"message": "new"}), K::UpstreamError, "new"),
        (
            "brandNewException",
            json!({}),
            K::UpstreamError,
            "the provider sent the error \"BrandNewException\" without a message",
        ),
    ];
    for (name, payload, kind, message) in cases {
        let start = json!({"event": "messageStart", "payload": {"role": "assistant"}});
        for events in [
            json!([start, {"exception": name, "payload": payload}]),
            json!([{"exception": name, "payload": payload}]),
        ] {
            let failure = at_once(&aws_events(&events)).unwrap_err();
            assert_eq!((failure.kind(), failure.message()), (kind, message));
            let code = name[..1].to_uppercase() + &name[1..];
            assert_eq!(failure.upstream_code(), Some(code.as_str()));
        }
    }
}

#[test]
fn an_exception_is_the_same_at_every_slicing() {
    let mut bytes = aws_event("messageStart", br#"{"role":"assistant"}"#);
    bytes.extend(aws_exception("throttlingException", br#"{"message":"slow down"}"#));
    assert_eq!(decode(&bytes).unwrap_err().kind(), FailureKind::UpstreamRateLimited);
    let failure = replay().decode::<BedrockConverse>(&[&bytes], Ending::Broken).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited, "its words come first");
}

#[test]
fn an_error_message_of_the_framing_is_a_failure() {
    let headers = [
        (":message-type", Text("error")),
        (":error-code", Text("ThrottlingException")),
        (":error-message", Text("slow down")),
    ];
    let failure = decode(&aws_message(&headers, b"")).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
    assert_eq!(failure.message(), "slow down");
}

#[test]
fn messages_of_an_unknown_kind_are_passed_over() {
    let mut bytes = aws_message(&[(":message-type", Text("note"))], b"x");
    bytes.extend(aws_message(&[], b""));
    bytes.extend(ending_with("end_turn"));
    assert_eq!(decode(&bytes), decode(&ending_with("end_turn")));
}

#[test]
fn what_is_no_event_stream_is_the_providers_failure() {
    use FailureKind as K;
    let cases: [(&[u8], K, &str); 6] = [
        (b"", K::UpstreamError, "nothing"),
        (b"<html>hello</html>", K::UpstreamError, "not an event stream"),
        (b"{\"message\":\"no such stage\"}", K::UpstreamError, "no such stage"),
        (
            b"{\"Output\":{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"},\"Version\":\"1.0\"}",
            K::ProviderMisconfigured,
            "UnknownOperationException",
        ),
        (b"{\"__type\":\"a#ThrottlingException\",\"Message\":\"slow\"}", K::UpstreamRateLimited, "slow"),
        (b"\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00", K::UpstreamError, "checksum"),
    ];
    for (bytes, kind, said) in cases {
        let failure = decode(bytes).unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.message().contains(said), "{failure}");
    }
}

#[test]
fn an_event_that_cannot_be_read_is_the_providers_failure() {
    for (name, payload) in [
        ("contentBlockDelta", "{\"delta\":1}"),
        ("contentBlockStart", "{\"start\":{\"toolUse\":{}}}"),
        ("messageStop", "{}"),
        ("metadata", "["),
    ] {
        let failure = decode(&aws_event(name, payload.as_bytes())).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{name}");
        assert!(failure.message().contains(name), "{failure}");
    }
}

#[test]
fn a_damaged_stream_is_never_taken_for_an_answer() {
    let bytes = transcript("cache");
    let whole = decode(&bytes).unwrap();
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        let found = replay().decode::<BedrockConverse>(&[&damaged], Ending::Clean);
        assert!(found.is_err(), "{place}: {found:?} instead of {whole:?}");
    }
}
