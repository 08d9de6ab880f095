//! The dialect `cli-jsonl`, natively.

use cli_jsonl::CliJsonl;
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Call, Ending, Failure, FailureKind, Normalizer};
use serde_json::{Value, json};

fn call(settings: &Value, streaming: bool) -> Call {
    let call = if streaming { testing::chat_stream("tool") } else { testing::chat("tool") };
    Call { settings: settings.to_string(), ..call }
}

fn replay(settings: &Value, streaming: bool) -> Replay {
    Replay::new(call(settings, streaming))
}

fn whole(settings: &Value, output: &str) -> Result<Value, Failure> {
    let documents = replay(settings, false).at_every_slicing::<CliJsonl>(output.as_bytes())?;
    Ok(documents[0].clone())
}

/// Events of a tool that there is not.
fn own() -> Value {
    json!({"kind": "event.name", "events": [
        {"kind": "say", "text": "event.text", "when": {"event.hidden": null}},
        {"kind": "think", "reasoning": "/event/text"},
        {"kind": "call", "tool_call": {"name": "event.tool", "id": "event.id"}},
        {"kind": "input", "arguments": "event.text"},
        {"kind": "end", "final_text": "event.text",
         "usage": {"prompt_tokens": "event.in", "completion_tokens": "event.out"}, "done": true}
    ]})
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn transcripts_of_known_tools_give_the_same_documents_at_every_slicing() {
    for name in ["claude", "claude_without_pieces", "codex", "gemini"] {
        let output = testing::fixture(&format!("tests/replies/{name}.jsonl"));
        let format = name.split('_').next();
        for (kind, tool_calls) in [("answer", false), ("calls", true)] {
            let settings = json!({"format": format, "tool_calls": tool_calls});
            for (way, streaming) in [("stream", true), ("whole", false)] {
                let replay = replay(&settings, streaming);
                let documents = replay.at_every_slicing::<CliJsonl>(&output).unwrap();
                let golden = format!("tests/golden/{name}_{kind}_{way}.json");
                testing::assert_golden(&golden, &documents.into());
                replay.at_every_truncation::<CliJsonl>(&output);
            }
        }
    }
}

#[test]
fn calls_of_a_known_tool_are_its_own_unless_they_are_asked_for() {
    let output = testing::fixture("tests/replies/gemini.jsonl");
    let output = String::from_utf8(output).unwrap();
    let answer = whole(&json!({"format": "gemini"}), &output).unwrap();
    assert_eq!(answer["choices"][0]["message"]["tool_calls"], Value::Null);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["choices"][0]["message"]["content"], "I read. \n\nIt says x. 👋");
    assert_eq!(answer["usage"]["completion_tokens"], 13);
    let answer = whole(&json!({"format": "gemini", "tool_calls": true}), &output).unwrap();
    let function = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(function, &json!({"name": "read_file", "arguments": "{\"path\":\"a\"}"}));
}

#[test]
fn events_of_any_tool_are_read_by_rules() {
    let output = r#"
        {"event":{"name":"think","text":"hm"}}
        {"event":{"name":"say","text":"not this","hidden":true}}
        {"event":{"name":"say","text":"a"}} 
        {"event":{"name":"call","tool":"f","id":"c1"}}
        {"event":{"name":"input","text":"{\"x\":"}}
        {"event":{"name":"input","text":"1}"}}
        {"event":{"name":"say","text":"b"}}
        {"event":{"name":"end","text":"unused","in":2,"out":3}}
        {"event":{"name":"say","text":"late"}}"#;
    let answer = whole(&own(), output).unwrap();
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], "ab");
    assert_eq!(message["reasoning_content"], "hm");
    assert_eq!(message["tool_calls"][0]["id"], "c1");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(answer["usage"]["completion_tokens"], 3);
}

#[test]
fn what_follows_the_run_of_a_tool_is_a_paragraph_of_its_own() {
    for (format, text, reasoning) in [
        ("claude", "I look. \n\nZwei Dateien: „a“ 👋", "Two files?\n\nTwo."),
        ("codex", "There is one file.\n\nIt is „a“.", "**Listing**"),
    ] {
        let output = testing::fixture(&format!("tests/replies/{format}.jsonl"));
        let output = String::from_utf8(output).unwrap();
        let answer = whole(&json!({"format": format}), &output).unwrap();
        let message = &answer["choices"][0]["message"];
        assert_eq!(message["content"], text);
        assert_eq!(message["reasoning_content"], reasoning);
    }
    let settings =
        json!({"events": [{"kind": "say", "text": "t"}, {"kind": "act", "new_paragraph": true}]});
    let output = "{\"type\":\"act\"}\n{\"type\":\"say\",\"t\":\"a\"}\n{\"type\":\"act\"}\n{\"type\":\"say\",\"t\":\"b\"}\n";
    let answer = whole(&settings, output).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "a\n\nb");
}

#[test]
fn commands_of_codex_are_calls_whose_input_is_the_command() {
    let output = testing::fixture("tests/replies/codex.jsonl");
    let output = String::from_utf8(output).unwrap();
    let answer = whole(&json!({"format": "codex", "tool_calls": true}), &output).unwrap();
    let calls = &answer["choices"][0]["message"]["tool_calls"];
    let command =
        json!({"name": "command_execution", "arguments": "{\"command\":\"bash -lc ls\"}"});
    assert_eq!(calls[0]["function"], command);
    assert_eq!(calls[1]["function"], json!({"name": "search", "arguments": "{\"q\":\"a\"}"}));
}

