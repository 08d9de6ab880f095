//! Canonical requests as bodies.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::{assert_golden, chat_cases, encode, encoded_value};
use patchbay_sdk::{FailureKind, Normalizer, testing};
use serde_json::{Value, json};

use crate::{MODEL, call, counting};

/// Body and dropped members of a request.
fn encoded(model: &str, settings: Value, request: Value) -> (Value, Vec<String>) {
    let encoded =
        encode::<AnthropicMessages>(&call(model, &settings), request).expect("the test gave it");
    (serde_json::from_slice(&encoded.body).expect("the test gave it"), encoded.dropped)
}

fn body(request: Value) -> Value {
    encoded(MODEL, json!({}), request).0
}

/// A request of one user message with a content.
fn says(content: Value) -> Value {
    json!({"messages": [{"role": "user", "content": content}]})
}

/// The request with a member.
fn with(mut request: Value, name: &str, value: Value) -> Value {
    request[name] = value;
    request
}

#[test]
fn every_canonical_case_becomes_a_body() {
    for case in chat_cases() {
        let value = encoded_value(encode::<AnthropicMessages>(&testing::chat(MODEL), case.request));
        assert_golden(&format!("tests/golden/requests/{}.json", case.name), &value);
    }
}

#[test]
fn a_streamed_request_says_so_and_nothing_else_changes() {
    for name in ["plain_text", "tool_results", "reasoning_comes_back"] {
        let case = chat_cases().into_iter().find(|case| case.name == name).unwrap();
        let whole = encode::<AnthropicMessages>(&testing::chat(MODEL), case.request.clone());
        let stream = encode::<AnthropicMessages>(&testing::chat_stream(MODEL), case.request);
        let (whole, stream) = (encoded_value(whole), encoded_value(stream));
        assert_eq!(stream["body"], with(whole["body"].clone(), "stream", json!(true)));
        assert_eq!(stream["dropped"], whole["dropped"]);
    }
}

