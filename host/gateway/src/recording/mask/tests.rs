use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;

use super::*;

const SECRET: &str = "sk-0123456789abcdef";

fn secrets() -> SentSecrets {
    SentSecrets::new(vec![Arc::new(SecretString::from(SECRET))])
}

fn document(texts: RecordedTexts, value: &Value) -> Value {
    let secrets = secrets();
    let mask = Mask { texts, secrets: &secrets };
    mask.document(value.to_string().as_bytes()).unwrap()
}

fn body(texts: RecordedTexts, bytes: &[u8]) -> Option<String> {
    let secrets = secrets();
    match (Mask { texts, secrets: &secrets }).body(bytes)? {
        Body::Text(text) => Some(text),
        Body::Bytes => Some("bytes".to_owned()),
    }
}

#[test]
fn what_a_document_says_goes_and_what_it_is_stays() {
    for (given, expected) in [
        (
            json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "My PIN is 1234"}]}),
            json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "xx xxx xx 0000"}]}),
        ),
        (json!({"role": "user", "name": "Alice"}), json!({"role": "user", "name": "xxxxx"})),
        (
            json!({"type": "function", "function": {"name": "find", "description": "Finds"}}),
            json!({"type": "function", "function": {"name": "find", "description": "xxxxx"}}),
        ),
        (
            json!({"id": "call_1", "function": {"name": "find", "arguments": "{\"who\":\"Al\"}"}}),
            json!({"id": "call_1", "function": {"name": "find", "arguments": "{\"xxx\":\"xx\"}"}}),
        ),
        (
            json!({"type": "tool_use", "name": "find", "input": {"who": "Al", "why": [1], "id": "a"}}),
            json!({"type": "tool_use", "name": "find", "input": {"xxx": "xx", "xxxx": [0], "xx": "x"}}),
        ),
        (
            json!({"type": "partial_json", "partial_json": "{\"who\": \"A"}),
            json!({"type": "partial_json", "partial_json": "{\"xxx\": \"x"}),
        ),
        (
            json!({"name": "find", "response": {"found": "Al"}}),
            json!({"name": "find", "response": {"xxxxx": "xx"}}),
        ),
        (
            json!({"type": "response.created", "response": {"id": "r1", "status": "queued"}}),
            json!({"type": "response.created", "response": {"id": "r1", "status": "queued"}}),
        ),
        (
            json!({"metadata": {"customer": "Bob"}, "user": "bob", "seed": 7}),
            json!({"metadata": {"xxxxxxxx": "xxx"}, "user": "xxx", "seed": 7}),
        ),
        (json!({"input": [[72, 101], [3]]}), json!({"input": [[0, 0], [0]]})),
        (json!({"embedding": [0.25, -1.5]}), json!({"embedding": [0.0, 0.0]})),
        (
            json!({"token": "He", "bytes": [72, 101], "logprob": -0.5}),
            json!({"token": "xx", "bytes": [0, 0], "logprob": -0.5}),
        ),
        (json!({"token": {"id": 4711, "text": "He"}}), json!({"token": {"id": 0, "text": "xx"}})),
        (
            json!({"finish_reason": "stop", "stop_sequence": "END", "stop": ["END"]}),
            json!({"finish_reason": "stop", "stop_sequence": "xxx", "stop": ["xxx"]}),
        ),
        (
            json!({"type": "not one word", "status": "my secret"}),
            json!({"type": "xxx xxx xxxx", "status": "xx xxxxxx"}),
        ),
        (
            json!({"image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}),
            json!({"image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}),
        ),
    ] {
        assert_eq!(document(RecordedTexts::Masked, &given), expected, "{given}");
        assert_eq!(document(RecordedTexts::Kept, &given), given);
    }
}

#[test]
fn frames_stay_and_their_documents_are_masked() {
    for (given, expected) in [
        (
            "event: message\r\ndata: {\"type\":\"a\",\"text\":\"Hi 1\"}\r\n\r\ndata: [DONE]\n\n",
            "event: message\r\ndata: {\"text\":\"xx 0\",\"type\":\"a\"}\r\n\r\ndata: [DONE]\n\n",
        ),
        (": note\nevent: two words\ndata:{\"cut\n", ": xxxx\nevent: xxx xxxxx\ndata:{\"xxx\n"),
        ("{\"text\":\"a\"}\n{\"done\":true}", "{\"text\":\"x\"}\n{\"done\":true}"),
        ("[{\n\"text\": \"a\"\n}]", "[{\"text\":\"x\"}]"),
        ("<h1>Bad Gateway</h1>", "<x0>xxx xxxxxxx</x0>"),
        ("\"a text\"", "\"x xxxx\""),
        ("", ""),
    ] {
        assert_eq!(body(RecordedTexts::Masked, given.as_bytes()).as_deref(), Some(expected));
        assert_eq!(body(RecordedTexts::Kept, given.as_bytes()).as_deref(), Some(given));
    }
}

#[test]
fn what_is_no_text_is_kept_only_where_texts_are() {
    for given in [&b"\0\0\0\x10event"[..], b"\xff\xfe", b"a\x1bb"] {
        assert_eq!(body(RecordedTexts::Masked, given), None);
        let kept = body(RecordedTexts::Kept, given);
        assert_eq!(kept.as_deref(), Some("bytes"));
    }
    assert_eq!(body(RecordedTexts::Kept, format!("\0{SECRET}").as_bytes()), None);
}

#[test]
fn no_credential_stays_whatever_becomes_of_texts() {
    let quoting = json!({"id": SECRET, SECRET: 1, "text": format!("key {SECRET}!")});
    let escaped = quoting.to_string().replace("sk-", "\\u0073k-");
    for texts in [RecordedTexts::Masked, RecordedTexts::Kept] {
        for given in [
            quoting.to_string(),
            escaped.clone(),
            format!("data: {quoting}\n\n"),
            format!("{{\"id\":\"{SECRET}\",\"id\":\"other\"}}"),
            format!("event: {SECRET}\n"),
            format!("no document: {SECRET}"),
        ] {
            let recorded = body(texts, given.as_bytes()).unwrap();
            assert!(!recorded.contains("0123456789"), "{recorded}");
        }
    }
}

mod any {
    use proptest::prelude::*;

    use super::*;

    /// Documents with words everywhere that callers and providers write.
    fn documents() -> impl Strategy<Value = Value> {
        let word = "[g-wG-W]{3,9}";
        let text = prop::collection::vec(word, 1..6).prop_map(|words| words.join(" "));
        let leaf = prop_oneof![
            text.prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null),
            any::<bool>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let names = prop::sample::select(vec![
                "content",
                "text",
                "type",
                "name",
                "input",
                "arguments",
                "role",
                "parts",
                "args",
                "metadata",
                "delta",
                "message",
                "thinking",
                "partial_json",
                "id",
                "response",
            ]);
            let member = (names, inner.clone());
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(member, 0..5).prop_map(|members| {
                    Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
                }),
                inner.prop_map(|it| it.to_string().into()),
            ]
        })
    }

    /// Every word of a document's texts, also of documents in texts, but for the words that say
    /// what a document is.
    fn words(value: &Value, says_what: bool, found: &mut Vec<String>) {
        match value {
            Value::String(text) if says_what && is_word(text) => {}
            Value::String(text) => match serde_json::from_str(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => words(&inner, false, found),
                _ => found.extend(text.split(' ').map(str::to_owned)),
            },
            Value::Array(values) => values.iter().for_each(|it| words(it, says_what, found)),
            Value::Object(members) => {
                members.iter().for_each(|(name, it)| words(it, is_structural(name), found));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn shape(value: &Value) -> Value {
        match value {
            Value::Array(values) => values.iter().map(shape).collect(),
            Value::Object(members) => members.values().map(shape).collect(),
            Value::String(_) => "text".into(),
            Value::Number(_) => "number".into(),
            other => other.clone(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_word_survives_and_the_shape_does(given in documents()) {
            let masked = document(RecordedTexts::Masked, &given);
            let mut planted = Vec::new();
            words(&given, false, &mut planted);
            let says = |word: &String| {
                let letters = word.chars().filter(|c| c.is_alphabetic()).count();
                letters >= 3 && !["true", "false", "null"].contains(&word.as_str())
            };
            planted.retain(says);
            let written = masked.to_string();
            for word in planted {
                // Names of members are made of other letters.
                let names_hold = ["content", "text", "type", "input", "arguments", "role", "message",
                    "thinking", "response", "parts"].iter().any(|name| name.contains(&word));
                prop_assert!(names_hold || !written.contains(&word), "{word} in {written}");
            }
            prop_assert_eq!(sorted(shape(&masked)), sorted(shape(&given)));
        }

        #[test]
        fn any_text_keeps_its_length_and_its_blanks(given in "[^{\\[:]{0,40}") {
            let masked = masked(&given);
            prop_assert_eq!(masked.chars().count(), given.chars().count());
            for (was, is) in given.chars().zip(masked.chars()) {
                prop_assert!(was.is_whitespace() == is.is_whitespace());
                prop_assert!(!is.is_alphanumeric() || matches!(is, 'x' | '0' | 'A'));
            }
        }
    }

    /// Masked names of members may have another order.
    fn sorted(value: Value) -> Value {
        match value {
            Value::Array(values) => {
                let mut values: Vec<Value> = values.into_iter().map(sorted).collect();
                values.sort_by_key(Value::to_string);
                values.into()
            }
            other => other,
        }
    }
}
