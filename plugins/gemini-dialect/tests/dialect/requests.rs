//! Canonical requests in Google's form.

use gemini_dialect::Gemini;
use patchbay_sdk::testing::{self, assert_golden, encoded_value};
use patchbay_sdk::{Call, FailureKind};
use serde_json::{Value, json};

const MODEL: &str = "gemini-3-flash-preview";

fn call(model: &str, settings: &Value) -> Call {
    Call { settings: settings.to_string(), ..testing::chat(model) }
}

fn encode(model: &str, settings: &Value, request: Value) -> (Value, Vec<String>) {
    let encoded =
        testing::encode::<Gemini>(&call(model, settings), request).expect("a good fixture");
    (serde_json::from_slice(&encoded.body).expect("a good fixture"), encoded.dropped)
}

fn hello(members: Value) -> Value {
    let mut request = json!({"messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in members.as_object().expect("a good fixture") {
        request[name] = value.clone();
    }
    request
}

#[test]
fn every_case_is_what_the_api_wants() {
    for case in testing::chat_cases() {
        let call = testing::chat(MODEL);
        let encoded = encoded_value(testing::encode::<Gemini>(&call, case.request.clone()));
        assert_golden(&format!("tests/golden/requests/{}.json", case.name), &encoded);
        let call = testing::chat_stream(MODEL);
        let streamed = encoded_value(testing::encode::<Gemini>(&call, case.request));
        assert_eq!(streamed, encoded, "{}: only the method says that it streams", case.name);
    }
}

#[test]
fn an_effort_is_a_level_or_a_budget_by_the_model() {
    let cases = [
        (
            "gemini-3-flash-preview",
            "minimal",
            json!({"thinkingLevel": "MINIMAL", "includeThoughts": true}),
        ),
        (
            "gemini-3-flash-preview",
            "none",
            json!({"thinkingLevel": "MINIMAL", "includeThoughts": true}),
        ),
        (
            "gemini-3-pro-preview",
            "minimal",
            json!({"thinkingLevel": "LOW", "includeThoughts": true}),
        ),
        (
            "gemini-3-pro-preview",
            "medium",
            json!({"thinkingLevel": "MEDIUM", "includeThoughts": true}),
        ),
        ("gemini-2.5-flash", "none", json!({"thinkingBudget": 0})),
        ("gemini-2.5-pro", "none", json!({"thinkingBudget": 128, "includeThoughts": true})),
        ("gemini-2.5-flash", "low", json!({"thinkingBudget": 1024, "includeThoughts": true})),
        ("gemini-2.5-flash", "medium", json!({"thinkingBudget": 8192, "includeThoughts": true})),
        ("gemini-2.5-pro", "high", json!({"thinkingBudget": 24576, "includeThoughts": true})),
    ];
    for (model, effort, config) in cases {
        let request = hello(json!({"reasoning_effort": effort}));
        let (body, dropped) = encode(model, &json!({}), request);
        assert_eq!(body["generationConfig"]["thinkingConfig"], config, "{model} {effort}");
        assert!(dropped.is_empty(), "{model} {effort}");
    }
    for (model, effort) in [("gemini-2.0-flash", "high"), ("gemini-2.5-flash", "enormous")] {
        let (body, dropped) = encode(model, &json!({}), hello(json!({"reasoning_effort": effort})));
        assert_eq!(body.get("generationConfig"), None);
        assert_eq!(dropped, ["reasoning_effort"]);
    }
}

#[test]
fn of_several_wishes_one_counts_and_the_others_are_named() {
    let all = json!({
        "reasoning_effort": "low", "thinking": {"type": "disabled"},
        "thinkingConfig": {"thinkingBudget": 5},
    });
    let (body, dropped) = encode("gemini-2.5-flash", &json!({}), hello(all.clone()));
    assert_eq!(body["generationConfig"]["thinkingConfig"], json!({"thinkingBudget": 5}));
    assert_eq!(dropped, ["reasoning_effort", "thinking"]);
    let two = json!({"reasoning_effort": "low", "thinking": all["thinking"]});
    let (body, dropped) = encode("gemini-2.5-flash", &json!({}), hello(two));
    assert_eq!(body["generationConfig"]["thinkingConfig"]["thinkingBudget"], 1024);
    assert_eq!(dropped, ["thinking"]);
}

#[test]
fn anthropics_thinking_is_understood() {
    let enabled = json!({"type": "enabled", "budget_tokens": 2000});
    let cases = [
        (
            "gemini-2.5-flash",
            enabled.clone(),
            json!({"thinkingBudget": 2000, "includeThoughts": true}),
        ),
        (
            "gemini-3-flash-preview",
            enabled,
            json!({"thinkingLevel": "MEDIUM", "includeThoughts": true}),
        ),
        ("gemini-2.5-flash", json!({"type": "disabled"}), json!({"thinkingBudget": 0})),
        ("gemini-2.5-flash", json!({"type": "adaptive"}), json!({"includeThoughts": true})),
    ];
    for (model, thinking, config) in cases {
        let (body, dropped) = encode(model, &json!({}), hello(json!({"thinking": thinking})));
        assert_eq!(body["generationConfig"]["thinkingConfig"], config, "{model} {thinking}");
        assert!(dropped.is_empty());
    }
    let (_, dropped) =
        encode("gemma-3", &json!({}), hello(json!({"thinking": {"type": "enabled"}})));
    assert_eq!(dropped, ["thinking"]);
}

#[test]
fn settings_overrule_how_thinking_is_said_and_shown() {
    let effort = hello(json!({"reasoning_effort": "low"}));
    let cases = [
        (
            json!({"thinking": "budget"}),
            effort.clone(),
            json!({"thinkingBudget": 1024, "includeThoughts": true}),
        ),
        (json!({"include_thoughts": false}), effort, json!({"thinkingLevel": "LOW"})),
        (json!({"include_thoughts": true}), hello(json!({})), json!({"includeThoughts": true})),
        (
            json!({}),
            hello(
                json!({"reasoning_effort": "low", "thinking_config": {"thinking_level": "high"}}),
            ),
            json!({"thinking_level": "high"}),
        ),
    ];
    for (settings, request, config) in cases {
        let (body, _) = encode(MODEL, &settings, request);
        assert_eq!(body["generationConfig"]["thinkingConfig"], config, "{settings}");
    }
}

#[test]
fn members_in_googles_words_are_carried_in_either_spelling() {
    let request = hello(json!({
        "temperature": 0.5,
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/1",
        "top_k": 40,
        "generationConfig": {"temperature": 1.0, "responseModalities": ["TEXT", "IMAGE"]},
        "toolConfig": {"retrievalConfig": {"languageCode": "fr"}},
        "unheard_of": null, "safetysettings": [],
    }));
    let settings = json!({
        "generation_config": {"topK": 1, "mediaResolution": "MEDIA_RESOLUTION_LOW"},
        "safety_settings": [],
    });
    let (body, dropped) = encode(MODEL, &settings, request);
    assert_eq!(
        body,
        json!({
            "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
            "generationConfig": {
                "temperature": 0.5, "topK": 40, "responseModalities": ["TEXT", "IMAGE"],
                "mediaResolution": "MEDIA_RESOLUTION_LOW",
            },
            "toolConfig": {"retrievalConfig": {"languageCode": "fr"}},
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "cachedContent": "cachedContents/1",
        })
    );
    assert_eq!(dropped, ["safetysettings"]);

    let (body, _) = encode(MODEL, &settings, hello(json!({})));
    assert_eq!(body["safetySettings"], json!([]));
    assert_eq!(body["generationConfig"]["topK"], 1);
}

#[test]
fn googles_own_tools_stand_beside_functions() {
    let request = hello(json!({"tools": [
        {"type": "google_search"},
        {"type": "function", "function": {"name": "f", "strict": true, "new": 1}},
        {"type": "codeExecution", "codeExecution": {}},
        {"type": "custom", "custom": {"name": "c"}},
    ]}));
    let (body, dropped) = encode(MODEL, &json!({}), request);
    assert_eq!(
        body["tools"],
        json!([
            {"functionDeclarations": [{"name": "f"}]},
            {"googleSearch": {}},
            {"codeExecution": {}},
        ])
    );
    assert_eq!(dropped, ["tools[1].function.new", "tools[1].function.strict", "tools[3]"]);
}

#[test]
fn choices_and_tiers_have_googles_names() {
    let (body, dropped) =
        encode(MODEL, &json!({}), hello(json!({"n": 2, "service_tier": "default"})));
    assert_eq!(body["generationConfig"], json!({"candidateCount": 2}));
    assert_eq!(body["serviceTier"], "standard");
    assert!(dropped.is_empty());

    let (body, dropped) = encode(
        MODEL,
        &json!({}),
        hello(json!({"service_tier": "scale", "tool_choice": "required", "top_logprobs": 2})),
    );
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(dropped, ["tool_choice", "top_logprobs", "service_tier"]);
}

fn after_calls(results: Value) -> Value {
    let function = |arguments: &str| json!({"name": "get_weather", "arguments": arguments});
    let mut messages = vec![
        json!({"role": "user", "content": "Weather?"}),
        json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": function(r#"{"city":"Paris"}"#)},
            {"id": "b", "type": "function", "function": function("{}")},
        ]}),
    ];
    messages.extend(results.as_array().expect("a good fixture").iter().cloned());
    json!({"messages": messages})
}

