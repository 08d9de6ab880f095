//! Canonical chats as bodies of Converse and CountTokens.

use bedrock_converse::BedrockConverse;
use patchbay_sdk::testing::{assert_golden, chat, chat_cases, chat_stream, encode, encoded_value};
use patchbay_sdk::{Call, Failure, FailureKind};
use serde_json::{Value, json};

use crate::{CLAUDE, counting, with_settings};

fn body_of(call: &Call, request: Value) -> (Value, Vec<String>) {
    let encoded = encode::<BedrockConverse>(call, request).expect("it can be encoded");
    (serde_json::from_slice(&encoded.body).expect("bodies are JSON"), encoded.dropped)
}

fn refusal(request: Value) -> Failure {
    encode::<BedrockConverse>(&chat(CLAUDE), request).expect_err("it is refused")
}

fn hello() -> Value {
    json!([{"role": "user", "content": "Hello"}])
}

#[test]
fn every_canonical_case_has_the_body_that_converse_wants() {
    for case in chat_cases() {
        let result = encode::<BedrockConverse>(&chat(CLAUDE), case.request);
        let golden = format!("tests/golden/requests/{}.json", case.name);
        assert_golden(&golden, &encoded_value(result));
    }
}

#[test]
fn a_stream_has_the_same_body() {
    for case in chat_cases() {
        let whole = encode::<BedrockConverse>(&chat(CLAUDE), case.request.clone());
        let stream = encode::<BedrockConverse>(&chat_stream(CLAUDE), case.request);
        assert_eq!(encoded_value(stream), encoded_value(whole), "{}", case.name);
    }
}

#[test]
fn a_count_takes_the_conversation_alone() {
    for name in ["sampling", "tool_results", "reasoning_comes_back", "json_schema"] {
        let case = chat_cases().into_iter().find(|case| case.name == name).unwrap();
        let result = encode::<BedrockConverse>(&counting(chat(CLAUDE)), case.request);
        assert_golden(&format!("tests/golden/requests/count_{name}.json"), &encoded_value(result));
    }
}

#[test]
fn media_have_a_format_a_source_and_documents_a_name() {
    let file = |name: &str, data: &str| json!({"type": "file", "file": {"filename": name, "file_data": data}});
    let request = json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "Look."},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "s3://bucket/cat.webp"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg", "format": "wav"}},
        file("Q3 report_final.pdf", "data:application/pdf;base64,JVBERi0xLjQK"),
        file("Q3 report final.csv", "data:text/csv;base64,YSxi"),
        file("", "data:text/plain;base64,aGk_"),
        file("cat.jpg", "data:application/octet-stream;base64,/9j/"),
    ]}]});
    let result = encode::<BedrockConverse>(&chat(CLAUDE), request);
    assert_golden("tests/golden/requests/media.json", &encoded_value(result));
}

#[test]
fn what_cannot_be_carried_and_matters_is_refused_by_name() {
    let user = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let call = |call: Value| json!({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]});
    let cases = [
        (
            user(json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(json!({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}})),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(
                json!({"type": "image_url", "image_url": {"url": "data:application/pdf;base64,AA=="}}),
            ),
            "messages[0].content[0].image_url.url",
        ),
        (
            user(json!({"type": "file", "file": {"file_id": "file-1"}})),
            "messages[0].content[0].file.file_id",
        ),
        (
            user(json!({"type": "file", "file": {"file_data": "JVBERi0xLjQK"}})),
            "messages[0].content[0].file.file_data",
        ),
        (
            user(json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "midi"}})),
            "messages[0].content[0].input_audio.format",
        ),
        (
            user(json!({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}})),
            "messages[0].content[0].video_url.url",
        ),
        (user(json!({"type": "video_url"})), "messages[0].content[0].video_url.url"),
        (
            call(
                json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}),
            ),
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            call(json!({"type": "function", "function": {"name": "f", "arguments": "{}"}})),
            "messages[1].tool_calls[0].id",
        ),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages[0].tool_call_id"),
        (
            json!({"messages": [{"role": "function", "name": "f", "content": "x"}]}),
            "messages[0].role",
        ),
        (json!({"messages": [{"role": "critic", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "system", "content": "x"}]}), "messages"),
        (json!({"messages": [{"role": "user", "content": " "}]}), "messages"),
        (json!({"messages": []}), "messages"),
    ];
    for (request, param) in cases {
        let failure = refusal(request.clone());
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{request}");
        assert_eq!(failure.param(), Some(param), "{failure}");
    }
}

