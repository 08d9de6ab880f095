//! Servers that are strict about some members.

use openai_chat::OpenAiChat;
use patchbay_sdk::{Call, Encoded, Failure, FailureKind, Normalizer, testing};
use serde_json::{Value, json};

fn call(settings: &Value) -> Call {
    Call { settings: settings.to_string(), ..testing::chat("m") }
}

fn encode(settings: &Value, body: &str) -> Result<Encoded, Failure> {
    OpenAiChat::encode(&call(settings), body.as_bytes())
}

#[track_caller]
fn assert_edit(settings: &Value, body: &str, expected: &str, dropped: &[&str]) {
    let encoded = encode(settings, body).expect("it is an object");
    assert_eq!(String::from_utf8_lossy(&encoded.body), expected, "{body}");
    assert_eq!(encoded.dropped, dropped, "{body}");
    assert!(encoded.head.is_none());
}

#[test]
fn only_a_setting_that_changes_requests_costs_a_call() {
    let cases = [
        (json!({}), false),
        (json!({"unsupported_members": [], "renamed_members": {}}), false),
        (json!({"developer_role": "developer", "max_embedding_inputs": 8}), false),
        (json!({"headers": {"x": "y"}}), false),
        (json!({"developer_role": "system"}), true),
        (json!({"unsupported_members": ["logit_bias"]}), true),
        (json!({"renamed_members": {"seed": "random_seed"}}), true),
    ];
    for (settings, rewritten) in cases {
        let plan = OpenAiChat::plan(&call(&settings)).unwrap();
        assert_eq!(plan.encode_body, rewritten, "{settings}");
        assert!(plan.verbatim, "the reply is relayed: {settings}");
    }
}

#[test]
fn the_limit_of_inputs_is_the_hosts_to_keep() {
    let settings = json!({"max_embedding_inputs": 96}).to_string();
    let embeddings = Call { settings: settings.clone(), ..testing::embeddings("m") };
    let plan = OpenAiChat::plan(&embeddings).unwrap();
    assert_eq!(plan.extra, [("max-inputs".to_owned(), "96".to_owned())]);
    let chat = Call { settings, ..testing::chat("m") };
    assert!(OpenAiChat::plan(&chat).unwrap().extra.is_empty());
}