#[test]
fn results_go_in_the_order_of_their_calls_with_their_names() {
    let request = after_calls(json!([
        {"role": "tool", "tool_call_id": "b", "content": "[1, 2]"},
        {"role": "tool", "tool_call_id": "a", "content": [
            {"type": "text", "text": "{\"degrees\": 9007199254740993}"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ]},
        {"role": "user", "content": "So?"},
    ]));
    let (body, dropped) = encode("gemini-2.5-flash", &json!({}), request);
    let expected = json!({"role": "user", "parts": [
        {"functionResponse": {
            "id": "a", "name": "get_weather", "response": {"degrees": 9_007_199_254_740_993_u64},
            "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}],
        }},
        {"functionResponse": {"id": "b", "name": "get_weather", "response": {"output": "[1, 2]"}}},
    ]});
    assert_eq!(body["contents"][2], expected);
    assert_eq!(body["contents"][3], json!({"role": "user", "parts": [{"text": "So?"}]}));
    assert!(dropped.is_empty());
}

#[test]
fn ids_of_calls_are_left_out_for_servers_that_refuse_them() {
    let request = after_calls(json!([{"role": "tool", "tool_call_id": "a", "content": "x"}]));
    let (body, _) = encode("gemini-2.5-flash", &json!({"call_ids": false}), request);
    assert!(!body.to_string().contains("\"id\""), "{body}");
}

#[test]
fn a_call_of_another_model_gets_the_documented_stand_in_for_its_signature() {
    let request = after_calls(json!([{"role": "tool", "tool_call_id": "a", "content": "x"}]));
    let signatures = |body: &Value| -> Vec<Value> {
        let parts = body["contents"][1]["parts"].as_array().unwrap();
        parts.iter().map(|part| part["thoughtSignature"].clone()).collect()
    };
    let (body, _) = encode(MODEL, &json!({}), request.clone());
    assert_eq!(signatures(&body), [json!("skip_thought_signature_validator"), Value::Null]);
    let (body, _) = encode("gemini-2.5-flash", &json!({}), request);
    assert_eq!(signatures(&body), [Value::Null, Value::Null]);
}

#[test]
fn instructions_alone_are_what_the_user_says() {
    let request = json!({"messages": [{"role": "developer", "content": "Say hello."}]});
    let (body, _) = encode(MODEL, &json!({}), request);
    assert_eq!(body, json!({"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}));
}

#[test]
fn neighbouring_turns_of_one_role_are_one_turn() {
    let request = json!({"messages": [
        {"role": "user", "content": "a"}, {"role": "user", "content": ""},
        {"role": "user", "name": "eve", "content": "b"}, {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": "d"},
    ]});
    let (body, dropped) = encode(MODEL, &json!({}), request);
    assert_eq!(
        body["contents"],
        json!([
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
        ])
    );
    assert_eq!(dropped, ["messages[2].name"]);
}

#[test]
fn addresses_keep_or_get_a_media_type() {
    let request = json!({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "gs://b/x", "mime_type": "image/webp"}},
        {"type": "file", "file": {"file_id": "https://generativelanguage.googleapis.com/v1beta/files/a"}},
        {"type": "file", "file": {"file_data": "gs://b/table.csv"}},
        {"type": "video_url", "video_url": {"url": "https://youtu.be/x"}},
        {"type": "holo_url", "holo_url": {}},
    ]}]});
    let (body, dropped) = encode(MODEL, &json!({}), request);
    let part =
        |mime_type: &str, uri: &str| json!({"fileData": {"mimeType": mime_type, "fileUri": uri}});
    assert_eq!(
        body["contents"][0]["parts"],
        json!([
            part("image/webp", "gs://b/x"),
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}},
            part("text/csv", "gs://b/table.csv"),
            {"fileData": {"fileUri": "https://youtu.be/x"}},
        ])
    );
    assert_eq!(dropped, ["messages[0].content[4]"]);
}

