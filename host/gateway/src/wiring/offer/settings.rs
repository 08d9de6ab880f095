//! The settings that a plugin reads, as its manifest's JSON Schema says.
//!
//! A schema comes from whoever wrote the plugin. So it is compiled without reaching for schemas
//! elsewhere and with patterns that are matched in linear time, and what does not compile is held
//! against the provider that uses the plugin, not against the gateway.

mod complaint;

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use resources::Problem;
use serde_json::{Map, Value};

/// Most of a compiler's words that are repeated, in characters.
const MAX_REASON_CHARS: usize = 200;

/// The settings that one plugin reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SettingsOffer {
    /// Members it knows.
    pub(crate) known: BTreeSet<String>,
    /// Members that must be there.
    pub(crate) required: BTreeSet<String>,
    /// Whether it reads members that its schema does not name. Unlike JSON Schema's own default
    /// only `"additionalProperties": true` says so: an unknown member is misspelt, most likely.
    pub(crate) open: bool,
    /// What the values have to be; `None` if the plugin has no schema.
    schema: Option<Arc<Schema>>,
}

/// A schema and what it was compiled to, once for all providers.
#[derive(Debug)]
struct Schema {
    text: Value,
    compiled: Result<Validator, String>,
}

/// What it is compiled to follows from its text.
impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl SettingsOffer {
    /// Of a JSON Schema.
    pub(crate) fn of(schema: &Value) -> Self {
        let properties = schema.get("properties").and_then(|it| it.as_object());
        let required = schema.get("required").and_then(|it| it.as_array());
        let required = required.into_iter().flatten().filter_map(|it| it.as_str());
        Self {
            known: properties.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
            required: required.map(str::to_owned).collect(),
            open: schema.get("additionalProperties") == Some(&Value::Bool(true)),
            schema: Some(Arc::new(Schema { text: schema.clone(), compiled: compile(schema) })),
        }
    }

    /// Why the plugin's schema cannot be used, if so.
    pub(crate) fn unusable(&self) -> Option<&str> {
        self.schema.as_ref()?.compiled.as_ref().err().map(String::as_str)
    }

    /// What is wrong with the values of the members that this plugin knows. The others are for
    /// other readers. Paths begin with `settings`; no value is repeated.
    ///
    /// Members that are missing altogether are not reported: see [`SettingsOffer::required`].
    pub(crate) fn problems(&self, settings: &Map<String, Value>) -> Vec<Problem> {
        let Some(schema) = &self.schema else { return Vec::new() };
        let Ok(validator) = &schema.compiled else { return Vec::new() };
        let is_read = |name: &String| self.open || self.known.contains(name);
        let read = settings.iter().filter(|(name, _)| is_read(name));
        let read: Value = read.map(|(name, value)| (name.clone(), value.clone())).collect();
        let errors = validator.iter_errors(&read);
        let told = errors.filter(|error| match error.kind() {
            ValidationErrorKind::Required { property } => {
                let missing = property.as_str().is_some_and(|it| self.required.contains(it));
                !(missing && error.instance_path().as_str().is_empty())
            }
            _ => true,
        });
        told.flat_map(|error| complaint::problems(&error, &schema.text)).collect()
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| {
        let place = error.instance_path().as_str();
        let place = if place.is_empty() { String::new() } else { format!("at {place}: ") };
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        format!("{place}{reason}").chars().take(MAX_REASON_CHARS).collect()
    })
}

#[cfg(test)]
mod tests;