#[test]
fn the_plan_has_path_and_version_of_the_operation() {
    let plan = AnthropicMessages::plan(&testing::chat_stream(MODEL)).unwrap();
    assert!(plan.encode_body && !plan.verbatim);
    assert_eq!((&*plan.head.method, &*plan.head.path_and_query), ("POST", "/v1/messages"));
    let headers: Vec<_> =
        plan.head.headers.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    let expected = [
        ("content-type", "application/json"),
        ("accept", "text/event-stream"),
        ("anthropic-version", "2023-06-01"),
    ];
    assert_eq!(headers, expected);
    let count = AnthropicMessages::plan(&counting(testing::chat_stream(MODEL))).unwrap();
    assert_eq!(count.head.path_and_query, "/v1/messages/count_tokens");
    assert_eq!(count.head.headers[1].value, "application/json");
    let failure = AnthropicMessages::plan(&testing::embeddings(MODEL)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[test]
fn a_platform_may_want_the_version_in_the_body_and_no_model() {
    let settings = json!({"body_version": "vertex-2023-10-16"});
    let (body, _) = encoded(MODEL, settings.clone(), says(json!("hi")));
    assert_eq!(body["anthropic_version"], "vertex-2023-10-16");
    assert_eq!(body.get("model"), None);
    let plan = AnthropicMessages::plan(&call(MODEL, &settings)).unwrap();
    assert!(plan.head.headers.iter().all(|header| header.name != "anthropic-version"));
}

#[test]
fn a_setting_that_does_not_fit_is_named() {
    for (settings, member) in [
        (json!({"anthropic_version": "a b"}), "settings.anthropic_version"),
        (json!({"body_version": ""}), "settings.body_version"),
        (json!({"max_tokens_default": 0}), "settings.max_tokens_default"),
        (json!({"thinking": "hard"}), "settings.thinking"),
        (json!({"sampling": "no"}), "settings.sampling"),
    ] {
        let failure = AnthropicMessages::plan(&call(MODEL, &settings)).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
}

#[test]
fn a_count_has_what_the_model_reads_and_nothing_about_its_answer() {
    let request = json!({
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": "auto", "thinking": {"type": "disabled"}, "max_completion_tokens": 5,
        "temperature": 0.5, "stop": "x", "user": "u", "service_tier": "auto", "top_k": 3,
        "container": "c", "brand_new": 1,
    });
    let count = counting(testing::chat(MODEL));
    let encoded = encode::<AnthropicMessages>(&count, request).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected = json!({
        "model": MODEL, "system": "Be brief.", "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto"}, "thinking": {"type": "disabled"},
    });
    assert_eq!(body, expected);
    assert_eq!(encoded.dropped, ["brand_new"]);
}

#[test]
fn there_is_always_a_limit_of_the_answer() {
    let cases = [
        (MODEL, json!({}), json!({}), 32_000),
        ("claude-3-haiku-20240307", json!({}), json!({}), 4_096),
        ("local-model", json!({}), json!({}), 4_096),
        (MODEL, json!({"max_tokens_default": 9}), json!({}), 9),
        (MODEL, json!({"max_tokens_default": 9}), json!({"max_tokens": 5}), 5),
        (MODEL, json!({}), json!({"max_completion_tokens": 7}), 7),
    ];
    for (model, settings, limits, expected) in cases {
        let mut request = says(json!("hi"));
        request.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        assert_eq!(encoded(model, settings, request).0["max_tokens"], expected, "{limits}");
    }
    let both = json!({"max_tokens": 5, "max_completion_tokens": 7, "messages": says(json!("a"))["messages"]});
    let (body, dropped) = encoded(MODEL, json!({}), both);
    assert_eq!((&body["max_tokens"], dropped), (&json!(7), vec!["max_tokens".to_owned()]));
}

#[test]
fn sampling_is_sent_as_far_as_the_model_takes_it() {
    let old = "claude-3-7-sonnet-20250219";
    let new = "claude-opus-4-7";
    let cases = [
        (old, json!({"temperature": 0.25, "top_p": 0.9, "top_k": 4}), vec![]),
        (old, json!({"temperature": 1.5}), vec!["temperature"]),
        (MODEL, json!({"temperature": 0.25, "top_p": 0.9}), vec!["top_p"]),
        (MODEL, json!({"top_p": 0.9}), vec![]),
        (
            new,
            json!({"temperature": 0.25, "top_p": 0.9, "top_k": 4}),
            vec!["temperature", "top_p", "top_k"],
        ),
        (new, json!({"temperature": 1.0, "top_p": 1}), vec![]),
        ("local-model", json!({"temperature": 0.25, "top_p": 0.9, "top_k": 4}), vec![]),
    ];
    for (model, sampling, expected) in cases {
        let mut request = says(json!("hi"));
        request.as_object_mut().unwrap().extend(sampling.as_object().unwrap().clone());
        let (body, dropped) = encoded(model, json!({}), request);
        assert_eq!(dropped, expected, "{model} {sampling}");
        for (name, value) in sampling.as_object().unwrap() {
            let sent = body.get(name);
            let is_default = value == &json!(1.0) || value == &json!(1);
            if name == "temperature" && value == &json!(1.5) {
                assert_eq!(sent, Some(&json!(1)), "over the API's limit it is the limit");
            } else {
                let is_sent = !expected.contains(&name.as_str()) && !is_default;
                assert_eq!(sent.is_some(), is_sent, "{model} {name}");
            }
        }
    }
}

#[test]
fn sampling_goes_by_the_version_and_a_setting_overrules_both() {
    let request = || with(says(json!("hi")), "temperature", json!(0.5));
    let (body, _) =
        encoded("claude-3-7-sonnet", json!({"anthropic_version": "2026-10-21"}), request());
    assert_eq!(body.get("temperature"), None);
    let (body, _) = encoded("claude-opus-4-7", json!({"sampling": true}), request());
    assert_eq!(body["temperature"], 0.5);
}

#[test]
fn text_of_white_space_is_left_out_and_what_is_left_has_to_be_something() {
    let parts = json!([{"type": "text", "text": " "}, {"type": "text", "text": "a"}]);
    assert_eq!(body(says(parts))["messages"], json!([{"role": "user", "content": "a"}]));
    for content in [json!(""), json!(" \n"), json!([]), json!(null)] {
        let call = testing::chat(MODEL);
        let failure = encode::<AnthropicMessages>(&call, says(content)).unwrap_err();
        assert_eq!(
            (failure.kind(), failure.param()),
            (FailureKind::InvalidRequest, Some("messages"))
        );
    }
}

#[test]
fn neighbours_of_one_side_are_one_turn_and_results_come_first() {
    let request = json!({"messages": [
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ]},
        {"role": "user", "content": "d"},
        {"role": "tool", "tool_call_id": "t1", "content": "e"},
    ]});
    let expected = json!([
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [
            {"type": "text", "text": "c"},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "e"},
            {"type": "text", "text": "d"},
        ]},
    ]);
    assert_eq!(body(request)["messages"], expected);
}

