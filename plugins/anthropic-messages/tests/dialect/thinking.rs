//! How much a model is to think.

use anthropic_messages::AnthropicMessages;
use patchbay_sdk::testing::encode;
use serde_json::{Value, json};

use crate::call;

const ADAPTIVE: &str = "claude-opus-4-6";
const BUDGET: &str = "claude-sonnet-4-5-20250929";

/// `thinking`, `output_config`, `max_tokens` and what was dropped.
fn thinking(model: &str, settings: Value, members: Value) -> (Value, Vec<String>) {
    let mut request = json!({"messages": [{"role": "user", "content": "hi"}]});
    request
        .as_object_mut()
        .expect("the test gave it")
        .extend(members.as_object().expect("the test gave it").clone());
    let encoded =
        encode::<AnthropicMessages>(&call(model, &settings), request).expect("the test gave it");
    let body: Value = serde_json::from_slice(&encoded.body).expect("the test gave it");
    let said = json!({
        "thinking": body.get("thinking"),
        "effort": body.pointer("/output_config/effort"),
        "max_tokens": body["max_tokens"],
    });
    (said, encoded.dropped)
}

fn effort(model: &str, word: &str) -> (Value, Vec<String>) {
    thinking(model, json!({}), json!({"reasoning_effort": word}))
}

#[test]
fn new_models_think_adaptively_with_an_effort() {
    let on = json!({"type": "adaptive", "display": "summarized"});
    let cases = [
        (ADAPTIVE, "none", json!(null), json!(null), false),
        (ADAPTIVE, "minimal", on.clone(), json!("low"), false),
        (ADAPTIVE, "medium", on.clone(), json!("medium"), false),
        (ADAPTIVE, "xhigh", on.clone(), json!("high"), false),
        (ADAPTIVE, "max", on.clone(), json!("max"), false),
        ("claude-opus-4-8", "xhigh", on.clone(), json!("xhigh"), false),
        ("claude-opus-5-5", "none", json!(null), json!("low"), true),
        ("claude-opus-5-5", "ultra", on, json!("ultra"), false),
    ];
    for (model, word, thinking, effort_word, is_named) in cases {
        let (said, dropped) = effort(model, word);
        assert_eq!(
            (&said["thinking"], &said["effort"]),
            (&thinking, &effort_word),
            "{model} {word}"
        );
        assert_eq!(!dropped.is_empty(), is_named, "{model} {word}");
    }
}

#[test]
fn old_models_get_a_budget_and_room_for_the_answer() {
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    let cases = [
        (json!({"reasoning_effort": "low"}), budget(2048), 34_048),
        (json!({"reasoning_effort": "high"}), budget(16_384), 48_384),
        (json!({"reasoning_effort": "high", "max_completion_tokens": 5000}), budget(4000), 5000),
        (json!({"reasoning_effort": "none"}), json!(null), 32_000),
    ];
    for (members, thinking_member, max_tokens) in cases {
        let (said, dropped) = thinking(BUDGET, json!({}), members.clone());
        assert_eq!(said["thinking"], thinking_member, "{members}");
        assert_eq!(said["max_tokens"], max_tokens, "{members}");
        assert!(dropped.is_empty() && said["effort"].is_null(), "{members}");
    }
}

#[test]
fn budget_and_answer_together_stay_within_what_the_model_accepts() {
    let cases = [
        (BUDGET, json!({}), "max", 32_768, 64_000),
        ("claude-opus-4-1-20250805", json!({}), "low", 2048, 32_000),
        ("claude-opus-4-1-20250805", json!({}), "max", 25_600, 32_000),
        ("claude-3-7-sonnet-20250219", json!({}), "high", 16_384, 20_480),
        // An operator knows better than a name.
        ("claude-opus-4-1-20250805", json!({"max_tokens_default": 40_000}), "low", 2048, 40_000),
        ("local", json!({"thinking": "budget"}), "max", 32_768, 36_864),
    ];
    for (model, settings, word, budget, limit) in cases {
        let (said, dropped) = thinking(model, settings, json!({"reasoning_effort": word}));
        assert_eq!(said["thinking"]["budget_tokens"], budget, "{model} {word}");
        assert_eq!(said["max_tokens"], limit, "{model} {word}");
        assert!(dropped.is_empty(), "{dropped:?}");
    }
}

