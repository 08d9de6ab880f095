//! The dialect `openai-completions`, natively.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use openai_completions::OpenAiCompletions;
use patchbay_sdk::testing;
use patchbay_sdk::{CallerFailure, Decoded, Encoder, FailureKind, Ingress};
use serde_json::{Value, json};

fn decode(request: Value) -> (Decoded, Value) {
    let mut body = json!({"model": "m"});
    for (name, value) in request.as_object().unwrap() {
        body[name] = value.clone();
    }
    testing::decode::<OpenAiCompletions>("/v1/completions", &body).unwrap()
}

fn refused(request: Value) -> patchbay_sdk::Failure {
    let failure = testing::decode::<OpenAiCompletions>("/v1/completions", &request).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    failure
}

/// The chunks of a stream, which has to end with `[DONE]`.
fn chunks(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let events = text.strip_suffix("data: [DONE]\n\n").expect("ends with [DONE]");
    let events = events.split_terminator("\n\n");
    events
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

fn chunk(choices: Value) -> Value {
    json!({"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1700000000,
        "model": "little-1", "choices": choices, "system_fingerprint": "fp_1"})
}

fn delta(index: u32, text: &str) -> Value {
    chunk(json!([{"index": index, "delta": {"content": text}, "finish_reason": null}]))
}

fn end(index: u32, reason: &str) -> Value {
    chunk(json!([{"index": index, "delta": {}, "finish_reason": reason}]))
}

fn usage() -> Value {
    let mut usage = chunk(json!([]));
    usage["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5});
    usage
}

fn whole(choices: Value) -> Value {
    json!({"id": "chatcmpl-7", "object": "chat.completion", "created": 1700000000,
        "model": "little-1", "choices": choices, "system_fingerprint": "fp_1",
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
            "completion_tokens_details": {"reasoning_tokens": 1}}})
}

fn written(request: Value, documents: &[Value]) -> Vec<u8> {
    let (decoded, _) = decode(request);
    testing::encode_reply::<OpenAiCompletions>(&decoded, documents).unwrap()
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn a_prompt_is_the_message_of_a_user_and_has_the_apis_old_limit() {
    for prompt in [json!("Say \"é\""), json!(["Say \"é\""])] {
        let (decoded, canonical) = decode(json!({"prompt": prompt}));
        assert_eq!(decoded.operation, "chat");
        let expected = json!({"model": "m", "max_tokens": 16,
            "messages": [{"role": "user", "content": "Say \"é\""}]});
        assert_eq!(canonical, expected);
    }
}

#[test]
fn every_member_that_a_chat_has_too_is_carried_with_its_digits() {
    let body = br#"{"model":"m","prompt":"p","max_tokens":9007199254740993,"temperature":1.0,
        "top_p":0.10,"n":2,"stop":["a"],"presence_penalty":-0.5,"frequency_penalty":1e-3,
        "logit_bias":{"50256":-100},"seed":-1,"user":"u","top_k":40,"suffix":"tail","best_of":3,
        "logprobs":2,"stream":true,"stream_options":{"include_usage":true,"new":1}}"#;
    let head = patchbay_sdk::RequestHead::post("/v1/completions");
    let decoded = OpenAiCompletions::decode(&head, body).unwrap();
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"user","content":"p"}],"max_tokens":9007199254740993,"#,
        r#""logprobs":true,"top_logprobs":2,"stream":true,"#,
        r#""stream_options":{"include_usage":true,"new":1},"temperature":1.0,"top_p":0.10,"n":2,"#,
        r#""stop":["a"],"presence_penalty":-0.5,"frequency_penalty":1e-3,"#,
        r#""logit_bias":{"50256":-100},"seed":-1,"user":"u","top_k":40,"suffix":"tail","best_of":3}"#,
    );
    assert_eq!(String::from_utf8(decoded.canonical).unwrap(), expected);
}

