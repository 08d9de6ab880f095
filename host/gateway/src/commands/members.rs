//! Members of JSON documents, as people read them.

use serde_json::Value;

/// What stands for nothing.
const ABSENT: &str = "-";

/// A member by its path, `limits.requests_per_minute`, as a text.
pub(super) fn text(document: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(document, |value, name| value.get(name));
    found.map_or_else(|| ABSENT.to_owned(), written)
}

/// A value on one line.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Null => ABSENT.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(elements) if elements.is_empty() => ABSENT.to_owned(),
        Value::Array(elements) if elements.iter().all(is_plain) => {
            elements.iter().map(written).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Every value of a document that is no table, with its path.
pub(super) fn flat(document: &Value) -> Vec<[String; 2]> {
    let mut found = Vec::new();
    flatten("", document, &mut found);
    found
}

fn flatten(path: &str, value: &Value, found: &mut Vec<[String; 2]>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let dot = if path.is_empty() { "" } else { "." };
            members.iter().for_each(|(name, it)| flatten(&format!("{path}{dot}{name}"), it, found));
        }
        Value::Array(elements) if !elements.iter().all(is_plain) => {
            let numbered = elements.iter().enumerate();
            numbered.for_each(|(index, it)| flatten(&format!("{path}[{index}]"), it, found));
        }
        other => found.push([path.to_owned(), written(other)]),
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_found_by_its_path_and_written_on_one_line() {
        let document = json!({
            "a": {"b": 7}, "none": null, "list": ["x", 1, true], "empty": [], "deep": [{"c": 1}],
        });
        for (path, expected) in [
            ("a.b", "7"),
            ("none", "-"),
            ("list", "x, 1, true"),
            ("empty", "-"),
            ("deep", "[{\"c\":1}]"),
            ("a.b.c", "-"),
            ("z", "-"),
        ] {
            assert_eq!(text(&document, path), expected, "{path}");
        }
    }

    #[test]
    fn a_document_is_flattened_to_paths() {
        let document = json!({
            "id": "smart",
            "candidates": [{"provider": "a"}, {"provider": "b"}],
            "status": {"state": "active", "problems": []},
            "settings": {},
        });
        let expected = [
            ["candidates[0].provider", "a"],
            ["candidates[1].provider", "b"],
            ["id", "smart"],
            ["settings", "{}"],
            ["status.problems", "-"],
            ["status.state", "active"],
        ];
        let mut found = flat(&document);
        found.sort();
        assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
    }
}
