//! Files that tests compare with.

use std::env;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Set, it makes [`assert_golden`] write what it was given.
const BLESS: &str = "PATCHBAY_BLESS";

/// Reads a file beside the tests; paths are relative to the package.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn fixture(path: &str) -> Vec<u8> {
    let content = fs::read(path);
    assert!(content.is_ok(), "{path}: {:?}", content.err());
    content.unwrap_or_default()
}

/// Reads a JSON file beside the tests.
///
/// # Panics
/// If it cannot be read or is not JSON.
#[must_use]
pub fn fixture_json(path: &str) -> Value {
    let value = serde_json::from_slice(&fixture(path));
    assert!(value.is_ok(), "{path}: {:?}", value.err());
    value.unwrap_or_default()
}

/// Compares a value with a JSON file. With `PATCHBAY_BLESS=1` the file is written instead.
///
/// # Panics
/// If they differ, naming the first place, or if there is no such file.
pub fn assert_golden(path: &str, actual: &Value) {
    if env::var_os(BLESS).is_some() {
        write(Path::new(path), actual);
        return;
    }
    let exists = Path::new(path).exists();
    assert!(exists, "{path} is not there; {BLESS}=1 cargo test writes it");
    let expected = fixture_json(path);
    if let Some(difference) = first_difference("", &expected, actual) {
        assert!(
            expected == *actual,
            "{path} differs at {difference}; {BLESS}=1 cargo test writes it anew"
        );
    }
}

fn write(path: &Path, value: &Value) {
    if let Some(folder) = path.parent() {
        let made = fs::create_dir_all(folder);
        assert!(made.is_ok(), "{}: {made:?}", folder.display());
    }
    let written = fs::write(path, format!("{value:#}\n"));
    assert!(written.is_ok(), "{}: {written:?}", path.display());
}

fn first_difference(at: &str, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => left
            .keys()
            .chain(right.keys())
            .find_map(|key| compare(&format!("{at}/{key}"), left.get(key), right.get(key))),
        (Value::Array(left), Value::Array(right)) => {
            (0..left.len().max(right.len())).find_map(|at_index| {
                let place = format!("{at}/{at_index}");
                compare(&place, left.get(at_index), right.get(at_index))
            })
        }
        _ if expected == actual => None,
        _ => Some(format!("{at}: expected {expected}, found {actual}")),
    }
}

fn compare(at: &str, expected: Option<&Value>, actual: Option<&Value>) -> Option<String> {
    match (expected, actual) {
        (Some(expected), Some(actual)) => first_difference(at, expected, actual),
        (Some(expected), None) => Some(format!("{at}: expected {expected}, found nothing")),
        (None, Some(actual)) => Some(format!("{at}: expected nothing, found {actual}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let expected = json!({"a": [1, {"b": 2}], "c": 3});
        let cases = [
            (json!({"a": [1, {"b": 2}], "c": 3}), None),
            (json!({"a": [1, {"b": 5}], "c": 3}), Some("/a/1/b: expected 2, found 5")),
            (json!({"a": [1], "c": 3}), Some("/a/1: expected {\"b\":2}, found nothing")),
            (json!({"a": [1, {"b": 2}], "c": 3, "d": 4}), Some("/d: expected nothing, found 4")),
        ];
        for (actual, difference) in cases {
            let found = first_difference("", &expected, &actual);
            assert_eq!(found.as_deref(), difference);
        }
    }
}
