use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Canonical, Problem};

/// Reads, writes, and compares member by member with digits.
fn survives<T: Canonical>(document: &str) {
    let read = T::from_json(document.as_bytes()).unwrap_or_else(|p| panic!("{p} in {document}"));
    let written = String::from_utf8(read.to_json()).unwrap();
    assert_eq!(sorted(&written), sorted(document));
}

/// The document with members sorted by name at every level and numbers as they are.
fn sorted(document: &str) -> String {
    use crate::{JsonKind, Object, RawJson};
    let raw = RawJson::from_text(document).unwrap();
    match raw.kind() {
        JsonKind::Object => {
            let object: Object = raw.parse().unwrap();
            let mut members: Vec<String> =
                object.iter().map(|(n, v)| format!("{n:?}:{}", sorted(v.as_str()))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        JsonKind::Array => {
            let items: Vec<RawJson> = raw.parse().unwrap();
            let items: Vec<String> = items.iter().map(|item| sorted(item.as_str())).collect();
            format!("[{}]", items.join(","))
        }
        _ => raw.as_str().to_owned(),
    }
}

const EVERY_REQUEST_MEMBER: &str = r#"{
    "model":"m","stream":true,"stream_options":{"include_usage":true,"new":1.0},
    "messages":[
        {"role":"developer","content":"be brief"},
        {"role":"system","content":[{"type":"text","text":"a","cache_control":{"ttl":1e400}}]},
        {"role":"user","name":"u","content":[
            {"type":"text","text":"look"},
            {"type":"image_url","image_url":{"url":"data:,x","detail":"low","new":1}},
            {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
            {"type":"file","file":{"file_id":"f","filename":"n","file_data":"data:,"}},
            {"type":"video_url","video_url":{"url":"x","fps":2.50}}]},
        {"role":"assistant","content":null,"reasoning_content":"hm","refusal":"no","tool_calls":[
            {"id":"c","type":"function","function":{"name":"f","arguments":"{}","new":0.10},"new":1},
            {"id":"d","type":"custom","custom":{"name":"g","input":"i"}}],"signature":"s"},
        {"role":"tool","tool_call_id":"c","content":"42"},
        {"role":"function","name":"f","content":"42"},
        {"role":"critic","content":"new role"}],
    "temperature":1.0,"top_p":0.10,"n":1,"stop":["a","b"],"presence_penalty":-0.5,
    "frequency_penalty":1e-3,"logit_bias":{"50256":-100.0},"logprobs":true,"top_logprobs":3,
    "max_tokens":9007199254740993,"max_completion_tokens":5,"seed":-18446744073709551617,
    "tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,
        "parameters":{"type":"object","multipleOf":0.010},"new":1},"new":2},{"type":"custom","custom":{}}],
    "tool_choice":{"type":"function","function":{"name":"f","new":1.0}},"parallel_tool_calls":false,
    "response_format":{"type":"json_schema","json_schema":{"name":"s","description":"d","strict":true,
        "schema":{"maximum":1.0},"new":1},"new":1.0},
    "reasoning_effort":"low","metadata":{"a":"b"},"service_tier":"auto","user":"u",
    "unknown":{"deep":[1.0,{"x":123456789012345678901234567890}]}}"#;

#[test]
fn every_member_of_a_request_survives_known_or_not() {
    survives::<ChatRequest>(EVERY_REQUEST_MEMBER);
}

#[test]
fn every_member_of_a_reply_survives_known_or_not() {
    survives::<ChatCompletion>(
        r#"{"id":"i","object":"chat.completion","created":1.0,"model":"m","choices":[{"index":0,
        "message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",
        "function":{"name":"f","arguments":"{}"}}],"annotations":[{"n":1.0}]},"finish_reason":
        "tool_calls","logprobs":{"content":[{"logprob":-0.10}]},"new":1.0}],"usage":{"prompt_tokens":1,
        "completion_tokens":2.0,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":0,"new":1.0},
        "completion_tokens_details":{"reasoning_tokens":0,"new":2.0},"cost":0.00010},
        "service_tier":"default","system_fingerprint":"fp","new":1e400}"#,
    );
}

#[test]
fn every_member_of_a_chunk_survives_known_or_not() {
    survives::<ChatChunk>(
        r#"{"id":"i","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":1,
        "delta":{"role":"assistant","content":"x","refusal":"r","reasoning_content":"t","tool_calls":[
        {"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{","new":1.0},"new":1}],
        "new":1.0},"finish_reason":"eos","logprobs":{"content":[]},"new":1.0}],"usage":{"prompt_tokens":1},
        "service_tier":"t","system_fingerprint":"f","new":1.0}"#,
    );
    survives::<ChatChunk>(
        r#"{"id":"i","object":"o","created":1,"model":"m","choices":[],"usage":"none"}"#,
    );
}