#[test]
fn parts_of_no_use_to_converse_are_named() {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}});
    let request = json!({"messages": [
        {"role": "system", "content": [image, {"type": "text", "text": "Be brief."}]},
        {"role": "user", "name": "ada", "content": [
            {"type": "text", "text": "Hi", "emphasis": 1}, {"type": "hologram"}]},
        {"role": "assistant", "content": [image], "refusal": null, "annotations": [],
            "reasoning_content": "hm", "tool_calls": [{"type": "custom", "id": "c", "custom": {}}]},
        {"role": "user", "content": "Go on", "mood": "good"},
    ], "tools": [{"type": "custom", "custom": {"name": "x"}}]});
    let (body, dropped) = body_of(&chat(CLAUDE), request);
    assert_eq!(
        dropped,
        [
            "messages[0].content[0]",
            "messages[1].content[0].emphasis",
            "messages[1].content[1]",
            "messages[1].name",
            "messages[2].reasoning_content",
            "messages[2].content[0]",
            "messages[2].tool_calls[0]",
            "messages[3].mood",
            "tools[0]",
        ]
    );
    // The assistant's turn had nothing left: the user's two are one.
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": [{"text": "Hi"}, {"text": "Go on"}]}])
    );
    assert_eq!(body["system"], json!([{"text": "Be brief."}]));
    assert_eq!(body.get("toolConfig"), None);
}

#[test]
fn results_of_tools_share_a_turn_and_may_hold_media_and_failure() {
    let calls = ["a", "b"].map(
        |id| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}}),
    );
    let request = json!({"messages": [
        {"role": "user", "content": "Look twice"},
        {"role": "assistant", "content": null, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": [
            {"type": "text", "text": "seen", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
        {"role": "tool", "tool_call_id": "b", "name": "look", "is_error": true, "content": ""},
        {"role": "user", "content": "So?"},
    ]});
    let (body, dropped) = body_of(&chat(CLAUDE), request);
    assert_eq!(
        body["messages"][2],
        json!({"role": "user", "content": [
            {"toolResult": {"toolUseId": "a", "content": [{"text": "seen"},
                {"image": {"format": "png", "source": {"bytes": "AA=="}}}]}},
            {"cachePoint": {"type": "default"}},
            {"toolResult": {"toolUseId": "b", "content": [], "status": "error"}},
            {"text": "So?"},
        ]})
    );
    assert_eq!(dropped, [""; 0]);
}

#[test]
fn a_conversation_with_calls_always_declares_tools() {
    let history = json!([
        {"role": "user", "content": "Time?"},
        {"role": "assistant", "tool_calls": [
            {"id": "c/1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c/1", "content": "noon"},
    ]);
    let tools = json!([{"type": "function", "function": {"name": "sun", "strict": true}}]);
    let spec = |name: &str| {
        json!({"toolSpec": {"name": name,
            "inputSchema": {"json": {"type": "object", "properties": {}}}}})
    };
    let (body, dropped) = body_of(&chat(CLAUDE), json!({"messages": history}));
    assert_eq!(body["toolConfig"], json!({"tools": [spec("clock")]}));
    assert_eq!(dropped, [""; 0]);
    let id = &body["messages"][1]["content"][0]["toolUse"]["toolUseId"];
    assert_eq!(*id, body["messages"][2]["content"][0]["toolResult"]["toolUseId"]);
    assert_ne!(*id, "c/1", "Converse takes no slash");

    let none = json!({"messages": history, "tools": tools, "tool_choice": "none"});
    let (body, dropped) = body_of(&chat(CLAUDE), none);
    let mut sun = spec("sun");
    sun["toolSpec"]["strict"] = json!(true);
    assert_eq!(body["toolConfig"], json!({"tools": [sun]}));
    assert_eq!(dropped, ["tool_choice"]);
}

#[test]
fn a_tool_choice_that_converse_cannot_say_is_named() {
    let tools = json!([{"type": "function", "function": {"name": "f", "description": ""}}]);
    let allowed = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}});
    let request = json!({"messages": hello(), "tools": tools, "tool_choice": allowed});
    let (body, dropped) = body_of(&chat(CLAUDE), request);
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert_eq!(dropped, ["tool_choice"]);
    let (body, dropped) =
        body_of(&chat(CLAUDE), json!({"messages": hello(), "tool_choice": "required"}));
    assert_eq!(body.get("toolConfig"), None);
    assert_eq!(dropped, ["tool_choice"]);
}