#[test]
fn what_asks_for_nothing_is_not_carried() {
    let (_, canonical) = decode(json!({"prompt": "p", "suffix": "", "best_of": 2, "n": 2,
        "logprobs": 0, "echo": false, "stream": false, "user": null, "messages": []}));
    let expected = json!({"model": "m", "max_tokens": 16, "n": 2, "logprobs": true,
        "messages": [{"role": "user", "content": "p"}]});
    assert_eq!(canonical, expected);
}

#[test]
fn what_a_chat_cannot_do_is_refused_by_name() {
    let cases = [
        (json!({"prompt": "p"}), "model"),
        (json!({"model": "m"}), "prompt"),
        (json!({"model": "m", "prompt": null}), "prompt"),
        (json!({"model": "m", "prompt": []}), "prompt"),
        (json!({"model": "m", "prompt": [1, 2, 3]}), "prompt"),
        (json!({"model": "m", "prompt": [[1, 2], [3]]}), "prompt"),
        (json!({"model": "m", "prompt": ["a", "b"]}), "prompt"),
        (json!({"model": "m", "prompt": {"secret": 1}}), "prompt"),
        (json!({"model": "m", "prompt": "p", "echo": true, "logprobs": 1}), "echo"),
        (json!({"model": "m", "prompt": "p", "max_tokens": "secret"}), "max_tokens"),
        (json!({"model": "m", "prompt": "p", "stream": 1}), "stream"),
        (
            json!({"model": "m", "prompt": "p", "stream_options": {"include_usage": 1}}),
            "stream_options.include_usage",
        ),
    ];
    for (request, param) in cases {
        let failure = refused(request.clone());
        assert_eq!(failure.param(), Some(param), "{request}");
        assert!(failure.message().contains(param), "{failure}");
        assert!(!failure.message().contains("secret"), "{failure}");
    }
}

#[test]
fn a_whole_reply_is_one_completion() {
    let document = whole(json!([
        {"index": 0, "message": {"role": "assistant", "content": "Grüße 👋"},
            "finish_reason": "stop", "logprobs": null},
        {"index": 1, "message": {"role": "assistant", "content": null, "refusal": "No."},
            "finish_reason": "content_filter", "logprobs": null},
        {"index": 2, "message": {"role": "assistant", "content": null, "tool_calls": []},
            "finish_reason": "tool_calls", "logprobs": null},
    ]));
    let reply: Value =
        serde_json::from_slice(&written(json!({"prompt": "p", "n": 3}), &[document])).unwrap();
    testing::assert_golden("tests/golden/whole.json", &reply);
}

