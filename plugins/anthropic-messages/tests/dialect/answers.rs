//! Canonical replies and failures as callers get them.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::{assert_golden, encode_reply, fail_reply};
use patchbay_sdk::{CallerFailure, Decoded, Encoder as _, Failure, FailureKind, Ingress as _};
use serde_json::{Value, json};

use crate::MODEL;

pub(crate) fn asked(streaming: bool) -> Decoded {
    Decoded::new("chat", MODEL, streaming, Vec::new())
}

/// The events of a stream, each with the name that its data has too.
pub(crate) fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).expect("the test gave it");
    assert!(text.is_empty() || text.ends_with("\n\n"), "{text:?}");
    let read = |event: &str| {
        let (name, data) = event.split_once("\ndata: ").expect("the test gave it");
        let data: Value = serde_json::from_str(data).expect("the test gave it");
        assert_eq!(name, format!("event: {}", data["type"].as_str().expect("the test gave it")));
        data
    };
    text.split_terminator("\n\n").map(read).collect()
}

fn chunk(delta: Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    let mut chunk = chunk(json!({}));
    chunk["choices"][0]["finish_reason"] = reason.into();
    chunk
}

fn usage(usage: Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL,
        "choices": [], "usage": usage})
}

fn call(index: u32, id: &str, name: &str, arguments: &str) -> Value {
    let function = json!({"name": name, "arguments": arguments});
    chunk(
        json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}),
    )
}

fn arguments(index: u32, arguments: &str) -> Value {
    chunk(json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}))
}

fn stream(documents: &[Value]) -> Result<Vec<Value>, Failure> {
    encode_reply::<AnthropicMessages>(&asked(true), documents).map(|bytes| events(&bytes))
}

fn whole(message: Value, reason: &str) -> Value {
    let document = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": null}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}});
    let bytes =
        encode_reply::<AnthropicMessages>(&asked(false), &[document]).expect("the test gave it");
    serde_json::from_slice(&bytes).expect("the test gave it")
}

fn role() -> Value {
    chunk(json!({"role": "assistant", "content": ""}))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn every_kind_of_stream_has_the_vendors_events_in_the_vendors_order() {
    let counts = usage(json!({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3}}));
    let reasoning = |text: &str| chunk(json!({"reasoning_content": text}));
    let text = |text: &str| chunk(json!({"content": text}));
    let cases = [
        ("text", vec![role(), text("Grüße "), text("\"👋\"\n"), end("stop"), counts.clone()]),
        (
            "reasoning_then_text",
            vec![role(), reasoning("h"), reasoning("m"), text("a"), end("stop"), counts],
        ),
        (
            "one_call",
            vec![
                role(),
                text("I look."),
                call(0, "c0", "f", ""),
                arguments(0, "{\"a\":"),
                arguments(0, "1}"),
                end("tool_calls"),
            ],
        ),
        (
            "calls_in_a_row",
            vec![
                role(),
                call(0, "c0", "f", "{}"),
                call(1, "c1", "g", ""),
                arguments(1, "{\"b\":2}"),
                end("tool_calls"),
            ],
        ),
        (
            "interleaved_calls",
            vec![
                role(),
                call(0, "c0", "f", ""),
                call(1, "c1", "g", ""),
                arguments(1, "{\"b\":"),
                arguments(0, "{\"a\":"),
                arguments(1, "2}"),
                arguments(0, "1}"),
                end("tool_calls"),
            ],
        ),
        (
            "call_without_arguments_then_text",
            vec![
                role(),
                call(0, "c0", "f", ""),
                text("more"),
                call(1, "c1", "g", ""),
                arguments(0, "{}"),
                arguments(1, "{}"),
                end("stop"),
            ],
        ),
        ("refusal", vec![role(), chunk(json!({"refusal": "No."})), end("stop")]),
        ("nothing", vec![role(), end("stop")]),
    ];
    for (name, documents) in cases {
        let events = stream(&documents).unwrap();
        assert_golden(&format!("tests/golden/answers/{name}.stream.json"), &json!(events));
    }
}

#[test]
fn text_reaches_the_caller_at_once() {
    let mut encoder = <AnthropicMessages as patchbay_sdk::Ingress>::Encoder::new(Vec::new(), true);
    let mut push =
        |document: Value| events(&encoder.push(vec![document.to_string().into()]).unwrap());
    assert_eq!(push(role()).len(), 1, "message_start");
    assert_eq!(push(chunk(json!({"content": "a"}))).len(), 2, "the block and its text");
    let next = push(chunk(json!({"content": "b"})));
    let expected = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "b"}});
    assert_eq!(next, [expected]);
}

#[test]
fn every_kind_of_message_is_written_whole() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let cases = [
        ("text", json!({"role": "assistant", "content": "a"}), "stop"),
        (
            "calls",
            json!({"role": "assistant", "content": null, "tool_calls": [call("c0", "{\"n\":9007199254740993}"), call("c1", "{}")]}),
            "tool_calls",
        ),
        (
            "broken_arguments",
            json!({"role": "assistant", "content": null, "tool_calls": [call("c0", "{\"n\":")]}),
            "length",
        ),
        (
            "reasoning",
            json!({"role": "assistant", "content": "a", "reasoning_content": "hm"}),
            "stop",
        ),
        ("refusal", json!({"role": "assistant", "content": null, "refusal": "No."}), "stop"),
        ("filtered", json!({"role": "assistant", "content": ""}), "content_filter"),
    ];
    for (name, message, reason) in cases {
        assert_golden(&format!("tests/golden/answers/{name}.whole.json"), &whole(message, reason));
    }
}

