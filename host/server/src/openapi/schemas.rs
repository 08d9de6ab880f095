//! All schemas: those of types that are written, and those that are described by hand.

use std::collections::BTreeSet;

use administration::{
    AuditEntry, AuditPage, MasterKeyView, PluginList, ProbeView, StatusView, UsageReport,
};
use exchange::FailureKind;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::operation::schema;
use super::{bodies, documents, views};
use crate::handlers::health::Report;
use crate::handlers::models::ModelList;

/// Parts of a type that is written as one object: none of them is the whole of it.
const FLATTENED: [&str; 2] = ["UsageGroup", "UsageCounts"];

/// Every schema, by name.
pub(super) fn components() -> Value {
    let mut all = derived();
    all.extend(documents::schemas());
    let by_hand = views::schemas().into_iter().chain(bodies::schemas()).chain(errors());
    all.extend(by_hand.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(all)
}

/// Those of types that are written as they are.
fn derived() -> Map<String, Value> {
    let mut found = Map::new();
    add::<AuditEntry>(&mut found);
    add::<AuditPage>(&mut found);
    add::<MasterKeyView>(&mut found);
    add::<ProbeView>(&mut found);
    add::<StatusView>(&mut found);
    add::<UsageReport>(&mut found);
    add::<PluginList>(&mut found);
    add::<Report<'_>>(&mut found);
    add::<ModelList<'_>>(&mut found);
    for (name, schema) in &mut found {
        let word = match schema.get("allOf") {
            Some(_) => "unevaluatedProperties",
            None if schema.get("properties").is_none() => continue,
            None if FLATTENED.contains(&name.as_str()) => continue,
            None => "additionalProperties",
        };
        schema[word] = json!(false);
    }
    found
}

/// A type's schema, and those that it refers to.
fn add<T: ToSchema>(found: &mut Map<String, Value>) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    for (name, schema) in schemas {
        let schema = serde_json::to_value(schema).expect("a schema has a JSON");
        found.insert(name, schema);
    }
}

/// The envelopes of errors.
fn errors() -> Vec<(&'static str, Value)> {
    let rules = FailureKind::ALL.map(FailureKind::rule);
    let types: BTreeSet<_> = rules.iter().map(|rule| rule.error_type).collect();
    let codes: BTreeSet<_> = rules.iter().filter_map(|rule| rule.code).collect();
    let error = json!({
        "message": { "type": "string", "description": "What is wrong, and what to do." },
        "type": { "type": "string", "enum": types },
        "param": { "type": ["string", "null"], "description": "The member at fault." },
        "code": {
            "type": ["string", "null"],
            "description": "For programs. May be one that this list does not have yet.",
            "examples": codes,
        },
    });
    let mut of_operators = error.clone();
    of_operators["problems"] = json!({
        "type": "array", "items": schema("ProblemView"), "minItems": 1,
        "description": "Every problem of a document.",
    });
    let envelope = |description: &str, members: Value| {
        json!({
            "type": "object", "description": description, "required": ["error"],
            "additionalProperties": false,
            "properties": { "error": {
                "type": "object", "required": ["message", "type", "param", "code"],
                "properties": members, "additionalProperties": false,
            } },
        })
    };
    vec![
        ("Error", envelope("OpenAI's envelope.", error)),
        (
            "AdminError",
            envelope("OpenAI's envelope, with problems where a document has some.", of_operators),
        ),
        ("MessagesError", messages_error()),
    ]
}

fn messages_error() -> Value {
    json!({
        "type": "object",
        "description": "Anthropic's envelope.",
        "required": ["type", "error"],
        "properties": {
            "type": { "type": "string", "const": "error" },
            "error": {
                "type": "object",
                "required": ["type", "message"],
                "properties": {
                    "type": { "type": "string" },
                    "message": { "type": "string", "description": "What is wrong, and what to do." },
                },
            },
        },
    })
}