#[test]
fn a_stream_is_chunks_of_the_same_form_and_then_done() {
    let documents = [
        delta(0, ""),
        delta(0, "Grü"),
        delta(1, "a"),
        chunk(json!([{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": null}])),
        delta(0, "ße\n👋"),
        end(0, "tool_calls"),
        end(1, "length"),
        usage(),
    ];
    let found = chunks(&written(json!({"prompt": "p", "n": 2, "stream": true}), &documents));
    testing::assert_golden("tests/golden/stream.json", &json!(found));
}

#[test]
fn the_usage_comes_in_a_chunk_of_its_own_if_it_is_wanted() {
    let request = json!({"prompt": "p", "stream": true, "stream_options": {"include_usage": true}});
    let found = chunks(&written(request, &[delta(0, "a"), end(0, "stop"), usage()]));
    assert_eq!(found.len(), 3);
    assert_eq!(found[0]["usage"], Value::Null);
    assert!(found[0].get("usage").is_some(), "null, not absent");
    assert_eq!(found[2]["choices"], json!([]));
    assert_eq!(found[2]["usage"]["total_tokens"], 5);
}

#[test]
fn an_echoed_prompt_stands_before_every_text_once() {
    let document = whole(json!([{"index": 0, "message": {"role": "assistant", "content": " b"},
        "finish_reason": "stop"}]));
    let reply: Value =
        serde_json::from_slice(&written(json!({"prompt": "a", "echo": true}), &[document]))
            .unwrap();
    assert_eq!(reply["choices"][0]["text"], "a b");

    let request = json!({"prompt": "a", "echo": true, "stream": true, "n": 2});
    let documents =
        [delta(0, ""), delta(0, "b"), delta(1, "c"), delta(0, "d"), end(0, "stop"), end(1, "stop")];
    let mut texts = [String::new(), String::new()];
    for chunk in chunks(&written(request, &documents)) {
        let choice = &chunk["choices"][0];
        texts[choice["index"].as_u64().unwrap() as usize] += choice["text"].as_str().unwrap();
    }
    assert_eq!(texts, ["abd", "ac"]);
}

#[test]
fn log_probabilities_are_lists_whose_offsets_go_on_from_chunk_to_chunk() {
    let entries = |tokens: &[&str]| -> Value {
        let entries = tokens.iter().map(|token| {
            json!({"token": token, "logprob": -0.5, "bytes": null,
                "top_logprobs": [{"token": token, "logprob": -0.5, "bytes": null},
                    {"token": "x", "logprob": -2.25, "bytes": null}]})
        });
        json!({"content": entries.collect::<Vec<_>>(), "refusal": null})
    };
    let with = |text: &str, tokens: &[&str]| {
        chunk(json!([{"index": 0, "delta": {"content": text}, "logprobs": entries(tokens),
            "finish_reason": null}]))
    };
    let request = json!({"prompt": "été", "logprobs": 2, "stream": true});
    let documents = [with("é b", &["é", " b"]), with("c", &["c"]), end(0, "stop")];
    let found = chunks(&written(request, &documents));
    let top = |token: &str| json!({token: -0.5, "x": -2.25});
    let expected = json!({"tokens": ["é", " b"], "token_logprobs": [-0.5, -0.5],
        "top_logprobs": [top("é"), top(" b")], "text_offset": [3, 4]});
    assert_eq!(found[0]["choices"][0]["logprobs"], expected);
    assert_eq!(found[1]["choices"][0]["logprobs"]["text_offset"], json!([6]));
    assert_eq!(found[2]["choices"][0]["logprobs"], Value::Null);
}

fn failure() -> CallerFailure {
    CallerFailure {
        kind: "upstream-error".into(),
        message: "the provider broke".into(),
        param: Some("messages[0].content".into()),
        error_type: "upstream_error".into(),
        error_code: Some("upstream_error".into()),
        ..CallerFailure::default()
    }
}

#[test]
fn a_failure_has_openais_envelope_and_this_apis_names() {
    let reply = OpenAiCompletions::fail(502, &failure());
    assert_eq!(reply.head.status, 502);
    assert_eq!(reply.head.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let expected = json!({"error": {"message": "the provider broke", "type": "upstream_error",
        "param": "prompt", "code": "upstream_error"}});
    assert_eq!(body, expected);
}

#[test]
fn a_stream_that_fails_ends_with_the_error_and_is_not_done() {
    let (decoded, _) = decode(json!({"prompt": "p", "stream": true}));
    let bytes =
        testing::fail_reply::<OpenAiCompletions>(&decoded, &[delta(0, "a")], failure()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let events: Vec<_> = text.split_terminator("\n\n").collect();
    assert_eq!(events.len(), 2);
    assert!(events[1].starts_with(r#"data: {"error":{"message":"the provider broke""#), "{text}");
}

#[test]
fn the_head_says_whether_it_streams() {
    type Writer = <OpenAiCompletions as Ingress>::Encoder;
    for (streaming, kind) in [(true, "text/event-stream"), (false, "application/json")] {
        let head = Writer::new(Vec::new(), streaming).head();
        assert_eq!((head.status, head.header("content-type")), (200, Some(kind)));
    }
}

#[test]
fn no_document_or_a_wrong_one_is_a_failure() {
    for streaming in [true, false] {
        let (decoded, _) = decode(json!({"prompt": "p", "stream": streaming}));
        let failure = testing::encode_reply::<OpenAiCompletions>(&decoded, &[]).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError);
        let wrong = [json!({"id": "x"})];
        let failure = testing::encode_reply::<OpenAiCompletions>(&decoded, &wrong).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError);
    }
}