#[test]
fn members_that_the_server_refuses_are_removed_and_named() {
    let settings = json!({"unsupported_members":
        ["logit_bias", "messages[].name", "messages[].content[].cache_control"]});
    let cases: [(&str, &str, &[&str]); 10] = [
        (r#"{"a":1,"logit_bias":{"1":2},"b":2}"#, r#"{"a":1,"b":2}"#, &["logit_bias"]),
        (r#"{ "logit_bias" : {} , "b" : 2 }"#, r#"{ "b" : 2 }"#, &["logit_bias"]),
        (r#"{"a":1.0, "logit_bias":{}}"#, r#"{"a":1.0}"#, &["logit_bias"]),
        (r#"{ "logit_bias":{} }"#, r"{  }", &["logit_bias"]),
        (r#"{"logit_bias":1,"logit_bias":2}"#, r"{}", &["logit_bias"]),
        (r#"{"logit_bias":null,"a":1}"#, r#"{"a":1}"#, &[]),
        (r#"{"logit\u005fbias":1,"a":1}"#, r#"{"a":1}"#, &["logit_bias"]),
        (
            r#"{"messages":[{"role":"user","name":"A","content":"x"},{"name":"B"}],"name":"kept"}"#,
            r#"{"messages":[{"role":"user","content":"x"},{}],"name":"kept"}"#,
            &["messages[].name"],
        ),
        (
            r#"{"messages":[{"content":[{"text":"a","cache_control":{}},{"text":"b"}]}]}"#,
            r#"{"messages":[{"content":[{"text":"a"},{"text":"b"}]}]}"#,
            &["messages[].content[].cache_control"],
        ),
        (r#"{"messages":"logit_bias"}"#, r#"{"messages":"logit_bias"}"#, &[]),
    ];
    for (body, expected, dropped) in cases {
        assert_edit(&settings, body, expected, dropped);
    }
}

#[test]
fn the_hosts_own_question_for_the_usage_is_not_the_callers_affair() {
    assert_edit(
        &json!({"unsupported_members": ["stream_options"]}),
        r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        r#"{"stream":true}"#,
        &[],
    );
}

#[test]
fn several_members_in_a_row_leave_no_comma_behind() {
    let settings = json!({"unsupported_members": ["a", "b", "d", "e"]});
    let cases = [
        (r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#, r#"{"c":3}"#),
        (r#"{"c":3, "d":4, "e":5}"#, r#"{"c":3}"#),
        (r#"{"a":1, "b":2}"#, r"{}"),
        (r#"{"a":1,"c":3,"b":2,"f":6,"e":5}"#, r#"{"c":3,"f":6}"#),
    ];
    for (body, expected) in cases {
        let encoded = encode(&settings, body).unwrap();
        assert_eq!(String::from_utf8(encoded.body).unwrap(), expected, "{body}");
    }
}

#[test]
fn members_go_out_under_the_servers_name() {
    let settings = json!({"renamed_members": {
        "max_completion_tokens": "max_tokens",
        "messages[].reasoning_content": "reasoning",
    }});
    let cases: [(&str, &str, &[&str]); 5] = [
        (
            r#"{"max_completion_tokens": 9007199254740993, "x": 1.0}"#,
            r#"{"max_tokens": 9007199254740993, "x": 1.0}"#,
            &[],
        ),
        (
            r#"{"max_tokens":5,"max_completion_tokens":7}"#,
            r#"{"max_tokens":5}"#,
            &["max_completion_tokens"],
        ),
        (r#"{"max_tokens":null,"max_completion_tokens":7}"#, r#"{"max_tokens":7}"#, &[]),
        (r#"{"max_tokens":5,"max_completion_tokens":null}"#, r#"{"max_tokens":5}"#, &[]),
        (
            r#"{"messages":[{"role":"assistant","reasoning_content":"hm"}]}"#,
            r#"{"messages":[{"role":"assistant","reasoning":"hm"}]}"#,
            &[],
        ),
    ];
    for (body, expected, dropped) in cases {
        assert_edit(&settings, body, expected, dropped);
    }
}

#[test]
fn instructions_of_the_developer_become_those_of_the_system() {
    let settings = json!({"developer_role": "system"});
    assert_edit(
        &settings,
        r#"{"messages":[{"role":"developer","content":"developer"},{"role": "us\u0065r"}]}"#,
        r#"{"messages":[{"role":"system","content":"developer"},{"role": "us\u0065r"}]}"#,
        &[],
    );
    assert_edit(
        &settings,
        r#"{"messages":[{"role":"d\u0065veloper"}]}"#,
        r#"{"messages":[{"role":"system"}]}"#,
        &[],
    );
}

#[test]
fn what_no_rule_is_about_keeps_every_byte() {
    let body =
        "{\n \"seed\" : 9007199254740993,\t\"temperature\":1.0 ,\"new\":[1e400,\"\\u00e9é\"]}";
    let settings = json!({"unsupported_members": ["logit_bias"], "developer_role": "system"});
    assert_edit(&settings, body, body, &[]);
}

#[test]
fn every_case_keeps_what_is_not_named() {
    let settings = json!({"unsupported_members":
        ["messages[].reasoning_details", "messages[].reasoning_content", "logit_bias"]});
    for case in testing::chat_cases() {
        let mut expected = case.request.clone();
        expected["model"] = "m".into();
        expected.as_object_mut().unwrap().remove("logit_bias");
        for message in expected["messages"].as_array_mut().unwrap() {
            let message = message.as_object_mut().unwrap();
            message.remove("reasoning_details");
            message.remove("reasoning_content");
        }
        let encoded = testing::encode::<OpenAiChat>(&call(&settings), case.request).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body, expected, "{}", case.name);
    }
}

#[test]
fn a_setting_that_is_no_path_is_named() {
    let cases = [
        (json!({"unsupported_members": ["a", ""]}), "settings.unsupported_members[1]"),
        (json!({"unsupported_members": ["messages[]"]}), "settings.unsupported_members[0]"),
        (json!({"unsupported_members": ["a..b"]}), "settings.unsupported_members[0]"),
        (json!({"unsupported_members": ["a[0].b"]}), "settings.unsupported_members[0]"),
        (json!({"renamed_members": {"a": "b.c"}}), "settings.renamed_members.a"),
        (json!({"developer_role": "user"}), "settings.developer_role"),
        (json!({"max_embedding_inputs": 0}), "settings.max_embedding_inputs"),
    ];
    for (settings, member) in cases {
        let failure = OpenAiChat::plan(&call(&settings)).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        assert_eq!(failure.param(), Some(member), "{settings}");
    }
}

/// The settings of each preset of the adapter `openai-compatible`.
fn presets() -> Vec<(String, Value)> {
    let json = include_str!("../../../openai-compatible/plugin.json");
    let manifest: Value = serde_json::from_str(json).expect("it is JSON");
    let presets = manifest["adapter"]["presets"].as_object().expect("there are presets").iter();
    let settings = presets
        .map(|(name, preset)| (name.clone(), preset.get("settings").cloned().unwrap_or(json!({}))));
    settings.collect()
}

#[test]
fn every_preset_has_settings_that_can_be_planned() {
    for (name, settings) in presets() {
        let plan = OpenAiChat::plan(&call(&settings));
        assert!(plan.is_ok_and(|plan| plan.verbatim), "{name}");
    }
}

#[test]
fn strict_servers_get_what_they_take() {
    let strict = ["mistral", "groq", "cerebras", "deepseek", "dashscope"];
    for (name, settings) in presets().into_iter().filter(|(name, _)| strict.contains(&&**name)) {
        let encoded = |case: testing::Case, call: Call| {
            let value = testing::encoded_value(testing::encode::<OpenAiChat>(&call, case.request));
            (case.name.to_owned(), value)
        };
        let chats = ["system", "sampling", "reasoning_comes_back", "refusal_comes_back"];
        let chats = testing::chat_cases().into_iter().filter(|case| chats.contains(&case.name));
        let call = Call { settings: settings.to_string(), ..testing::chat_stream("m") };
        let mut found: serde_json::Map<_, _> =
            chats.map(|case| encoded(case, call.clone())).collect();
        let embeddings = testing::embeddings_cases().into_iter();
        let embeddings = embeddings.filter(|case| case.name == "embed_base64_with_dimensions");
        let call = Call { settings: settings.to_string(), ..testing::embeddings("m") };
        found.extend(embeddings.map(|case| encoded(case, call.clone())));
        testing::assert_golden(&format!("tests/golden/presets/{name}.json"), &found.into());
    }
}