#[test]
fn what_cannot_be_said_is_refused_with_its_place() {
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let cases = [
        (json!({"messages": []}), "messages"),
        (json!({"messages": [{"role": "user", "content": ""}]}), "messages"),
        (json!({"messages": [{"role": "oracle", "content": "x"}]}), "messages[0].role"),
        (
            after_calls(json!([{"role": "tool", "tool_call_id": "z", "content": "x"}])),
            "messages[2].tool_call_id",
        ),
        (
            part(json!({"type": "image_url", "image_url": {"url": "cat.png"}})),
            "messages[0].content[0].image_url.url",
        ),
        (
            part(json!({"type": "file", "file": {"file_id": "file-123"}})),
            "messages[0].content[0].file.file_id",
        ),
        (
            part(json!({"type": "file", "file": {"file_data": "AAAA"}})),
            "messages[0].content[0].file.file_data",
        ),
        (
            json!({"messages": [{"role": "assistant", "tool_calls": [
                {"id": "a", "function": {"name": "f", "arguments": "[1]"}}]}]}),
            "messages[0].tool_calls[0].function.arguments",
        ),
    ];
    for (request, param) in cases {
        let failure =
            testing::encode::<Gemini>(&testing::chat(MODEL), request.clone()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{request}");
        assert_eq!(failure.param(), Some(param), "{request}");
    }
}

#[test]
fn tokens_are_counted_of_a_request_inside_a_request_or_of_its_parts() {
    let request = hello(json!({
        "temperature": 0.5,
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }));
    let mut call = testing::chat("gemini-2.5-flash");
    call.operation = "count-tokens".into();
    let count = |call: &Call| -> Value {
        let encoded = testing::encode::<Gemini>(call, request.clone()).unwrap();
        serde_json::from_slice(&encoded.body).unwrap()
    };
    let parts = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    });
    let mut inside = parts.clone();
    inside["model"] = "models/gemini-2.5-flash".into();
    assert_eq!(count(&call), json!({"generateContentRequest": inside}));
    call.settings = r#"{"project": "p", "location": "l"}"#.into();
    assert_eq!(count(&call), parts);
}
