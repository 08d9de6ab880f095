//! Where something is within an event.

use serde::Deserialize;
use serde_json::{Number, Value};

/// A place in an event: members joined by dots, `usage.input_tokens`, or a JSON pointer
/// (RFC 6901), `/usage/input_tokens`, for names that hold dots.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Path(String);

/// One place or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Paths {
    /// One.
    One(Path),
    /// Several: the first that is there, or all of them, as each use says.
    Several(Vec<Path>),
}

impl Path {
    /// What is there; `null` is as good as nothing.
    pub(crate) fn find<'v>(&self, event: &'v Value) -> Option<&'v Value> {
        let found = match self.0.starts_with('/') {
            true => event.pointer(&self.0),
            false => self.0.split('.').try_fold(event, |value, name| match value {
                Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
                _ => value.get(name),
            }),
        };
        found.filter(|value| !value.is_null())
    }

    /// A text that is there.
    pub(crate) fn text<'v>(&self, event: &'v Value) -> Option<&'v str> {
        self.find(event)?.as_str()
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Paths {
    fn all(&self) -> &[Path] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Several(paths) => paths,
        }
    }

    /// The first text that is there and not empty.
    pub(crate) fn text<'v>(&self, event: &'v Value) -> Option<&'v str> {
        self.all().iter().filter_map(|path| path.text(event)).find(|text| !text.is_empty())
    }

    /// The sum of the counts that are there; `None` if there is none.
    pub(crate) fn sum(&self, event: &Value) -> Option<u64> {
        let counts = self.all().iter().filter_map(|path| path.find(event)?.as_number());
        let counts = counts.filter_map(Number::as_u64);
        counts.fold(None, |sum, count| Some(sum.unwrap_or(0_u64).saturating_add(count)))
    }
}

impl From<&str> for Paths {
    fn from(text: &str) -> Self {
        Self::One(text.into())
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl<const N: usize> From<[&str; N]> for Paths {
    fn from(texts: [&str; N]) -> Self {
        Self::Several(texts.map(Path::from).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_dotted_or_a_pointer() {
        let event = json!({"a": {"b.c": [{"d": "x"}], "e": [1, null]}});
        for (path, expected) in [
            ("a.e.0", Some(json!(1))),
            ("a.e.1", None),
            ("a.e.x", None),
            ("a.b", None),
            ("/a/b.c/0/d", Some(json!("x"))),
            ("/a/b/0", None),
            ("", None),
        ] {
            assert_eq!(Path::from(path).find(&event), expected.as_ref(), "{path}");
        }
    }

    #[test]
    fn several_places_are_the_first_text_or_the_sum() {
        let event = json!({"a": "", "b": "x", "n": 1, "m": u64::MAX, "f": 1.5});
        assert_eq!(Paths::from(["no", "a", "n", "b"]).text(&event), Some("x"));
        assert_eq!(Paths::from(["n", "no", "m", "f"]).sum(&event), Some(u64::MAX));
        assert_eq!(Paths::from(["no", "f", "b"]).sum(&event), None);
    }
}
