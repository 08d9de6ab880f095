//! What operators hand over: documents, and secrets on standard input.

use std::fs::File;
use std::io::{IsTerminal as _, Read, stdin};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Map, Value};

use crate::terminal;

/// Largest document.
const MAX_DOCUMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Largest secret; a service account's key has some kilobytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Whether a file stands for standard input.
pub(super) fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads a document, JSON if it starts with a brace, else TOML.
///
/// # Errors
/// If it cannot be read, is too large, or is neither. No error quotes it: it may hold a secret.
pub(super) fn read(file: &Path) -> anyhow::Result<Value> {
    let (name, text) = if is_standard_input(file) {
        ("standard input".to_owned(), limited(stdin().lock(), MAX_DOCUMENT_BYTES))
    } else {
        let text = File::open(file).map_err(anyhow::Error::from);
        (file.display().to_string(), text.and_then(|it| limited(it, MAX_DOCUMENT_BYTES)))
    };
    let text = text.with_context(|| format!("{name} cannot be read"))?;
    parse(&text).with_context(|| format!("{name} holds no document"))
}

/// Reads a secret from standard input, without the line's end.
///
/// # Errors
/// If there is none, or it is no text.
pub(super) fn secret(slot: &str) -> anyhow::Result<String> {
    if stdin().is_terminal() {
        terminal::complain(&format!("write the secret for {slot} and end it with Ctrl-D"));
    }
    read_secret(slot, stdin().lock())
}

fn read_secret(slot: &str, input: impl Read) -> anyhow::Result<String> {
    let mut text = limited(input, MAX_SECRET_BYTES)
        .with_context(|| format!("the secret for {slot} cannot be read from standard input"))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() {
        bail!("there is no secret for {slot}; write it to standard input: patchbay … < FILE");
    }
    Ok(text)
}

fn limited(input: impl Read, most: u64) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = input.take(most + 1).read_to_string(&mut text)?;
    if read as u64 > most {
        bail!("it is over {} KiB; make it smaller", most / 1024);
    }
    Ok(text)
}

fn parse(text: &str) -> anyhow::Result<Value> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).context("it is not JSON");
    }
    let table = text.parse::<toml::Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        anyhow!("neither JSON nor TOML: line {line}: {}", error.message())
    })?;
    if table.is_empty() {
        bail!("it is empty; write members into it");
    }
    Ok(Value::Object(members(table)))
}

fn members(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(name, value)| (name, json(value))).collect()
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(elements) => elements.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(members(table)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_toml_are_told_apart_by_their_start() {
        let expected = json!({
            "id": "main", "timeouts": {"total_ms": 5}, "models": ["a", "b"],
            "expires_at": "2027-01-01T00:00:00Z", "on": true, "share": 0.5,
        });
        let toml = "id = \"main\"\ntimeouts = { total_ms = 5 }\nmodels = [\"a\", \"b\"]\n\
                    expires_at = 2027-01-01T00:00:00Z\non = true\nshare = 0.5\n";
        assert_eq!(parse(toml).unwrap(), expected);
        assert_eq!(parse(&format!("\n {expected}")).unwrap(), expected);
    }

    #[test]
    fn what_is_no_document_is_not_quoted() {
        for (text, expected) in [
            ("{\"key\": \"sk-1\"", "it is not JSON: EOF"),
            ("a = 1\nkey = sk-1\n", "neither JSON nor TOML: line 2: "),
            ("[1, \"sk-1\"]", "neither JSON nor TOML: line 1: "),
            ("", "it is empty"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("sk-1"), "{error}");
        }
    }

    #[test]
    fn a_secret_loses_the_end_of_its_line_and_nothing_else() {
        for (input, secret) in [("sk-1\n", "sk-1"), ("sk-1\r\n", "sk-1"), (" {\n}\n", " {\n}")] {
            assert_eq!(read_secret("api_key", input.as_bytes()).unwrap(), secret);
        }
        let too_long = "k".repeat(64 * 1024 + 1);
        for input in [&b""[..], b"\n", b"\xff", too_long.as_bytes()] {
            assert!(read_secret("api_key", input).is_err());
        }
    }
}