#[test]
fn a_wrong_member_is_named_by_its_path_and_not_quoted() {
    let message =
        |json: Value| json!({ "model": "m", "messages": [{"role":"user","content":""}, json] });
    let cases = [
        (json!({ "messages": [] }), "model"),
        (json!({ "model": "m" }), "messages"),
        (json!({ "model": "m", "messages": "secret" }), "messages"),
        (json!({ "model": "m", "messages": ["secret"] }), "messages[0]"),
        (message(json!({ "content": "secret" })), "messages[1].role"),
        (message(json!({ "role": "user", "content": 5 })), "messages[1].content"),
        (message(json!({ "role": "user", "content": [{}] })), "messages[1].content[0].type"),
        (
            message(json!({ "role": "user", "content": [{"type":"text","text":{"secret":1}}] })),
            "messages[1].content[0].text",
        ),
        (
            message(json!({ "role": "assistant", "tool_calls": [{"function":{"name":"f"}}] })),
            "messages[1].tool_calls[0].function.arguments",
        ),
        (json!({ "model": "m", "messages": [], "temperature": "secret" }), "temperature"),
        (
            json!({ "model": "m", "messages": [], "temperature": {"secret": 1}, "n": 1 }),
            "temperature",
        ),
        (json!({ "model": "m", "messages": [], "stop": ["a", 1] }), "stop[1]"),
        (json!({ "model": "m", "messages": [], "stop": {} }), "stop"),
        (json!({ "model": "m", "messages": [], "tools": [{}] }), "tools[0].type"),
        (json!({ "model": "m", "messages": [], "tool_choice": 7 }), "tool_choice"),
        (json!({ "model": "m", "messages": [], "stream": "secret" }), "stream"),
    ];
    for (request, path) in cases {
        let problem = ChatRequest::from_json(request.to_string().as_bytes()).unwrap_err();
        assert_eq!(problem.path, path, "{problem}");
        assert!(!problem.message.contains("secret"), "{problem}");
        let says_what =
            ["must be", "is required"].iter().any(|text| problem.message.contains(text));
        assert!(says_what, "{problem}");
    }
}

#[test]
fn what_is_no_request_is_explained_as_a_whole() {
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let cases: [(&[u8], &str); 5] = [
        (b"", "empty"),
        (b"{\n\"model\":}", "line 2 column 9"),
        (b"[]", "must be an object, not an array"),
        (b"{\"model\":\"\xff\"}", "offset 10"),
        (deep.as_bytes(), "deeper than 128"),
    ];
    for (body, message) in cases {
        let Problem { path, message: said } = ChatRequest::from_json(body).unwrap_err();
        assert_eq!(path, "");
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn null_is_absent_and_is_written_where_the_wire_wants_it() {
    let message = Message::from_json(br#"{"role":"assistant","name":null}"#).unwrap();
    assert_eq!(message.to_json(), br#"{"role":"assistant","content":null}"#);
    let choice = ChunkChoice::from_json(br#"{"index":null,"delta":null}"#).unwrap();
    assert_eq!(choice.to_json(), br#"{"index":0,"delta":{},"finish_reason":null}"#);
}

#[test]
fn a_tool_choice_is_read_in_every_form() {
    let view = |json: &str| serde_json::from_str::<ToolChoice>(json).unwrap().view();
    assert_eq!(view(r#""none""#), ToolChoiceView::None);
    assert_eq!(view(r#""auto""#), ToolChoiceView::Auto);
    assert_eq!(view(r#""required""#), ToolChoiceView::Required);
    let named = ToolChoice::function("f \"g\"");
    assert_eq!(view(named.raw().as_str()), ToolChoiceView::Function("f \"g\"".to_owned()));
    for other in [r#""any""#, r#"{"type":"allowed_tools"}"#, r#"{"type":"function"}"#] {
        assert_eq!(view(other), ToolChoiceView::Other, "{other}");
    }
    assert_eq!(ToolChoice::word("auto").view(), ToolChoiceView::Auto);
}

#[test]
fn a_part_is_viewed_as_what_its_type_says() {
    let part = |json: &str| Part::from_json(json.as_bytes()).unwrap();
    assert_eq!(Part::of_text("a").view(), PartView::Text("a"));
    assert_eq!(part(r#"{"type":"text"}"#).view(), PartView::Other("text"));
    assert_eq!(part(r#"{"type":"new","text":"a"}"#).view(), PartView::Other("new"));
    let image = part(r#"{"image_url":{"url":"data:,x"},"type":"image_url"}"#);
    assert!(matches!(image.view(), PartView::ImageUrl(image) if image.url == "data:,x"));
}

#[test]
fn the_text_of_a_message_is_that_of_its_text_parts() {
    let text =
        |json: &str| serde_json::from_str::<Content>(json).unwrap().plain_text().into_owned();
    assert_eq!(text(r#""a\n""#), "a\n");
    assert_eq!(
        text(r#"[{"type":"text","text":"a"},{"type":"file"},{"type":"text","text":"b"}]"#),
        "ab"
    );
    assert_eq!(text("[]"), "");
}

#[test]
fn stop_is_a_text_or_a_list() {
    let texts = |json: &str| serde_json::from_str::<Stop>(json).unwrap().texts().to_vec();
    assert_eq!(texts(r#""a""#), ["a"]);
    assert_eq!(texts(r#"["a","b"]"#), ["a", "b"]);
}

proptest! {
    #[test]
    fn unknown_members_and_digits_survive_at_every_level(
        name in "x_[a-z\"\\\\]{0,8}",
        number in r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?",
    ) {
        let name = Value::from(name).to_string();
        let new = format!("{name}:{number}");
        survives::<ChatRequest>(&format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"text","text":"t",{new}}}],{new}}}],
            "temperature":{number},"tools":[{{"type":"function","function":{{"name":"f",{new}}},{new}}}],{new}}}"#
        ));
        survives::<ChatChunk>(&format!(
            r#"{{"id":"i","object":"o","created":{number},"model":"m","choices":[{{"index":0,
            "delta":{{{new}}},"finish_reason":null,{new}}}],"usage":{{"prompt_tokens":{number},{new}}},{new}}}"#
        ));
        survives::<ChatCompletion>(&format!(
            r#"{{"id":"i","object":"o","created":{number},"model":"m","choices":[{{"index":0,
            "message":{{"role":"assistant","content":"",{new}}},"finish_reason":null,"logprobs":null,{new}}}],{new}}}"#
        ));
        survives::<crate::embeddings::EmbeddingsRequest>(&format!(
            r#"{{"model":"m","input":[{number}],"dimensions":{number},{new}}}"#
        ));
    }
}