#[test]
fn instructions_within_a_conversation_are_hoisted_unless_a_setting_keeps_them() {
    let request = || {
        json!({"messages": [
            {"role": "system", "content": "one"},
            {"role": "user", "content": "a"},
            {"role": "system", "content": "two"},
            {"role": "assistant", "content": "b"},
            {"role": "developer", "content": "three"},
            {"role": "user", "content": "c"},
        ]})
    };
    let texts = |texts: &[&str]| {
        json!(texts.iter().map(|it| json!({"type": "text", "text": it})).collect::<Vec<_>>())
    };
    let hoisted = body(request());
    assert_eq!(hoisted["system"], texts(&["one", "two", "three"]));
    assert_eq!(hoisted["messages"].as_array().unwrap().len(), 3);
    let (kept, _) = encoded("claude-opus-5", json!({"mid_conversation_system": "keep"}), request());
    assert_eq!(kept["system"], texts(&["one", "three"]), "only behind a user's turn it may stay");
    assert_eq!(kept["messages"][1], json!({"role": "system", "content": "two"}));
}

#[test]
fn files_become_documents_by_what_they_hold() {
    let file = |file: Value| json!({"type": "file", "file": file});
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="});
    let cases = [
        (json!({"file_data": "data:application/pdf;base64,JVBERi0="}), Some(pdf.clone())),
        (json!({"file_data": "JVBERi0="}), Some(pdf)),
        (
            json!({"file_data": "data:text/csv;base64,YSxi"}),
            Some(json!({"type": "text", "media_type": "text/plain", "data": "a,b"})),
        ),
        (json!({"file_id": "file_1"}), Some(json!({"type": "file", "file_id": "file_1"}))),
        (
            json!({"file_url": "https://a.example/b.pdf"}),
            Some(json!({"type": "url", "url": "https://a.example/b.pdf"})),
        ),
        (json!({"file_data": "data:application/zip;base64,AA=="}), None),
        (json!({"file_data": "data:text/plain;base64,/w=="}), None),
        (json!({}), None),
    ];
    for (given, source) in cases {
        let content = json!([{"type": "text", "text": "a"}, file(given.clone())]);
        let (body, dropped) = encoded(MODEL, json!({}), says(content));
        let document = body.pointer("/messages/0/content/1/source");
        assert_eq!(document, source.as_ref(), "{given}");
        assert_eq!(dropped.is_empty(), source.is_some(), "{given}: {dropped:?}");
    }
    let image = file(json!({"file_data": "data:image/png;base64,AA=="}));
    assert_eq!(body(says(json!([image])))["messages"][0]["content"][0]["type"], "image");
}

#[test]
fn tools_that_are_written_as_the_api_has_them_stay_as_they_are() {
    let search = json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 5});
    let custom = json!({"type": "custom", "name": "f", "input_schema": {"type": "object"}});
    let other = json!({"type": "custom", "custom": {"name": "g"}});
    let request = with(says(json!("hi")), "tools", json!([search, custom, other]));
    let (body, dropped) = encoded(MODEL, json!({}), request);
    assert_eq!(body["tools"], json!([search, custom]));
    assert_eq!(dropped, ["tools[2]"]);
}

#[test]
fn a_tool_has_a_schema_of_an_object_whatever_it_was_given() {
    let tool = |parameters: Value| {
        let mut function = json!({"name": "f", "strict": true});
        if !parameters.is_null() {
            function["parameters"] = parameters;
        }
        with(says(json!("hi")), "tools", json!([{"type": "function", "function": function}]))
    };
    let schema = |parameters: Value| body(tool(parameters))["tools"][0]["input_schema"].clone();
    assert_eq!(schema(json!(null)), json!({"type": "object", "properties": {}}));
    assert_eq!(schema(json!({})), json!({"type": "object", "properties": {}}));
    let with_type = json!({"type": "object", "required": ["a"]});
    assert_eq!(schema(json!({"required": ["a"]})), with_type);
    assert_eq!(body(tool(json!({})))["tools"][0]["strict"], true);
}

