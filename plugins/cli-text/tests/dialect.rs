//! The dialect `cli-text`, natively.

use cli_text::CliText;
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Call, Encoded, Failure, FailureKind, Normalizer};
use serde_json::{Value, json};

fn call(settings: Value) -> Call {
    Call { settings: settings.to_string(), ..testing::chat("echo") }
}

fn encode(settings: Value, request: Value) -> Result<Encoded, Failure> {
    testing::encode::<CliText>(&call(settings), request)
}

fn text(encoded: &Encoded) -> &str {
    std::str::from_utf8(&encoded.body).expect("prompts are text")
}

fn conversation() -> Value {
    json!({"messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "text", "text": "this?"},
        ]},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c1"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ]})
}

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn only_chat_is_planned_and_always_rewritten() {
    let plan = CliText::plan(&testing::chat("echo")).unwrap();
    assert!(plan.encode_body && !plan.verbatim);
    let failure = CliText::plan(&testing::embeddings("echo")).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
    let failure = CliText::plan(&call(json!({"prompt": "all"}))).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
    assert_eq!(failure.param(), Some("settings.prompt"));
}

#[test]
fn settings_of_the_adapter_are_not_its_affair() {
    let settings = json!({"program": "/bin/echo", "arguments": ["{{body}}"]});
    assert!(CliText::plan(&call(settings)).is_ok());
}

#[test]
fn the_last_user_message_is_the_prompt() {
    let encoded = encode(json!({}), conversation()).unwrap();
    assert_eq!(text(&encoded), "What is\nthis?");
    let dropped = ["messages[0..1]", "messages[1].content[1]", "messages[2..4]"];
    assert_eq!(encoded.dropped, dropped);
}

#[test]
fn a_transcript_has_every_message_after_its_role() {
    let encoded = encode(json!({"prompt": "transcript"}), conversation()).unwrap();
    let turns = "system: Be brief.\n\nuser: What is\nthis?\n\ntool: a cat";
    assert_eq!(text(&encoded), turns);
    let dropped = ["messages[1].content[1]", "messages[2].tool_calls", "messages[3].tool_call_id"];
    assert_eq!(encoded.dropped, dropped);
}

#[test]
fn a_program_that_reads_lines_gets_the_end_of_the_last_one() {
    for (content, expected) in [("1+1", "1+1\n"), ("1+1\n", "1+1\n")] {
        let request = json!({"messages": [{"role": "user", "content": content}]});
        assert_eq!(text(&encode(json!({"line_end": true}), request.clone()).unwrap()), expected);
        assert_eq!(text(&encode(json!({}), request).unwrap()), content);
    }
}

#[test]
fn what_a_program_cannot_be_told_is_named() {
    let request = json!({
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5, "tools": [], "seed": null, "something_new": 1,
        "user": "u", "metadata": {}, "stream": false,
    });
    let mut dropped = encode(json!({}), request).unwrap().dropped;
    dropped.sort();
    assert_eq!(dropped, ["something_new", "temperature", "tools"]);
}

#[test]
fn the_list_of_what_is_dropped_is_bounded() {
    let image = json!({"type": "image_url", "image_url": {"url": "https://a.example/x.png"}});
    let mut parts = vec![image; 200];
    parts.push(json!({"type": "text", "text": "hi"}));
    let encoded = encode(json!({}), json!({"messages": [{"role": "user", "content": parts}]}));
    assert_eq!(encoded.unwrap().dropped.len(), 64);
}

#[test]
fn a_request_without_text_for_the_program_is_invalid() {
    let image = json!([{"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}]);
    let cases = [
        (json!([]), "messages"),
        (json!([{"role": "system", "content": "x"}]), "messages"),
        (json!([{"role": "user", "content": image}]), "messages"),
        (json!([{"role": "user", "content": " \n"}]), "messages"),
        (json!([{"role": "user", "content": 7}]), "messages[0].content"),
    ];
    for (messages, param) in cases {
        let failure = encode(json!({}), json!({"messages": messages})).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidRequest, "{messages}");
        assert_eq!(failure.param(), Some(param), "{messages}");
    }
}

const OUTPUT: &[u8] = b"Gr\xC3\xBC\xC3\x9Fe\r\nzwei \xF0\x9F\x91\x8B \xFF Zeilen\n\n";

#[test]
fn output_is_one_reply_at_every_slicing() {
    let replay = Replay::new(testing::chat("echo"));
    let documents = replay.at_every_slicing::<CliText>(OUTPUT).unwrap();
    testing::assert_golden("tests/golden/whole.json", &json!(documents));
    replay.at_every_truncation::<CliText>(OUTPUT);
}

#[test]
fn output_is_streamed_with_the_same_text_at_every_slicing() {
    let replay = Replay::new(testing::chat_stream("echo")).joining_text();
    let documents = replay.at_every_slicing::<CliText>(OUTPUT).unwrap();
    testing::assert_golden("tests/golden/stream.json", &json!(documents));
    replay.at_every_truncation::<CliText>(OUTPUT);
}

#[test]
fn a_program_that_says_nothing_gives_an_empty_answer() {
    for output in ["", "\n"] {
        let whole = Replay::new(testing::chat("echo"))
            .at_every_slicing::<CliText>(output.as_bytes())
            .unwrap();
        assert_eq!(whole[0]["choices"][0]["message"]["content"], "");
        let stream = Replay::new(testing::chat_stream("echo"))
            .at_every_slicing::<CliText>(output.as_bytes())
            .unwrap();
        assert_eq!(stream.len(), 2, "role and end");
        assert_eq!(stream[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(stream[1]["choices"][0]["finish_reason"], "stop");
    }
}

#[test]
fn a_program_that_was_ended_gives_no_answer() {
    let replay = Replay::new(testing::chat("echo"));
    let failure = replay.decode::<CliText>(&[OUTPUT], patchbay_sdk::Ending::Broken).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
}