#[test]
fn tokens_that_only_the_total_has_are_reasoning() {
    let settings = json!({"events": [{"usage": {"prompt_tokens": "in", "completion_tokens": "out",
        "reasoning_tokens": "thought", "total_tokens": "all"}}]});
    for (event, completion, reasoning) in [
        (json!({"in": 2, "out": 3, "all": 9}), 7, 4),
        (json!({"in": 2, "out": 3, "all": 5, "thought": 2}), 3, 2),
        (json!({"in": 2, "out": 3, "all": 1, "thought": 9}), 3, 3),
    ] {
        let usage = whole(&settings, &event.to_string()).unwrap()["usage"].clone();
        assert_eq!(usage["completion_tokens"], completion, "{event}");
        assert_eq!(usage["total_tokens"], completion + 2, "{event}");
        assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], reasoning, "{event}");
    }
}

#[test]
fn the_final_text_stands_in_for_pieces_that_did_not_come() {
    let answer = whole(&own(), r#"{"event":{"name":"end","text":"all of it"}}"#).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "all of it");
    assert_eq!(answer.get("usage"), None);
}

#[test]
fn lines_that_say_nothing_are_passed_over_and_counted() {
    let settings = json!({"events": [{"kind": "say", "text": "t"}]});
    let output =
        "Loading…\n[1]\n\"x\"\n{\"type\":\"new\"}\n{\"type\":\"say\",\"t\":\"a\"}\n{\"type\":\n";
    let _ = testing::logged();
    let documents =
        replay(&settings, false).decode::<CliJsonl>(&[output.as_bytes()], Ending::Clean).unwrap();
    assert_eq!(documents[0]["choices"][0]["message"]["content"], "a");
    let logged = format!("{:?}", testing::logged());
    let words = "1 were read, 1 are events that no rule knows, and 4 are no JSON objects";
    assert!(logged.contains(words), "{logged}");
}

#[test]
fn what_is_no_answer_is_a_failure_that_says_why() {
    let codex = json!({"format": "codex"});
    let claude = json!({"format": "claude"});
    let short = json!({"format": "codex", "max_line_bytes": 20});
    for (settings, output, kind, words) in [
        (
            &codex,
            "{\"type\":\"turn.failed\",\"error\":{\"message\":\"no quota\"}}",
            FailureKind::UpstreamError,
            "failed: no quota",
        ),
        (
            &codex,
            "{\"type\":\"error\",\"message\":\"no network\"}",
            FailureKind::UpstreamError,
            "failed: no network",
        ),
        (&codex, "{\"type\":\"turn.started\"}", FailureKind::StreamTruncated, "complete"),
        (&codex, "", FailureKind::StreamTruncated, "complete"),
        (
            &claude,
            "{\"type\":\"result\",\"is_error\":true,\"subtype\":\"error_max_turns\"}",
            FailureKind::UpstreamError,
            "failed: error_max_turns",
        ),
        (
            &claude,
            "{\"type\":\"result\",\"is_error\":true,\"result\":\"Credit balance is too low\"}",
            FailureKind::UpstreamError,
            "Credit balance",
        ),
        (&short, "{\"type\":\"turn.started\"}", FailureKind::UpstreamError, "over 20 bytes"),
    ] {
        let failure = whole(settings, output).unwrap_err();
        assert_eq!(failure.kind(), kind, "{output}");
        assert!(failure.message().contains(words), "{}", failure.message());
    }
    let settings = json!({"events": [{"kind": "say", "text": "t"}]});
    let failure = whole(&settings, "usage: tool [options]\n").unwrap_err();
    assert!(failure.message().contains("no event"), "{}", failure.message());
}

#[test]
fn what_a_tool_says_of_its_fault_is_cut() {
    let said = "é".repeat(10_000);
    let line = json!({"type": "turn.failed", "error": {"message": said}}).to_string();
    let replay = replay(&json!({"format": "codex"}), false);
    let failure = replay.decode::<CliJsonl>(&[line.as_bytes()], Ending::Clean).unwrap_err();
    assert!(failure.message().chars().count() < 600);
}

#[test]
fn the_program_reads_a_prompt_or_the_request_as_one_line() {
    let request = json!({"model": "tool", "stream": true, "stream_options": {"include_usage": true}, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]});
    let encode = |settings: Value| {
        let encoded = testing::encode::<CliJsonl>(&call(&settings, true), request.clone()).unwrap();
        (String::from_utf8(encoded.body).unwrap(), encoded.dropped)
    };
    let dropped = vec!["messages[0..1]".to_owned()];
    assert_eq!(encode(json!({"format": "codex"})), ("Hi".to_owned(), dropped));
    let transcript = json!({"format": "codex", "prompt": "transcript"});
    assert_eq!(encode(transcript).0, "system: Be brief.\n\nuser: Hi");
    let (line, dropped) = encode(json!({"format": "codex", "input": "json"}));
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), request);
    assert!(dropped.is_empty());
}

#[test]
fn settings_that_say_nothing_or_two_things_are_refused() {
    for (settings, member) in [
        (json!({}), "settings.format"),
        (json!({"format": "docker"}), "settings.format"),
        (json!({"format": "codex", "events": [{"text": "t"}]}), "settings.events"),
        (json!({"format": "codex", "max_line_bytes": 0}), "settings.max_line_bytes"),
        (json!({"events": [{"txt": "t"}]}), "settings.events"),
    ] {
        let failure = CliJsonl::plan(&call(&settings, true)).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{settings}");
        let param = failure.param().unwrap_or_default();
        assert!(param.starts_with(member), "{settings}: {param}");
    }
    let failure = CliJsonl::plan(&testing::embeddings("tool")).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}