#[test]
fn each_choice_among_tools_has_its_form() {
    let named = json!({"type": "function", "function": {"name": "f"}});
    let cases = [
        (json!({"tool_choice": "auto"}), Some(json!({"type": "auto"}))),
        (
            json!({"tool_choice": "none", "parallel_tool_calls": false}),
            Some(json!({"type": "none"})),
        ),
        (json!({"tool_choice": "required"}), Some(json!({"type": "any"}))),
        (
            json!({"tool_choice": named, "parallel_tool_calls": false}),
            Some(json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true})),
        ),
        (
            json!({"parallel_tool_calls": false}),
            Some(json!({"type": "auto", "disable_parallel_tool_use": true})),
        ),
        (json!({"tool_choice": {"type": "any"}}), Some(json!({"type": "any"}))),
        (json!({"tool_choice": {"type": "allowed_tools"}}), None),
    ];
    for (choice, expected) in cases {
        let tools = json!([{"type": "function", "function": {"name": "f"}}]);
        let mut request = with(says(json!("hi")), "tools", tools);
        request.as_object_mut().unwrap().extend(choice.as_object().unwrap().clone());
        let (body, dropped) = encoded(MODEL, json!({}), request);
        assert_eq!(body.get("tool_choice"), expected.as_ref(), "{choice}");
        assert_eq!(dropped.is_empty(), expected.is_some(), "{choice}");
    }
    let (body, dropped) =
        encoded(MODEL, json!({}), with(says(json!("hi")), "tool_choice", json!("required")));
    assert_eq!((body.get("tool_choice"), dropped), (None, vec!["tool_choice".to_owned()]));
}

#[test]
fn ids_of_other_providers_become_ones_that_the_api_takes_and_still_match() {
    let request = json!({"messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "functions.f:0", "type": "function", "function": {"name": "f", "arguments": "{\"n\":9007199254740993}"}},
        ]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "b"},
    ]});
    let body = body(request);
    assert_eq!(body["messages"][1]["content"][0]["id"], "functions_f_0");
    assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], "functions_f_0");
    assert_eq!(body["messages"][1]["content"][0]["input"]["n"], 9_007_199_254_740_993_u64);
}

#[test]
fn arguments_that_are_no_object_are_kept_as_text_and_named() {
    let request = json!({"messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"}},
        ]},
        {"role": "tool", "tool_call_id": "t", "content": ""},
    ]});
    let (body, dropped) = encoded(MODEL, json!({}), request);
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({"arguments": "{\"a\":"}));
    assert_eq!(dropped, ["messages[1].tool_calls[0].function.arguments"]);
    assert_eq!(
        body["messages"][2]["content"][0],
        json!({"type": "tool_result", "tool_use_id": "t"})
    );
}

#[test]
fn the_apis_own_members_are_carried_and_betas_are_a_header() {
    let mut request = says(json!("hi"));
    let own = json!({
        "container": "c", "context_management": {"edits": []}, "mcp_servers": [],
        "cache_control": {"type": "ephemeral"}, "inference_geo": "eu", "top_k": 4,
    });
    request.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    request["betas"] = json!(["files-api-2025-04-14", "b", "a,b", "a\r\nb"]);
    let encoded = encode::<AnthropicMessages>(&testing::chat(MODEL), request).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    for (name, value) in own.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name}");
    }
    assert!(encoded.dropped.is_empty() && body.get("betas").is_none());
    let head = encoded.head.unwrap();
    assert_eq!(head.path_and_query, "/v1/messages");
    assert_eq!(head.headers.last().unwrap().value, "files-api-2025-04-14,b");
}

#[test]
fn a_message_that_the_api_has_no_form_for_is_refused_by_its_path() {
    for (message, param) in [
        (json!({"role": "tool", "content": "a"}), "messages[0].tool_call_id"),
        (json!({"role": "function", "name": "f", "content": "a"}), "messages[0].role"),
        (json!({"role": "narrator", "content": "a"}), "messages[0].role"),
    ] {
        let call = testing::chat(MODEL);
        let request = json!({"messages": [message]});
        let failure = encode::<AnthropicMessages>(&call, request).unwrap_err();
        assert_eq!((failure.kind(), failure.param()), (FailureKind::InvalidRequest, Some(param)));
    }
}

#[test]
fn text_to_go_on_with_does_not_end_in_white_space() {
    let request = json!({"messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b \n"},
    ]});
    assert_eq!(body(request)["messages"][1]["content"], "b");
}
