use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::scan::tests::any_json;

fn chat(body: &str) -> Result<RequestEnvelope<'_>, Problem> {
    RequestEnvelope::read(Kind::Chat, body.as_bytes())
}

#[test]
fn the_outermost_members_are_read() {
    let read = chat(r#"{"model":"a\u002fb","messages":[{}]}"#).unwrap();
    assert_eq!((read.model(), read.streaming(), read.include_usage()), ("a/b", false, None));
    let body = r#" { "stream" : true, "messages":[{"model":"x","stream":false}],
        "stream_options":{"a":{"include_usage":false},"include_usage" : true } , "model":"m"} "#;
    let read = chat(body).unwrap();
    assert_eq!((read.model(), read.streaming(), read.wants_usage()), ("m", true, true));
    let read = chat(r#"{"model":"m","messages":[1],"stream":null,"stream_options":null}"#).unwrap();
    assert_eq!((read.streaming(), read.include_usage()), (false, None));
}

#[test]
fn a_wrong_member_is_named_with_reason_and_example() {
    let cases = [
        ("model", "null", "must be a string, not null"),
        ("model", "5", "must be a string, not 5"),
        ("model", "\"\"", "must not be empty"),
        ("model", "\"a\\nb\"", "control characters"),
        ("model", "\"\\ud800\"", "escape"),
        ("messages", "null", "must be an array, not null"),
        ("messages", "\"secret\"", "must be an array, not a string"),
        ("messages", "[ \n]", "must not be empty"),
        ("stream", "\"true\"", "must be a boolean, not a string"),
        ("stream_options", "[]", "must be an object, not an array"),
        ("temperature", "\"0.7\"", "must be a number, not a string"),
        ("n", "0", "must be an integer of at least 1, not 0"),
        ("n", "-1", "must be an integer of at least 1, not -1"),
        ("n", "1.5", "must be an integer of at least 1, not 1.5"),
        ("n", "\"secret\"", "must be an integer of at least 1, not a string"),
        ("max_tokens", "1e3", "must be an integer, not 1e3"),
        ("tools", "{}", "must be an array, not an object"),
        ("tool_choice", "[]", "must be a string or an object, not an array"),
        ("stop", "true", "must be a string or an array, not a boolean"),
        ("logit_bias", "1", "must be an object or an array, not 1"),
        ("user", "{\"secret\":1}", "must be a string, not an object"),
    ];
    for (name, value, reason) in cases {
        let mut members = vec![("model", "\"m\""), ("messages", "[{}]")];
        members.retain(|(member, _)| *member != name);
        members.push((name, value));
        let members: Vec<_> = members.iter().map(|(n, v)| format!("\"{n}\":{v}")).collect();
        let problem = chat(&format!("{{{}}}", members.join(","))).unwrap_err();
        assert_eq!(problem.path, name);
        assert!(problem.message.contains(reason), "{problem}");
        assert!(problem.message.contains(name), "{problem}");
        assert!(!problem.message.contains("secret"), "{problem}");
    }
}

#[test]
fn optional_members_may_be_null_and_unknown_ones_anything() {
    let rows = members::table(Kind::Chat).iter();
    let nulls: Vec<_> = rows.skip(2).map(|row| format!("\"{}\":null", row.name)).collect();
    let body = format!(r#"{{"model":"m","messages":[1],{},"new":{{}}}}"#, nulls.join(","));
    assert!(chat(&body).is_ok());
}

#[test]
fn every_example_in_a_message_is_right_itself() {
    for kind in [Kind::Chat, Kind::Embeddings] {
        for row in members::table(kind) {
            let wrong = ["true", "{}"].into_iter().find_map(|value| row.check(Some(value)).err());
            let message = wrong.unwrap().message;
            let (_, example) = message.split_once(": ").unwrap();
            assert_eq!(row.check(Some(example)), Ok(()), "{message}");
            assert!(serde_json::from_str::<Value>(example).is_ok(), "{message}");
        }
    }
}

#[test]
fn what_is_no_request_is_explained_as_a_whole() {
    let deep = format!(r#"{{"model":"m","messages":{}{}}}"#, "[".repeat(128), "]".repeat(128));
    let cases: [(&[u8], &str); 9] = [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"{\"model\":\"\xff\"}", "not UTF-8: the byte at offset 10"),
        (b"[]", "must be a JSON object, not an array"),
        (b"\"x\"", "must be a JSON object, not a string"),
        (b"<html>", "not valid JSON: expected value at line 1 column 1"),
        (b"{\"model\":\"m\",\n \"messages\":[1,]}", "line 2 column 16"),
        (b"{\"model\":\"m\"}{}", "trailing characters at line 1 column 14"),
        (deep.as_bytes(), "deeper than 128"),
    ];
    for (body, reason) in cases {
        let problem = RequestEnvelope::read(Kind::Chat, body).unwrap_err();
        assert_eq!(problem.param(), None);
        assert!(problem.message.contains(reason), "{problem}");
    }
}

#[test]
fn a_fault_deep_inside_is_noticed_by_the_one_pass() {
    for inside in [r#"{"a":01}"#, r#""\x""#, "\"\n\"", "[1 2]", "{1:2}", "nul"] {
        let body = format!(r#"{{"model":"m","messages":[{inside}]}}"#);
        assert!(chat(&body).unwrap_err().message.contains("not valid JSON"), "{body}");
        let body = format!(r#"{{"model":"m","messages":[1],"new":{inside}}}"#);
        assert!(chat(&body).unwrap_err().message.contains("not valid JSON"), "{body}");
    }
}

#[test]
fn a_member_given_twice_is_refused() {
    let cases = [
        (r#"{"model":"a","messages":[1],"model":"b"}"#, "model"),
        (r#"{"model":"a","messages":[1],"mod\u0065l":"b"}"#, "model"),
        (
            r#"{"model":"a","messages":[1],"stream_options":{"include_usage":true,"include_usage":false}}"#,
            "stream_options.include_usage",
        ),
    ];
    for (body, path) in cases {
        let problem = chat(body).unwrap_err();
        assert_eq!(problem.path, path);
        assert!(problem.message.contains("more than once"), "{problem}");
    }
    assert!(chat(r#"{"model":"a","messages":[1],"new":1,"new":2}"#).is_ok());
}

#[test]
fn include_usage_must_be_a_boolean() {
    let body = r#"{"model":"a","messages":[1],"stream_options":{"include_usage":"yes"}}"#;
    assert_eq!(chat(body).unwrap_err().path, "stream_options.include_usage");
}

#[test]
fn a_model_name_is_bounded() {
    let body = |length: usize| format!(r#"{{"messages":[1],"model":"{}"}}"#, "m".repeat(length));
    assert!(chat(&body(256)).is_ok());
    assert!(chat(&body(257)).unwrap_err().message.contains("256 bytes"));
}

#[test]
fn an_empty_input_is_refused() {
    let read = |input: &str| {
        let body = format!(r#"{{"model":"m"{input}}}"#);
        RequestEnvelope::read(Kind::Embeddings, body.as_bytes()).map(|_| ())
    };
    for input in [r#","input":"x""#, r#","input":" ""#, r#","input":[[1]]"#, r#","input":["a"]"#] {
        assert_eq!(read(input), Ok(()));
    }
    for input in [r#","input":"""#, r#","input":[]"#, r#","input":null"#, r#","input":1"#, ""] {
        let problem = read(input).unwrap_err();
        assert_eq!(problem.path, "input", "{problem}");
    }
}

#[test]
fn an_edit_changes_what_it_names_and_no_other_byte() {
    let usage = |model| Edit { model, include_usage: true };
    let no_usage = |model| Edit { model, include_usage: false };
    let cases = [
        (r#"{"model":"a","messages":[1]}"#, usage("b"), Some(r#"{"model":"b","messages":[1]}"#)),
        (r#"{"model":"a","messages":[1]}"#, usage("a"), None),
        (r#"{"model":"\u0061","messages":[1]}"#, usage("a"), None),
        (r#"{"model":"a","messages":[1],"stream":true}"#, no_usage("a"), None),
        (
            r#"{"model": "a" ,"messages":[1]}"#,
            no_usage("q\"\\\n"),
            Some(r#"{"model": "q\"\\\n" ,"messages":[1]}"#),
        ),
        (
            r#"{"stream": true ,"messages":[1],"model":"a"}"#,
            usage("b"),
            Some(
                r#"{"stream": true,"stream_options":{"include_usage":true} ,"messages":[1],"model":"b"}"#,
            ),
        ),
        (
            r#"{"model":"a","messages":[1],"stream":true,"stream_options":null}"#,
            usage("a"),
            Some(
                r#"{"model":"a","messages":[1],"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
        ),
        (
            r#"{"stream_options":{ },"model":"a","messages":[1],"stream":true}"#,
            usage("a"),
            Some(
                r#"{"stream_options":{"include_usage":true },"model":"a","messages":[1],"stream":true}"#,
            ),
        ),
        (
            r#"{"stream_options":{"x":1.0},"model":"a","messages":[1],"stream":true}"#,
            usage("a"),
            Some(
                r#"{"stream_options":{"include_usage":true,"x":1.0},"model":"a","messages":[1],"stream":true}"#,
            ),
        ),
        (
            r#"{"stream_options":{"x":1.0,"include_usage": false },"model":"a","messages":[1],"stream":true}"#,
            usage("a"),
            Some(
                r#"{"stream_options":{"x":1.0,"include_usage": true },"model":"a","messages":[1],"stream":true}"#,
            ),
        ),
        (
            r#"{"stream_options":{"include_usage":true},"model":"a","messages":[1],"stream":true}"#,
            usage("a"),
            None,
        ),
    ];
    for (body, edit, expected) in cases {
        let read = chat(body).unwrap();
        let edited = read.rewrite(&edit).map(|edited| String::from_utf8(edited).unwrap());
        assert_eq!(edited.as_deref(), expected);
        assert_eq!(read.needs_rewrite(&edit), expected.is_some());
    }
}

prop_compose! {
    /// A chat request with members in any order, and unknown ones.
    fn any_request()(
        model in "[a-z/\"\\\\\u{e9}]{1,9}",
        stream in prop::option::of(any::<bool>()),
        options in prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            Just(Some(json!({}))),
            (any::<bool>(), any_json()).prop_map(|(usage, other)| {
                Some(json!({ "a": other, "include_usage": usage, "z": 1.0 }))
            }),
            any_json().prop_map(|other| Some(json!({ "a": other }))),
        ],
        messages in prop::collection::vec(any_json(), 1..3),
        unknown in prop::collection::vec(("x_[a-z]{0,3}", any_json()), 0..3),
        rotation in 0..6_usize,
        pretty in any::<bool>(),
    ) -> (Value, String) {
        let mut members: Vec<(String, Value)> = vec![
            ("model".to_owned(), model.into()),
            ("messages".to_owned(), messages.into()),
        ];
        members.extend(stream.map(|stream| ("stream".to_owned(), stream.into())));
        members.extend(options.map(|options| ("stream_options".to_owned(), options)));
        members.extend(unknown);
        let count = members.len();
        members.rotate_left(rotation % count);
        let space = if pretty { " \n" } else { "" };
        let texts: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"))
            .collect();
        let whole: Map<String, Value> = members.into_iter().collect();
        (Value::Object(whole), format!("{{{}}}", texts.join(",")))
    }
}

proptest! {
    #[test]
    fn any_edit_leaves_every_other_member_and_byte(
        (mut whole, body) in any_request(),
        model in "[a-z\"\\\\\u{e9}\u{1}]{1,9}",
        include_usage in any::<bool>(),
    ) {
        let read = chat(&body).unwrap();
        let edit = Edit { model: &model, include_usage };
        let Some(edited) = read.rewrite(&edit) else {
            prop_assert_eq!(read.model(), model);
            return Ok(());
        };
        // Other members.
        let now: Value = serde_json::from_slice(&edited).unwrap();
        whole["model"] = model.clone().into();
        if include_usage && whole["stream"] == true {
            if whole["stream_options"].is_null() {
                whole["stream_options"] = json!({});
            }
            whole["stream_options"]["include_usage"] = true.into();
        }
        prop_assert_eq!(&now, &whole);
        // Other bytes: the pieces between the edited places follow each other as before.
        let spans = &read.spans;
        let mut places = Vec::new();
        if read.model() != model {
            places.push(spans.model.clone());
        }
        if include_usage && read.streaming() && !read.wants_usage() {
            let options = spans.stream_options.clone().map(|options| match &body[options.clone()] {
                "null" => options,
                _ => options.start + 1..options.start + 1,
            });
            let behind = spans.stream.clone().map(|stream| stream.end..stream.end);
            places.push(spans.include_usage.clone().or(options).or(behind).unwrap());
        }
        places.sort_by_key(|place| place.start);
        let mut rest = edited.as_slice();
        let mut from = 0;
        for place in places {
            let piece = &body.as_bytes()[from..place.start];
            let at = memchr::memmem::find(rest, piece).unwrap();
            prop_assert!(from > 0 || at == 0);
            rest = &rest[at + piece.len()..];
            from = place.end;
        }
        prop_assert!(rest.ends_with(&body.as_bytes()[from..]));
        // Editing again changes nothing.
        let again = String::from_utf8(edited).unwrap();
        let has_control = model.chars().any(char::is_control);
        match chat(&again) {
            Ok(read) => prop_assert!(!read.needs_rewrite(&edit)),
            Err(problem) => prop_assert!(has_control, "{}", problem),
        }
    }

    #[test]
    fn no_body_makes_reading_panic(body in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = RequestEnvelope::read(Kind::Chat, &body);
        let _ = RequestEnvelope::read(Kind::Embeddings, &body);
    }
}
