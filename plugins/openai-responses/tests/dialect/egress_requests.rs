//! Requests to providers.

use openai_responses::OpenAiResponses;
use patchbay_sdk::{Call, FailureKind, Normalizer, testing};
use serde_json::{Value, json};

#[test]
fn chat_alone_is_planned_and_always_rewritten() {
    for (call, accept) in
        [(testing::chat("m"), "application/json"), (testing::chat_stream("m"), "text/event-stream")]
    {
        let plan = OpenAiResponses::plan(&call).unwrap();
        assert!(plan.encode_body && !plan.verbatim);
        assert_eq!((&*plan.head.method, &*plan.head.path_and_query), ("POST", "/responses"));
        assert_eq!(plan.head.headers[1].value, accept);
    }
    for call in
        [testing::embeddings("m"), Call { operation: "count-tokens".into(), ..testing::chat("m") }]
    {
        let failure = OpenAiResponses::plan(&call).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::NotFound);
    }
}

#[test]
fn every_chat_is_encoded() {
    let call = testing::chat("little-1");
    for case in testing::chat_cases() {
        let encoded = testing::encode::<OpenAiResponses>(&call, case.request);
        let path = format!("tests/golden/requests/{}.json", case.name);
        testing::assert_golden(&path, &testing::encoded_value(encoded));
    }
}

#[test]
fn a_stream_is_asked_for() {
    let call = testing::chat_stream("little-1");
    for case in testing::chat_cases().into_iter().take(2) {
        let encoded = testing::encode::<OpenAiResponses>(&call, case.request);
        let path = format!("tests/golden/requests/{}_streamed.json", case.name);
        testing::assert_golden(&path, &testing::encoded_value(encoded));
    }
}

fn encoded(settings: Value, members: Value) -> (Value, Vec<String>) {
    let mut request = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    let call = Call { settings: settings.to_string(), ..testing::chat("m") };
    let encoded = testing::encode::<OpenAiResponses>(&call, request).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.dropped)
}

#[test]
fn what_only_a_chat_has_is_named_and_the_rest_is_carried() {
    let (body, dropped) = encoded(
        json!({}),
        json!({"n": 2, "stop": "a", "seed": 1, "logit_bias": {"1": 2}, "modalities": ["text"],
            "store": true, "audio": null, "prompt_cache_key": "k", "verbosity": "low",
            "max_tokens": 5, "reasoning": {"summary": "detailed"}, "reasoning_effort": "high",
            "logprobs": true, "top_logprobs": 2, "truncation": "auto",
            "stream_options": {"include_usage": true, "include_obfuscation": false}}),
    );
    assert_eq!(dropped, ["n", "stop", "seed", "logit_bias", "modalities", "store"]);
    let expected = json!({"model": "m", "store": false, "max_output_tokens": 5,
        "input": [{"type": "message", "role": "user", "content": "hi"}],
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "reasoning": {"summary": "detailed", "effort": "high"}, "text": {"verbosity": "low"},
        "top_logprobs": 2, "prompt_cache_key": "k", "truncation": "auto",
        "stream_options": {"include_obfuscation": false}});
    assert_eq!(body, expected);
}

#[test]
fn the_operator_says_whether_reasoning_is_summed_up_and_encrypted() {
    let settings = json!({"reasoning_summary": "auto", "encrypted_reasoning": false, "other": 1});
    let (body, _) = encoded(settings.clone(), json!({}));
    assert_eq!(body["reasoning"], json!({"summary": "auto"}));
    assert!(body.get("include").is_none());
    let (body, _) = encoded(settings, json!({"reasoning": {"summary": "concise"}}));
    assert_eq!(body["reasoning"], json!({"summary": "concise"}), "the caller's word counts");

    let call = Call { settings: r#"{"reasoning_summary":"long"}"#.into(), ..testing::chat("m") };
    let failure = OpenAiResponses::plan(&call).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert_eq!(failure.param(), Some("settings.reasoning_summary"));
}

#[test]
fn messages_keep_what_has_a_place_and_the_rest_is_named() {
    let (body, dropped) = encoded(
        json!({}),
        json!({"messages": [
            {"role": "user", "name": "ada", "content": [
                {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "file", "file": {"file_url": "https://a.example/x.pdf", "new": 1}},
                {"type": "video_url", "video_url": {"url": "x"}}]},
            {"role": "assistant", "content": [{"type": "text", "text": "b"},
                {"type": "refusal", "refusal": "c"}], "phase": "commentary", "audio": {"id": "x"}},
            {"role": "assistant", "content": "d", "reasoning_content": "hm"},
            {"role": "assistant", "content": "", "reasoning_details": [{"type":
                "reasoning.encrypted", "data": "x", "format": "openai-responses-v1"}]},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "critic", "content": "e"}]}),
    );
    let expected = json!([
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "input_file", "file_url": "https://a.example/x.pdf"}]},
        {"type": "message", "role": "assistant", "phase": "commentary", "content": [
            {"type": "output_text", "text": "b"}, {"type": "refusal", "refusal": "c"}]},
        {"type": "message", "role": "assistant",
            "content": [{"type": "output_text", "text": "d"}]},
        {"type": "message", "role": "critic", "content": "e"}]);
    assert_eq!(body["input"], expected);
    let named = [
        "messages[0].content[1].file.new",
        "messages[0].content[2].video_url",
        "messages[0].content[2]",
        "messages[0].name",
        "messages[1].audio",
        "messages[2].reasoning_content",
        "messages[3].reasoning_details",
        "messages[4]",
    ];
    assert_eq!(dropped, named);
}

#[test]
fn digits_survive() {
    let canonical = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],
        "temperature":1.0,"max_completion_tokens":9007199254740993,"x":1e400,
        "tools":[{"type":"function","function":{"name":"f","parameters":{"multipleOf":0.010}}}]}"#;
    let encoded = OpenAiResponses::encode(&testing::chat("m"), canonical).unwrap();
    let body = String::from_utf8(encoded.body).unwrap();
    for kept in [
        r#""temperature":1.0"#,
        r#""max_output_tokens":9007199254740993"#,
        r#""x":1e400"#,
        r#""multipleOf":0.010"#,
    ] {
        assert!(body.contains(kept), "{kept} in {body}");
    }
}
