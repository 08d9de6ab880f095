//! Shapes that schemas are made of.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::operation::schema;

/// Ids of providers and API keys, and credential slots.
pub(super) const SLUG: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";

/// Names of plugins.
pub(super) const PLUGIN_NAME: &str = "^[a-z0-9][a-z0-9-]{0,63}$";

/// Names of models, and patterns of them.
pub(super) const MODEL_NAME: &str = "^[!-~]{1,256}$";

/// Members of an object.
pub(super) type Members = Map<String, Value>;

/// An object of these members and no others.
pub(super) fn closed(description: &str, required: &[&str], members: Members) -> Value {
    let mut object = open(description, required, &Value::Object(members));
    object["additionalProperties"] = json!(false);
    object
}

/// An object that has these members, and may have others.
pub(super) fn open(description: &str, required: &[&str], members: &Value) -> Value {
    let mut object = json!({
        "type": "object", "description": description, "properties": members,
        "additionalProperties": true,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// Members by their names.
pub(super) fn members<const N: usize>(all: [(&str, Value); N]) -> Members {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An object of whole numbers, each of its range, or null.
pub(super) fn ranges(ranges: &[(&str, RangeInclusive<u64>)], description: &str) -> Value {
    let ranges = ranges.iter();
    let all = ranges.map(|(name, range)| ((*name).to_owned(), nullable(whole(range.clone(), ""))));
    closed(description, &[], all.collect())
}

/// A text of a pattern.
pub(super) fn text(pattern: &str, description: &str) -> Value {
    described(json!({ "type": "string", "pattern": pattern }), description)
}

/// A whole number of a range.
pub(super) fn whole(range: RangeInclusive<u64>, description: &str) -> Value {
    let (least, most) = range.into_inner();
    described(json!({ "type": "integer", "minimum": least, "maximum": most }), description)
}

/// The same, or null.
pub(super) fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema
}

/// A schema by its name, or null.
pub(super) fn or_null(name: &str) -> Value {
    json!({ "anyOf": [schema(name), { "type": "null" }] })
}

fn described(mut schema: Value, description: &str) -> Value {
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
    schema
}