#[test]
fn cache_points_stand_where_converse_takes_them_or_nowhere() {
    let control = json!({"type": "ephemeral"});
    let request = json!({"messages": [
        {"role": "system", "content": "Long.", "cache_control": control},
        {"role": "user", "content": [
            {"type": "text", "text": " ", "cache_control": control},
            {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "2h"}}],
            "cache_control": control},
        {"role": "assistant", "content": "", "cache_control": control, "reasoning_details": [
            {"type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic-claude-v1"}]},
    ], "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": control}]});
    let (body, dropped) = body_of(&chat(CLAUDE), request.clone());
    let point = json!({"cachePoint": {"type": "default"}});
    assert_eq!(body["system"], json!([{"text": "Long."}, point]));
    assert_eq!(body["messages"][0]["content"], json!([{"text": "Hi"}, point]));
    assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 1, "the reasoning");
    assert_eq!(body["toolConfig"]["tools"][1], point);
    assert_eq!(dropped, ["messages[1].content[1].cache_control.ttl"]);

    let call = with_settings(chat(CLAUDE), json!({"cache_points": false}));
    let (body, dropped) = body_of(&call, request);
    assert!(!body.to_string().contains("cachePoint"), "{body}");
    assert!(dropped.contains(&"messages[0].cache_control".to_owned()), "{dropped:?}");
    assert!(dropped.contains(&"tools[0].cache_control".to_owned()), "{dropped:?}");
}

#[test]
fn reasoning_effort_takes_the_form_of_the_models_maker() {
    let effort = |model: &str, settings: Value, members: Value| {
        let mut request = json!({"messages": hello(), "temperature": 0.5, "top_p": 0.99,
            "top_k": 5, "max_tokens": 8000});
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let (mut body, dropped) = body_of(&with_settings(chat(model), settings), request);
        body.as_object_mut().unwrap().remove("messages");
        (body, dropped)
    };
    let cases = json!({
        "adaptive": [CLAUDE, {}, {"reasoning_effort": "high"}],
        "adaptive_minimal": [CLAUDE, {}, {"reasoning_effort": "minimal"}],
        "adaptive_none": [CLAUDE, {}, {"reasoning_effort": "none"}],
        "adaptive_own": [CLAUDE, {}, {"reasoning_effort": "max", "thinking": {"type": "adaptive", "display": "summarized"}}],
        "budget": ["anthropic.claude-sonnet-4-5-20250929-v1:0", {}, {"reasoning_effort": "low"}],
        "budget_limited": ["anthropic.claude-sonnet-4-5-20250929-v1:0", {}, {"reasoning_effort": "high"}],
        "budget_too_small": ["anthropic.claude-sonnet-4-5-20250929-v1:0", {}, {"reasoning_effort": "high", "max_tokens": 1200}],
        "budget_own": ["anthropic.claude-sonnet-4-5-20250929-v1:0", {}, {"reasoning_effort": "low", "thinking": {"type": "enabled", "budget_tokens": 1024}}],
        "claude_before": ["anthropic.claude-3-5-sonnet-20241022-v2:0", {}, {"reasoning_effort": "low"}],
        "nova": ["us.amazon.nova-2-lite-v1:0", {}, {"reasoning_effort": "medium"}],
        "nova_high": ["us.amazon.nova-2-lite-v1:0", {}, {"reasoning_effort": "high"}],
        "openai": ["openai.gpt-oss-120b-1:0", {}, {"reasoning_effort": "low"}],
        "other": ["deepseek.v3.1", {}, {"reasoning_effort": "low"}],
        "told": ["opaque", {"reasoning": "thinking-adaptive"}, {"reasoning_effort": "medium"}],
        "told_to_drop": [CLAUDE, {"reasoning": "drop"}, {"reasoning_effort": "medium"}],
        "forced_tool": [CLAUDE, {}, {"reasoning_effort": "low", "tool_choice": "required",
            "tools": [{"type": "function", "function": {"name": "f"}}]}],
        "forced_tool_max": [CLAUDE, {}, {"reasoning_effort": "max", "tool_choice": "required",
            "tools": [{"type": "function", "function": {"name": "f"}}]}],
        "forced_tool_budget": ["anthropic.claude-sonnet-4-5-20250929-v1:0", {},
            {"reasoning_effort": "low", "tool_choice": "required",
            "tools": [{"type": "function", "function": {"name": "f"}}]}],
    });
    let mut found = serde_json::Map::new();
    for (name, case) in cases.as_object().unwrap() {
        let model = case[0].as_str().unwrap();
        let (body, dropped) = effort(model, case[1].clone(), case[2].clone());
        found.insert(name.clone(), json!({"model": model, "body": body, "dropped": dropped}));
    }
    assert_golden("tests/golden/requests/reasoning_efforts.json", &Value::Object(found));
}

