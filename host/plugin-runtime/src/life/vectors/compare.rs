//! Whether an answer is the expected one, and where it differs.

use serde_json::{Map, Value};

use super::Mismatch;

/// Longest value that a message shows.
const MAX_SHOWN_CHARS: usize = 200;

/// Compares the members that are expected.
///
/// # Errors
/// The first difference.
pub(super) fn expect(
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
    how: &str,
) -> Result<(), Mismatch> {
    if expected.is_empty() {
        return Err(Mismatch::Shape("expect names nothing".into()));
    }
    // A failure that nobody expected says more than the members that are missing.
    if let Some(failure) = found.get("failure").filter(|_| !expected.contains_key("failure")) {
        return same("failure".into(), (&Value::Null, failure), how);
    }
    for (name, wanted) in expected {
        let got = found.get(name).unwrap_or(&Value::Null);
        match (name.as_str(), wanted, got) {
            // Servers and plugins add headers of their own; those named have to be there.
            ("headers", Value::Object(wanted), Value::Object(got)) => {
                for (header, value) in wanted {
                    let sent = got.get(&header.to_ascii_lowercase()).unwrap_or(&Value::Null);
                    same(format!("headers.{header}"), (value, sent), how)?;
                }
            }
            // A failure has more to say than a vector wants to pin down.
            ("failure", Value::Object(wanted), Value::Object(got)) => {
                for (member, value) in wanted {
                    let said = got.get(member).unwrap_or(&Value::Null);
                    same(format!("failure.{member}"), (value, said), how)?;
                }
            }
            _ => same(name.clone(), (wanted, got), how)?,
        }
    }
    Ok(())
}

/// The first place where two answers differ: its path, and both values there.
pub(super) fn divergence(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Option<(String, String, String)> {
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    names.into_iter().find_map(|name| {
        let of = |answer: &'_ Map<String, Value>| answer.get(name).cloned().unwrap_or_default();
        let (old, new) = (of(old), of(new));
        let (member, old, new) = difference(name.clone(), &old, &new)?;
        Some((member, shown(old), shown(new)))
    })
}

fn same(path: String, (wanted, got): (&Value, &Value), how: &str) -> Result<(), Mismatch> {
    match difference(path, wanted, got) {
        None => Ok(()),
        Some((member, wanted, got)) => Err(Mismatch::Differs {
            member,
            how: how.to_owned(),
            expected: shown(wanted),
            found: shown(got),
        }),
    }
}

/// The first place where two values differ. Absent members are shown as null.
fn difference<'v>(
    path: String,
    wanted: &'v Value,
    got: &'v Value,
) -> Option<(String, &'v Value, &'v Value)> {
    match (wanted, got) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            names.into_iter().find_map(|name| {
                let (wanted, got) = (one.get(name), other.get(name));
                let differ = wanted != got;
                let (wanted, got) = (wanted.unwrap_or(&Value::Null), got.unwrap_or(&Value::Null));
                let path = format!("{path}.{name}");
                let deeper = difference(path.clone(), wanted, got);
                deeper.or_else(|| differ.then_some((path, wanted, got)))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.into_iter().find_map(|(index, (wanted, got))| {
                difference(format!("{path}[{index}]"), wanted, got)
            })
        }
        _ => (wanted != got).then_some((path, wanted, got)),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_SHOWN_CHARS {
        return text;
    }
    let start: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let found = json!({
            "documents": [{ "a": 1, "b": [{ "c": "x" }] }], "other": 1,
            "headers": { "x-a": "1", "x-b": "2" },
        });
        let failed = json!({ "failure": { "kind": "not-found", "message": "no" } });
        for (expected, member) in [
            (json!({ "documents": [{ "a": 1, "b": [{ "c": "x" }] }] }), None),
            (
                json!({ "documents": [{ "a": 1, "b": [{ "c": "y" }] }] }),
                Some("documents[0].b[0].c"),
            ),
            (json!({ "documents": [{ "b": [{ "c": "x" }] }] }), Some("documents[0].a")),
            (json!({ "documents": [] }), Some("documents")),
            (json!({ "missing": 1 }), Some("missing")),
            (json!({ "headers": { "X-A": "1" } }), None),
            (json!({ "headers": { "x-a": "2" } }), Some("headers.x-a")),
        ] {
            assert_eq!(member_that_differs(&expected, &found).as_deref(), member, "{expected}");
        }
        for (expected, member) in [
            (json!({ "failure": { "kind": "not-found" } }), None),
            (json!({ "failure": { "kind": "other" } }), Some("failure.kind")),
            (json!({ "documents": [] }), Some("failure")),
        ] {
            assert_eq!(member_that_differs(&expected, &failed).as_deref(), member, "{expected}");
        }
    }

    fn member_that_differs(expected: &Value, found: &Value) -> Option<String> {
        let (expected, found) = (expected.as_object().unwrap(), found.as_object().unwrap());
        match expect(expected, found, "") {
            Ok(()) => None,
            Err(Mismatch::Differs { member, .. }) => Some(member),
            Err(other) => panic!("{other}"),
        }
    }
}