#[test]
fn an_effort_that_cannot_be_expressed_is_named() {
    let small = json!({"reasoning_effort": "high", "max_tokens": 1200});
    let unknown = json!({"reasoning_effort": "ultra"});
    let cases = [
        (BUDGET, json!({}), small),
        (BUDGET, json!({}), unknown),
        ("claude-3-5-haiku-20241022", json!({}), json!({"reasoning_effort": "high"})),
        (ADAPTIVE, json!({"thinking": "none"}), json!({"reasoning_effort": "high"})),
    ];
    for (model, settings, members) in cases {
        let (said, dropped) = thinking(model, settings, members);
        assert!(said["thinking"].is_null() && said["effort"].is_null(), "{said}");
        assert_eq!(dropped, ["reasoning_effort"]);
    }
}

#[test]
fn settings_choose_form_and_display() {
    let high = || json!({"reasoning_effort": "high"});
    let (said, _) = thinking("local", json!({"thinking": "effort"}), high());
    assert_eq!((&said["thinking"], &said["effort"]), (&json!(null), &json!("high")));
    let (said, _) =
        thinking("local", json!({"thinking": "adaptive", "thinking_display": "omitted"}), high());
    assert_eq!(said["thinking"], json!({"type": "adaptive", "display": "omitted"}));
    let (said, _) = thinking(ADAPTIVE, json!({"thinking": "budget"}), high());
    assert_eq!(said["thinking"]["budget_tokens"], 16_384);
}

#[test]
fn a_callers_own_thinking_is_not_touched() {
    let own = json!({"type": "enabled", "budget_tokens": 5000});
    let members = json!({"thinking": own, "reasoning_effort": "low"});
    let (said, dropped) = thinking(BUDGET, json!({}), members.clone());
    assert_eq!((&said["thinking"], &said["max_tokens"]), (&own, &json!(37_000)));
    assert_eq!(dropped, ["reasoning_effort"]);
    let (said, dropped) = thinking(ADAPTIVE, json!({}), members);
    assert_eq!((&said["thinking"], &said["effort"]), (&own, &json!("low")));
    assert!(dropped.is_empty());
}

#[test]
fn a_callers_own_output_config_wins_member_by_member() {
    let members =
        json!({"output_config": {"effort": "max", "task_budget": 1}, "reasoning_effort": "low"});
    let request = json!({"messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}});
    let mut request = request;
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let encoded = encode::<AnthropicMessages>(&call(ADAPTIVE, &json!({})), request).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected =
        json!({"effort": "max", "task_budget": 1, "format": {"type": "json_schema", "schema": {}}});
    assert_eq!(body["output_config"], expected);
}

#[test]
fn a_forced_tool_keeps_thinking_off() {
    let members = || {
        json!({
            "reasoning_effort": "high", "tool_choice": "required",
            "tools": [{"type": "function", "function": {"name": "f"}}],
        })
    };
    let (said, dropped) = thinking(ADAPTIVE, json!({}), members());
    assert_eq!((&said["thinking"], &said["effort"]), (&json!(null), &json!("high")));
    assert!(dropped.is_empty());
    let (said, dropped) = thinking(BUDGET, json!({}), members());
    assert!(said["thinking"].is_null());
    assert_eq!(dropped, ["reasoning_effort"]);
}

#[test]
fn a_budget_does_not_begin_behind_calls_that_another_model_made() {
    let details = json!([{"type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic-claude-v1", "index": 0}]);
    for (details, is_on) in [(json!(null), false), (details, true)] {
        let messages = json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": null, "reasoning_details": details, "tool_calls": [
                {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "t", "content": "b"},
        ]);
        let members = json!({"reasoning_effort": "high", "messages": messages});
        let (said, dropped) = thinking(BUDGET, json!({}), members);
        assert_eq!(!said["thinking"].is_null(), is_on);
        assert_eq!(dropped.is_empty(), is_on);
    }
}

#[test]
fn while_it_thinks_a_model_takes_hardly_any_sampling() {
    let members = json!({"reasoning_effort": "high", "temperature": 0.5, "top_p": 0.9, "top_k": 3});
    let (_, dropped) = thinking("claude-3-7-sonnet-20250219", json!({}), members);
    assert_eq!(dropped, ["temperature", "top_p", "top_k"]);
    let members = json!({"reasoning_effort": "high", "temperature": 1, "top_p": 0.97});
    let (_, dropped) = thinking("claude-3-7-sonnet-20250219", json!({}), members);
    assert!(dropped.is_empty());
}