#[test]
fn a_budget_stays_below_the_limit_of_tokens() {
    let own = json!({"type": "enabled", "budget_tokens": 5000});
    let cases = [
        // Without a limit the answer has its usual room beside the budget, as far as the model goes.
        ("claude-sonnet-4-5-20250929", json!({"reasoning_effort": "low"}), 2048, 34_048),
        ("claude-sonnet-4-5-20250929", json!({"reasoning_effort": "max"}), 32_768, 64_000),
        ("claude-opus-4-1-20250805", json!({"reasoning_effort": "low"}), 2048, 32_000),
        ("claude-opus-4-1-20250805", json!({"reasoning_effort": "max"}), 25_600, 32_000),
        ("claude-3-7-sonnet-20250219", json!({"reasoning_effort": "high"}), 16_384, 20_480),
        ("claude-sonnet-4-5-20250929", json!({"thinking": own}), 5000, 37_000),
        // Of a limit a fifth is left.
        (
            "claude-sonnet-4-5-20250929",
            json!({"reasoning_effort": "medium", "max_completion_tokens": 4096}),
            3276,
            4096,
        ),
    ];
    for (model, members, budget, limit) in cases {
        let mut request = members.clone();
        request["messages"] = hello();
        let (body, _) = body_of(&chat(&format!("anthropic.{model}-v1:0")), request);
        let thinking = &body["additionalModelRequestFields"]["thinking"];
        assert_eq!(thinking["budget_tokens"], budget, "{model} {members}");
        assert_eq!(body["inferenceConfig"]["maxTokens"], limit, "{model} {members}");
    }
}

#[test]
fn with_a_budget_claude_does_not_think_on_from_calls_that_came_without_thoughts() {
    let with = |details: Value| {
        json!({"reasoning_effort": "high", "messages": [
            {"role": "user", "content": "Time?"},
            {"role": "assistant", "reasoning_details": details, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "noon"},
        ]})
    };
    let thought = json!([{"type": "reasoning.text", "text": "t", "signature": "s",
        "format": "anthropic-claude-v1"}]);
    let budget = chat("anthropic.claude-sonnet-4-5-20250929-v1:0");
    let (body, dropped) = body_of(&budget, with(json!([])));
    assert_eq!(dropped, ["reasoning_effort"]);
    assert_eq!(body.get("additionalModelRequestFields"), None);
    for (call, details, kind) in [
        (&budget, &thought, "enabled"),
        (&chat(CLAUDE), &json!([]), "adaptive"),
        (&chat(CLAUDE), &thought, "adaptive"),
    ] {
        let (body, dropped) = body_of(call, with(details.clone()));
        assert_eq!(dropped, [""; 0]);
        assert_eq!(body["additionalModelRequestFields"]["thinking"]["type"], kind);
    }
}

