//! Failures, as callers see them.

use openai_responses::OpenAiResponses;
use patchbay_sdk::{CallerFailure, Ingress, testing};
use serde_json::{Value, json};

use crate::event_order::{checked, framed};
use crate::ingress_replies::request;

fn failure(kind: &str) -> CallerFailure {
    CallerFailure {
        kind: kind.into(),
        message: "it broke".into(),
        param: Some("messages[3].content".into()),
        error_type: "upstream_error".into(),
        error_code: Some("upstream_error".into()),
        ..CallerFailure::default()
    }
}

fn chunk() -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": "Onc"}, "finish_reason": null}]})
}

#[test]
fn before_the_reply_a_failure_has_openais_envelope() {
    let reply = OpenAiResponses::fail(502, &failure("upstream-error"));
    assert_eq!(reply.head.status, 502);
    assert_eq!(reply.head.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let expected = json!({"error": {"message": "it broke", "type": "upstream_error",
        "param": "input", "code": "upstream_error"}});
    assert_eq!(body, expected);
}

#[test]
fn a_stream_that_has_begun_fails_as_a_response_with_a_code_of_the_apis_list() {
    let cases = [
        ("upstream-error", "server_error"),
        ("stream-truncated", "server_error"),
        ("upstream-rate-limited", "rate_limit_exceeded"),
        ("content-filtered", "invalid_prompt"),
        ("context-too-long", "context_length_exceeded"),
    ];
    for (kind, code) in cases {
        let bytes =
            testing::fail_reply::<OpenAiResponses>(&request(true), &[chunk()], failure(kind));
        let events = checked(&bytes.unwrap());
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.failed");
        assert_eq!(last["response"]["error"], json!({"code": code, "message": "it broke"}));
        assert_eq!(last["response"]["id"], "resp_1");
    }
}

#[test]
fn a_stream_that_has_not_begun_is_one_error_event() {
    let bytes = testing::fail_reply::<OpenAiResponses>(&request(true), &[], failure("internal"));
    let expected = json!({"type": "error", "code": "upstream_error", "message": "it broke",
        "param": "input", "sequence_number": 0});
    assert_eq!(framed(&bytes.unwrap()), [expected]);
}
