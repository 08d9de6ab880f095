//! The resources of a file as they were written, to be shown.

use serde_json::{Map, Value};

/// Members of each resource, in the order of the file, without a secret in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    /// `[[providers]]`, without credentials.
    pub(crate) providers: Vec<Map<String, Value>>,
    /// `[[api_keys]]`, without key and digest.
    pub(crate) api_keys: Vec<Map<String, Value>>,
    /// `[[routes]]`
    pub(crate) routes: Vec<Map<String, Value>>,
}

impl Written {
    /// Of the tree of a whole file.
    pub(super) fn of(tree: &Map<String, Value>) -> Self {
        Self {
            providers: tables(tree, "providers", &["credentials"]),
            api_keys: tables(tree, "api_keys", &["key", "digest"]),
            routes: tables(tree, "routes", &[]),
        }
    }
}

fn tables(tree: &Map<String, Value>, list: &str, secret: &[&str]) -> Vec<Map<String, Value>> {
    let elements = tree.get(list).and_then(Value::as_array);
    let tables = elements.into_iter().flatten().filter_map(Value::as_object);
    let shown = tables.map(|table| {
        let kept = table.iter().filter(|(name, _)| !secret.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    });
    shown.collect()
}