#[test]
fn thoughts_between_what_was_said_and_called_stay_there() {
    let thought = |index: u32| {
        json!({"type": "reasoning.text", "text": "t", "signature": format!("s{index}"),
            "format": "anthropic-claude-v1", "index": index})
    };
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let (body, _) = body_of(
        &chat(CLAUDE),
        json!({"messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "tool_calls": [call("c"), call("d")],
                "reasoning_details": [thought(3), thought(0), thought(9)]},
        ]}),
    );
    let blocks = body["messages"][1]["content"].as_array().unwrap();
    let kinds: Vec<String> = blocks
        .iter()
        .map(|block| match block.pointer("/reasoningContent/reasoningText/signature") {
            Some(signature) => signature.as_str().unwrap().to_owned(),
            None => block.as_object().unwrap().keys().next().unwrap().clone(),
        })
        .collect();
    assert_eq!(kinds, ["s0", "text", "toolUse", "s3", "toolUse", "s9"]);
}

#[test]
fn reasoning_goes_back_only_to_models_of_its_format_and_only_with_its_proof() {
    let request = json!({"messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_details": [
            {"type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic-claude-v1"},
            {"type": "reasoning.text", "text": "t", "format": "anthropic-claude-v1"},
            {"type": "reasoning.summary", "summary": "t", "format": "anthropic-claude-v1"},
            {"type": "reasoning.encrypted", "data": "ZA==", "format": "amazon-bedrock-v1"}]},
        {"role": "user", "content": "c"},
    ]});
    let (body, dropped) = body_of(&chat(CLAUDE), request.clone());
    let kept = json!([{"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}}, {"text": "b"}]);
    assert_eq!(body["messages"][1]["content"], kept);
    let details = |indices: &[usize]| {
        indices.iter().map(|at| format!("messages[1].reasoning_details[{at}]")).collect::<Vec<_>>()
    };
    assert_eq!(dropped, details(&[1, 2, 3]));
    let (body, dropped) = body_of(&chat("us.amazon.nova-2-lite-v1:0"), request);
    let kept = json!([{"reasoningContent": {"redactedContent": "ZA=="}}, {"text": "b"}]);
    assert_eq!(body["messages"][1]["content"], kept);
    assert_eq!(dropped, details(&[0, 1, 2]));
}

#[test]
fn members_of_the_model_and_of_converse_are_carried_and_openais_are_named() {
    let request = json!({"messages": hello(), "top_k": 1.0, "anthropic_beta": ["a"],
        "store": false, "safety_identifier": "u", "inferenceConfig": {"topK": 1}, "nothing": null,
        "additionalModelRequestFields": {"top_k": 2, "seed": 9007199254740993_u64},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
        "performanceConfig": {"latency": "optimized"},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "promptVariables": {"a": {"text": "b"}}});
    let (mut body, dropped) = body_of(&chat(CLAUDE), request.clone());
    assert_eq!(dropped, ["inferenceConfig", "safety_identifier", "store"]);
    body.as_object_mut().unwrap().remove("messages");
    assert_eq!(
        body,
        json!({"additionalModelRequestFields":
            {"anthropic_beta": ["a"], "top_k": 2, "seed": 9007199254740993_u64},
            "additionalModelResponseFieldPaths": ["/stop_sequence"],
            "performanceConfig": {"latency": "optimized"},
            "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
            "promptVariables": {"a": {"text": "b"}}})
    );
    let call = with_settings(chat(CLAUDE), json!({"unknown_members": "drop"}));
    let (body, dropped) = body_of(&call, request);
    let fields = json!({"top_k": 2, "seed": 9007199254740993_u64});
    assert_eq!(body["additionalModelRequestFields"], fields, "asked for by its own name");
    assert!(dropped.contains(&"top_k".to_owned()), "{dropped:?}");
    let (body, _) =
        body_of(&chat("amazon.nova-pro-v1:0"), json!({"messages": hello(), "top_k": 20}));
    assert_eq!(body["additionalModelRequestFields"], json!({"inferenceConfig": {"topK": 20}}));
}

#[test]
fn the_operators_settings_hold_for_every_chat() {
    let settings = json!({
        "guardrail": {"identifier": "gr1", "version": "3", "trace": "enabled_full",
            "stream_processing_mode": "async"},
        "performance": "standard", "service_tier": "flex", "project": "default",
        "request_metadata": {"gateway": "one"},
    });
    let request = json!({"messages": hello(), "guardrailConfig": {"guardrailIdentifier": "own"},
        "performanceConfig": {"latency": "optimized"}, "service_tier": "auto",
        "metadata": {"team": "blue", "gateway": "mine", "note": "naïve", "": "x"}});
    let (mut body, dropped) =
        body_of(&with_settings(chat_stream(CLAUDE), settings.clone()), request.clone());
    body.as_object_mut().unwrap().remove("messages");
    let mut guardrail = json!({"guardrailIdentifier": "gr1", "guardrailVersion": "3",
        "trace": "enabled_full", "streamProcessingMode": "async"});
    assert_eq!(
        body,
        json!({"guardrailConfig": guardrail, "performanceConfig": {"latency": "standard"},
            "serviceTier": {"type": "flex"}, "projectIdentifier": "default",
            "requestMetadata": {"gateway": "one", "team": "blue"}})
    );
    assert_eq!(dropped, ["guardrailConfig", "metadata.", "metadata.gateway", "metadata.note"]);
    let (body, _) = body_of(&with_settings(chat(CLAUDE), settings.clone()), request);
    guardrail.as_object_mut().unwrap().remove("streamProcessingMode");
    assert_eq!(body["guardrailConfig"], guardrail, "Converse in one piece has no such member");
    let asked = json!({"messages": hello(), "service_tier": "priority"});
    let (body, _) = body_of(&with_settings(chat(CLAUDE), settings.clone()), asked);
    assert_eq!(body["serviceTier"], json!({"type": "priority"}));
    let (body, dropped) = body_of(
        &with_settings(chat(CLAUDE), settings),
        json!({"messages": hello(), "service_tier": "scale"}),
    );
    assert_eq!((body.get("serviceTier"), dropped), (None, vec!["service_tier".to_owned()]));
}

#[test]
fn at_most_sixteen_pairs_of_metadata_are_carried() {
    let metadata: serde_json::Map<String, Value> =
        (0..20).map(|n| (format!("k{n:02}"), json!("v"))).collect();
    let (body, dropped) =
        body_of(&chat(CLAUDE), json!({"messages": hello(), "metadata": metadata}));
    assert_eq!(body["requestMetadata"].as_object().unwrap().len(), 16);
    assert_eq!(dropped, ["metadata.k16", "metadata.k17", "metadata.k18", "metadata.k19"]);
}

#[test]
fn a_stored_prompt_needs_no_messages() {
    let call = chat("arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1");
    let (body, _) =
        body_of(&call, json!({"messages": [], "promptVariables": {"a": {"text": "b"}}}));
    assert_eq!(body, json!({"messages": [], "promptVariables": {"a": {"text": "b"}}}));
}

#[test]
fn digits_survive() {
    let request = json!({"messages": hello(), "max_tokens": 100});
    let text = request.to_string().replace("100", "100.0,\"temperature\":1.0,\"top_k\":1e2");
    let text = text.replace("\"messages\"", &format!("\"model\":\"{CLAUDE}\",\"messages\""));
    let encoded =
        <BedrockConverse as patchbay_sdk::Normalizer>::encode(&chat(CLAUDE), text.as_bytes());
    let body = String::from_utf8(encoded.unwrap().body).unwrap();
    for digits in ["\"maxTokens\":100.0", "\"temperature\":1.0", "\"top_k\":1e2"] {
        assert!(body.contains(digits), "{body}");
    }
}