#[test]
fn each_finish_reason_has_its_stop_reason() {
    for (reason, expected) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "refusal"),
        ("brand_new", "end_turn"),
    ] {
        let message = json!({"role": "assistant", "content": "a"});
        assert_eq!(whole(message, reason)["stop_reason"], expected, "{reason}");
        let events = stream(&[role(), end(reason)]).unwrap();
        assert_eq!(events[1]["delta"]["stop_reason"], expected, "{reason}");
    }
}

#[test]
fn counts_of_the_cache_stand_apart_from_the_input() {
    let cases = [
        (json!({"prompt_tokens": 10, "completion_tokens": 2}), (10, 0, 0, 2)),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}),
            (6, 0, 4, 2),
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 2, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5}),
            (2, 3, 5, 2),
        ),
        (
            json!({"prompt_tokens": 1, "completion_tokens": 2, "cache_read_input_tokens": 5}),
            (0, 0, 5, 2),
        ),
    ];
    for (counts, (input, created, read, output)) in cases {
        let events = stream(&[role(), end("stop"), usage(counts.clone())]).unwrap();
        let expected = json!({"input_tokens": input, "cache_creation_input_tokens": created,
            "cache_read_input_tokens": read, "output_tokens": output});
        assert_eq!(events[1]["usage"], expected, "{counts}");
    }
}

#[test]
fn a_count_of_tokens_is_written_bare() {
    let decoded = Decoded::new("count-tokens", MODEL, false, Vec::new());
    let document = json!({"object": "token_count", "input_tokens": 2095});
    let bytes = encode_reply::<AnthropicMessages>(&decoded, &[document]).unwrap();
    assert_eq!(bytes, br#"{"input_tokens":2095}"#);
}

#[test]
fn a_failure_in_a_stream_is_one_error_event_and_no_end() {
    let failure = CallerFailure {
        kind: "upstream-overloaded".into(),
        message: "Overloaded".into(),
        ..CallerFailure::default()
    };
    let documents = [role(), chunk(json!({"content": "a"}))];
    let bytes = fail_reply::<AnthropicMessages>(&asked(true), &documents, failure).unwrap();
    let events = events(&bytes);
    let error =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(events.last(), Some(&error));
    assert!(events.iter().all(|event| event["type"] != "message_stop"));
}

#[test]
fn what_is_no_reply_is_not_written_as_one() {
    for documents in [vec![], vec![role()], vec![json!({"id": "x"})], vec![json!([])]] {
        for streaming in [true, false] {
            let decoded = asked(streaming);
            let failure = encode_reply::<AnthropicMessages>(&decoded, &documents).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::UpstreamError, "{documents:?}");
        }
    }
    let late = [
        role(),
        call(0, "c0", "f", "{\"a\":"),
        chunk(json!({"content": "x"})),
        arguments(0, "1}"),
        end("stop"),
    ];
    assert_eq!(stream(&late).unwrap_err().kind(), FailureKind::UpstreamError);
}

#[test]
fn the_head_says_what_the_body_is() {
    for (streaming, expected) in
        [(true, "text/event-stream; charset=utf-8"), (false, "application/json")]
    {
        let encoder =
            <AnthropicMessages as patchbay_sdk::Ingress>::Encoder::new(Vec::new(), streaming);
        assert_eq!(encoder.head().header("content-type"), Some(expected));
    }
}

#[test]
fn each_kind_of_failure_has_its_type() {
    let cases = [
        (400, "invalid-request", "invalid_request_error"),
        (400, "context-too-long", "invalid_request_error"),
        (400, "content-filtered", "invalid_request_error"),
        (401, "unauthenticated", "authentication_error"),
        (403, "forbidden", "permission_error"),
        (404, "not-found", "not_found_error"),
        (408, "request-timeout", "timeout_error"),
        (413, "payload-too-large", "request_too_large"),
        (429, "rate-limited", "rate_limit_error"),
        (429, "quota-exceeded", "rate_limit_error"),
        (503, "queue-full", "overloaded_error"),
        (503, "upstream-overloaded", "overloaded_error"),
        (502, "upstream-auth", "api_error"),
        (502, "upstream-error", "api_error"),
        (504, "upstream-timeout", "timeout_error"),
        (502, "stream-truncated", "api_error"),
        (500, "internal", "api_error"),
        (422, "brand-new", "invalid_request_error"),
        (529, "brand-new", "overloaded_error"),
    ];
    for (status, kind, expected) in cases {
        let failure =
            CallerFailure { kind: kind.into(), message: "m".into(), ..CallerFailure::default() };
        let reply = AnthropicMessages::fail(status, &failure);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((reply.head.status, &body["type"]), (status, &json!("error")));
        assert_eq!(body["error"]["type"], expected, "{kind}");
    }
}

#[test]
fn the_message_names_the_member_and_says_what_clients_look_for() {
    let message = |kind: &str, message: &str, param: Option<&str>| {
        let failure = CallerFailure {
            kind: kind.into(),
            message: message.into(),
            param: param.map(Into::into),
            ..CallerFailure::default()
        };
        let body: Value =
            serde_json::from_slice(&AnthropicMessages::fail(400, &failure).body).unwrap();
        body["error"]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(message("invalid-request", "has to be 1", Some("top_p")), "top_p: has to be 1");
    assert_eq!(message("invalid-request", "top_p: too much", Some("top_p")), "top_p: too much");
    assert_eq!(message("context-too-long", "8 > 4", None), "prompt is too long: 8 > 4");
    assert_eq!(message("context-too-long", "prompt is too long: 8", None), "prompt is too long: 8");
}
