//! What a value has to be, in an operator's words. The value itself is not repeated: it may be a
//! secret in the wrong place.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError};
use resources::{Problem, did_you_mean, element_path, kind_of, member_path};
use serde_json::Value;

/// Most values that a fix lists.
const MAX_LISTED: usize = 24;

/// Of one error against the schema. More than one where the error names several members.
pub(super) fn problems(error: &ValidationError<'_>, schema: &Value) -> Vec<Problem> {
    let path = path_of(error.instance_path());
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = siblings(error.schema_path(), schema);
            let unknown = unexpected.iter().map(|name| Problem {
                path: member_path(&path, name),
                message: "unknown setting".to_owned(),
                fix: did_you_mean(name, known.iter().copied()),
            });
            unknown.collect()
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let message = format!("setting {name:?} is missing, which a plugin needs");
            vec![Problem { fix: format!("add {name} to {}", last(&path)), path, message }]
        }
        kind => {
            let (message, fix) = words(kind, error.instance());
            vec![Problem { path, message, fix }]
        }
    }
}

fn path_of(location: &Location) -> String {
    location.segments().fold("settings".to_owned(), |path, segment| match segment {
        LocationSegment::Property(name) => member_path(&path, &name),
        LocationSegment::Index(index) => element_path(&path, index),
    })
}

/// The name of the table that a path leads to.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The members that the schema names beside the keyword that an error is about.
fn siblings<'a>(keyword: &Location, schema: &'a Value) -> Vec<&'a str> {
    let around = keyword.as_str().rsplit_once('/').map_or("", |(around, _)| around);
    let properties = schema.pointer(around).and_then(|it| it.get("properties"));
    properties.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| &**name).collect()
}

/// What is wrong, and what to do.
fn words(kind: &Kind, value: &Value) -> (String, String) {
    match kind {
        Kind::Type { kind } => {
            let wanted = wanted(kind);
            (format!("must be {wanted}, but is {}", kind_of(value)), format!("write {wanted}"))
        }
        Kind::Enum { options } => {
            let options = options.as_array().map_or(&[][..], Vec::as_slice);
            ("has none of its values".to_owned(), one_of(options, value))
        }
        Kind::Constant { expected_value } => {
            ("does not have its only value".to_owned(), format!("write {expected_value}"))
        }
        Kind::Pattern { pattern } => {
            ("does not have the form it must have".to_owned(), format!("match {pattern}"))
        }
        Kind::PropertyNames { error } => {
            let (_, fix) = words(error.kind(), error.instance());
            ("has a member with a name that it cannot have".to_owned(), format!("names: {fix}"))
        }
        Kind::Format { format } => (format!("is no {format}"), format!("write a {format}")),
        Kind::Minimum { limit } => ("is too small".to_owned(), format!("use {limit} or more")),
        Kind::Maximum { limit } => ("is too large".to_owned(), format!("use {limit} or less")),
        Kind::ExclusiveMinimum { limit } => {
            ("is too small".to_owned(), format!("use more than {limit}"))
        }
        Kind::ExclusiveMaximum { limit } => {
            ("is too large".to_owned(), format!("use less than {limit}"))
        }
        Kind::MultipleOf { multiple_of } => {
            ("is not of the right step".to_owned(), format!("use a multiple of {multiple_of}"))
        }
        kind => sizes(kind),
    }
}

fn sizes(kind: &Kind) -> (String, String) {
    let (message, bound, limit, what) = match kind {
        Kind::MinLength { limit } => ("is too short", "at least", limit, "characters"),
        Kind::MaxLength { limit } => ("is too long", "at most", limit, "characters"),
        Kind::MinItems { limit } => ("has too few entries", "at least", limit, "entries"),
        Kind::MaxItems { limit } => ("has too many entries", "at most", limit, "entries"),
        Kind::MinProperties { limit } => ("has too few members", "at least", limit, "members"),
        Kind::MaxProperties { limit } => ("has too many members", "at most", limit, "members"),
        Kind::UniqueItems => {
            return ("has an entry twice".to_owned(), "write each entry once".to_owned());
        }
        Kind::FalseSchema => {
            return ("must not be there".to_owned(), "remove it".to_owned());
        }
        other => {
            let message = "is not what the plugin's schema asks for".to_owned();
            return (message, format!("see {:?} in its schema", other.keyword()));
        }
    };
    (message.to_owned(), format!("use {bound} {limit} {what}"))
}

/// Texts are suggested like names; anything else is listed.
fn one_of(options: &[Value], value: &Value) -> String {
    let texts: Option<Vec<&str>> = options.iter().map(Value::as_str).collect();
    if let Some(texts) = texts {
        return did_you_mean(value.as_str().unwrap_or_default(), texts);
    }
    let listed: Vec<_> = options.iter().take(MAX_LISTED).map(Value::to_string).collect();
    format!("use one of: {}", listed.join(", "))
}

fn wanted(kind: &TypeKind) -> String {
    let name = |kind: JsonType| match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a text in quotes",
        JsonType::Array => "a list",
        JsonType::Object => "a table",
    };
    match kind {
        TypeKind::Single(kind) => name(*kind).to_owned(),
        TypeKind::Multiple(kinds) => {
            let names: Vec<_> = kinds.iter().map(name).collect();
            names.join(", or ")
        }
    }
}
