//! Ready-made rules for the events of well-known tools.
//!
//! Sources: for `claude`, <https://code.claude.com/docs/en/headless> and the message types of
//! <https://platform.claude.com/docs/en/agent-sdk/typescript>; for `codex`,
//! <https://developers.openai.com/codex/noninteractive>; for `gemini`,
//! <https://geminicli.com/docs/cli/headless/>. The tools themselves were run with these rules, in the
//! versions that `tests/acceptance/agents.sh` names.

use serde_json::{Value, json};

use crate::rule::{Arguments, CallRule, Rule, UsageRule};
use crate::settings::Format;

/// The rules of a format.
pub(crate) fn rules(format: Format) -> Vec<Rule> {
    match format {
        Format::Claude => claude(),
        Format::Codex => codex(),
        Format::Gemini => gemini(),
    }
}

/// A rule about events of a kind, in which something has to stand.
fn of(kind: &str, when: Value) -> Rule {
    let when = when.as_object().cloned().unwrap_or_default();
    Rule { kind: Some(kind.to_owned()), when: when.into_iter().collect(), ..Rule::default() }
}

/// Events of Anthropic's API are wrapped in `stream_event`; those of sub-agents have the id of
/// the call that started them, and are not the answer. Whole messages repeat what the pieces
/// said, and `result` repeats the last one. Between two messages the agent ran its tools.
fn claude() -> Vec<Rule> {
    let event = |member: &str, word: &str| {
        of("stream_event", json!({ "parent_tool_use_id": null, member: word }))
    };
    let mut call = event("event.type", "content_block_start");
    call.when.insert("event.content_block.type".to_owned(), json!("tool_use"));
    let usage = UsageRule {
        prompt_tokens: [
            "usage.input_tokens",
            "usage.cache_read_input_tokens",
            "usage.cache_creation_input_tokens",
        ]
        .into(),
        completion_tokens: "usage.output_tokens".into(),
        cached_tokens: Some("usage.cache_read_input_tokens".into()),
        reasoning_tokens: Some("usage.output_tokens_details.thinking_tokens".into()),
        ..UsageRule::default()
    };
    let error = Some(["result", "errors.0", "subtype"].into());
    vec![
        Rule { new_paragraph: true, ..event("event.type", "message_start") },
        Rule { text: Some("event.delta.text".into()), ..event("event.delta.type", "text_delta") },
        Rule {
            reasoning: Some("event.delta.thinking".into()),
            ..event("event.delta.type", "thinking_delta")
        },
        Rule {
            tool_call: Some(CallRule {
                id: Some("event.content_block.id".into()),
                name: "event.content_block.name".into(),
                arguments: None,
            }),
            ..call
        },
        Rule {
            arguments: Some("event.delta.partial_json".into()),
            ..event("event.delta.type", "input_json_delta")
        },
        Rule { error, ..of("result", json!({ "is_error": true })) },
        Rule {
            final_text: Some("result".into()),
            usage: Some(usage),
            done: true,
            ..of("result", json!({ "is_error": false }))
        },
    ]
}

/// Items come whole. `error` may be about a connection that is made again, so it counts only if
/// the turn does not end well. Of the agent's own tools only that for commands has a name here,
/// which is the kind of its item.
fn codex() -> Vec<Rule> {
    let item = |kind: &str| of("item.completed", json!({ "item.type": kind }));
    let usage = UsageRule {
        prompt_tokens: "usage.input_tokens".into(),
        completion_tokens: "usage.output_tokens".into(),
        cached_tokens: Some("usage.cached_input_tokens".into()),
        reasoning_tokens: Some("usage.reasoning_output_tokens".into()),
        ..UsageRule::default()
    };
    vec![
        Rule { text: Some("item.text".into()), paragraph: true, ..item("agent_message") },
        Rule { reasoning: Some("item.text".into()), paragraph: true, ..item("reasoning") },
        Rule {
            tool_call: Some(CallRule {
                id: Some("item.id".into()),
                name: "item.tool".into(),
                arguments: Some(Arguments::At("item.arguments".into())),
            }),
            ..item("mcp_tool_call")
        },
        Rule {
            tool_call: Some(CallRule {
                id: Some("item.id".into()),
                name: "item.type".into(),
                arguments: Some(Arguments::Members(
                    [("command".to_owned(), "item.command".into())].into(),
                )),
            }),
            ..item("command_execution")
        },
        Rule { notice: Some("message".into()), ..of("error", json!({})) },
        Rule { error: Some("error.message".into()), ..of("turn.failed", json!({})) },
        Rule { usage: Some(usage), done: true, ..of("turn.completed", json!({})) },
    ]
}

/// Thoughts are not told, and are counted in the total alone.
fn gemini() -> Vec<Rule> {
    let usage = UsageRule {
        prompt_tokens: "stats.input_tokens".into(),
        completion_tokens: "stats.output_tokens".into(),
        cached_tokens: Some("stats.cached".into()),
        total_tokens: Some("stats.total_tokens".into()),
        ..UsageRule::default()
    };
    vec![
        Rule { text: Some("content".into()), ..of("message", json!({ "role": "assistant" })) },
        Rule {
            tool_call: Some(CallRule {
                id: Some("tool_id".into()),
                name: "tool_name".into(),
                arguments: Some(Arguments::At("parameters".into())),
            }),
            ..of("tool_use", json!({}))
        },
        Rule { new_paragraph: true, ..of("tool_result", json!({})) },
        Rule { notice: Some("message".into()), ..of("error", json!({})) },
        Rule {
            error: Some(["error.message", "error.type", "status"].into()),
            ..of("result", json!({ "status": "error" }))
        },
        Rule { usage: Some(usage), done: true, ..of("result", json!({ "status": "success" })) },
    ]
}
