use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn pairs(json: &[u8]) -> Result<Vec<(String, String)>, ScanProblem> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    members(json).map(|m| m.map(|m| (text(&m.name), text(m.value)))).collect()
}

#[test]
fn members_are_found_whatever_their_values_hold() {
    let json =
        br#" { "a" : [1,"]",{"x":"}"}] ,"b\u0041":"q\"\\" , "c":{"d":[{}]},"e":-1.5e3,"f":null } "#;
    let expected = [
        ("a", r#"[1,"]",{"x":"}"}]"#),
        ("bA", r#""q\"\\""#),
        ("c", r#"{"d":[{}]}"#),
        ("e", "-1.5e3"),
        ("f", "null"),
    ];
    let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    assert_eq!(pairs(json).unwrap(), expected);
    assert_eq!(pairs(b"{}"), Ok(vec![]));
}

#[test]
fn what_is_no_object_is_noticed() {
    use ScanProblem::{Malformed, Truncated};
    let cases: [(&str, ScanProblem); 17] = [
        ("", Truncated),
        ("  ", Truncated),
        ("<html>", Malformed(0)),
        ("[]", Malformed(0)),
        ("{", Truncated),
        (r#"{"a"#, Truncated),
        (r#"{"a""#, Truncated),
        (r#"{"a":"#, Truncated),
        (r#"{"a":[1"#, Truncated),
        (r#"{"a":tr"#, Truncated),
        (r#"{"a":1"#, Truncated),
        (r#"{"a":1,"#, Truncated),
        (r#"{"a":1,}"#, Malformed(7)),
        (r#"{"a":1 "b":2}"#, Malformed(7)),
        (r#"{"a" 1}"#, Malformed(5)),
        (r#"{"a":nope}"#, Malformed(5)),
        (r#"{}{}"#, Malformed(2)),
    ];
    for (json, problem) in cases {
        assert_eq!(pairs(json.as_bytes()), Err(problem), "{json}");
    }
}

#[test]
fn brackets_in_strings_are_not_depth() {
    let text = format!(r#"{{"a":"{}"}}"#, "[{".repeat(500));
    assert!(within_depth(text.as_bytes(), 128));
    let wide = format!("[{}1]", "[],".repeat(500));
    assert!(within_depth(wide.as_bytes(), 2));
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    assert!(!within_depth(deep.as_bytes(), 128));
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Exact in binary: serde_json does not promise the last digit of others.
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 64.0)),
        r#"[a-z"\\\[\]{},: \n\u{e9}]{0,12}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((r#"[a-z"\\]{0,6}"#, inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_valid_object_is_read_as_serde_reads_it(value in any_json(), pretty in any::<bool>()) {
        let json = if pretty {
            serde_json::to_vec_pretty(&value).unwrap()
        } else {
            serde_json::to_vec(&value).unwrap()
        };
        match value.as_object() {
            None => prop_assert!(pairs(&json).is_err()),
            Some(object) => {
                let read = pairs(&json).unwrap();
                prop_assert_eq!(read.len(), object.len());
                for (name, text) in read {
                    prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &object[&name]);
                }
            }
        }
    }

    #[test]
    fn any_cut_object_is_noticed(value in any_json(), cut in any::<prop::sample::Index>()) {
        let json = serde_json::to_vec(&serde_json::json!({ "a": value, "b": 1 })).unwrap();
        let cut = cut.index(json.len());
        prop_assert_eq!(pairs(&json[..cut]), Err(ScanProblem::Truncated));
    }
}
