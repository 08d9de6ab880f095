//! TOML as a tree of JSON values, and the line of each member.
//!
//! The parser's messages name what it expected and never quote the file: a line may hold a
//! secret.

use resources::{Problems, element_path, member_path};
use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::configuration::finding::{Finding, Place, Places};

/// Parses a file. What cannot be represented is reported and left out.
///
/// # Errors
/// Every syntax error; the rest of such a file is not looked at.
pub(crate) fn parse(
    text: &str,
    places: &mut Places,
    problems: &mut Problems,
) -> Result<Map<String, Value>, Vec<Finding>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = LineStarts::of(text);
    if !errors.is_empty() {
        return Err(syntax_errors(&errors, &lines, places));
    }
    let mut conversion = Conversion { lines, places, problems };
    Ok(conversion.table(table.get_ref(), ""))
}

/// One scalar, as a variable of the environment holds it; `None` if it is no such thing.
pub(crate) fn parse_scalar(text: &str) -> Option<Value> {
    let parsed = DeValue::parse(text).ok()?;
    match parsed.get_ref() {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
        DeValue::Integer(integer) => whole(integer.as_str(), integer.radix()),
        DeValue::Float(float) => fraction(float.as_str()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn syntax_errors(
    errors: &[toml::de::Error],
    lines: &LineStarts,
    places: &mut Places,
) -> Vec<Finding> {
    let mut problems = Problems::default();
    for (number, error) in errors.iter().enumerate() {
        let path = format!("TOML syntax error {}", number + 1);
        if let Some(span) = error.span() {
            places.note(&path, Place::Line(lines.line_of(span.start)));
        }
        problems.report(path, error.message(), "correct the line");
    }
    places.locate_all(problems.into_vec())
}

/// Offsets at which lines start.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(newlines.map(|(offset, _)| offset + 1).collect())
    }

    fn line_of(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}

struct Conversion<'a> {
    lines: LineStarts,
    places: &'a mut Places,
    problems: &'a mut Problems,
}

impl Conversion<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &str) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, value) in table {
            let path = member_path(path, name.get_ref());
            let line = self.lines.line_of(name.span().start);
            self.places.note(&path, Place::Line(line));
            if let Some(value) = self.value(value, &path) {
                members.insert(name.get_ref().to_string(), value);
            }
        }
        members
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Option<Value> {
        let found = match value.get_ref() {
            DeValue::String(text) => Some(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
            DeValue::Integer(integer) => whole(integer.as_str(), integer.radix()),
            DeValue::Float(float) => fraction(float.as_str()),
            DeValue::Datetime(moment) => Some(Value::String(moment.to_string())),
            DeValue::Array(values) => Some(Value::Array(self.list(values, path))),
            DeValue::Table(table) => Some(Value::Object(self.table(table, path))),
        };
        if found.is_none() {
            let message = "is a number that is too large";
            self.problems.report(path, message, "write it as a text in quotes");
        }
        found
    }

    fn list(&mut self, values: &[Spanned<DeValue<'_>>], path: &str) -> Vec<Value> {
        let mut elements = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let path = element_path(path, index);
            let line = self.lines.line_of(value.span().start);
            self.places.note(&path, Place::Line(line));
            // A gap would move the elements behind it to other places.
            elements.push(self.value(value, &path).unwrap_or_default());
        }
        elements
    }
}

fn whole(digits: &str, radix: u32) -> Option<Value> {
    let number = i64::from_str_radix(digits, radix).ok()?;
    Some(Value::Number(number.into()))
}

fn fraction(text: &str) -> Option<Value> {
    Number::from_f64(text.parse().ok()?).map(Value::Number)
}
