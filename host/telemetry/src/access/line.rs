//! One line in either format, built field by field.

use std::fmt::{self, Write as _};
use std::time::Duration;

use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use crate::subscriber::Format;

/// Room for an ordinary line, so that it is allocated once.
const USUAL_LINE_BYTES: usize = 768;

/// A line being built.
pub(super) struct Line {
    format: Format,
    text: String,
}

impl Line {
    /// A line with time, level and target.
    pub(super) fn begin(format: Format, level: Level) -> Self {
        let mut line = Self { format, text: String::with_capacity(USUAL_LINE_BYTES) };
        match format {
            Format::Json => {
                line.text.push_str("{\"timestamp\":\"");
                line.push_time();
                line.push(format_args!("\",\"level\":\"{level}\",\"target\":\"access\""));
            }
            Format::Text => {
                line.push_time();
                line.push(format_args!(" {level:>5} access:"));
            }
        }
        line
    }

    /// Adds a text; control characters and the like are escaped.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.push_name(name);
        match self.format {
            Format::Text if is_plain_word(value) => self.text.push_str(value),
            Format::Text | Format::Json => push_quoted(&mut self.text, value),
        }
    }

    /// Adds a number.
    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        self.push_name(name);
        self.push(format_args!("{value}"));
    }

    /// Adds a time in milliseconds, with microseconds behind the point.
    pub(super) fn milliseconds(&mut self, name: &'static str, value: Duration) {
        self.push_name(name);
        self.push(format_args!("{}.{:03}", value.as_millis(), value.subsec_micros() % 1000));
    }

    /// Adds yes or no.
    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        self.push_name(name);
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// The line with its end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.format == Format::Json {
            self.text.push('}');
        }
        self.text.push('\n');
        self.text.into_bytes()
    }

    /// Names are the code's own and need no escaping.
    fn push_name(&mut self, name: &'static str) {
        let (before, after) = match self.format {
            Format::Json => (",\"", "\":"),
            Format::Text => (" ", "="),
        };
        self.text.push_str(before);
        self.text.push_str(name);
        self.text.push_str(after);
    }

    fn push_time(&mut self) {
        // The clock that events use, so that all lines sort alike; a text takes every write.
        let _ = SystemTime.format_time(&mut Writer::new(&mut self.text));
    }

    fn push(&mut self, arguments: fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(arguments);
    }
}

fn is_plain_word(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'='))
}

/// Appends a JSON string. Beyond what JSON demands it escapes what a terminal or a person could
/// be misled by: C1 controls, line separators, and marks that turn the direction of writing.
fn push_quoted(out: &mut String, value: &str) {
    out.push('"');
    let mut clean_from = 0;
    for (at, character) in value.char_indices() {
        if is_harmless(character) {
            continue;
        }
        out.push_str(value.get(clean_from..at).unwrap_or_default());
        clean_from = at + character.len_utf8();
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            other => {
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
        }
    }
    out.push_str(value.get(clean_from..).unwrap_or_default());
    out.push('"');
}

/// Everything refused here lies below U+10000, so four digits name it.
fn is_harmless(character: char) -> bool {
    match character {
        '"' | '\\' => false,
        ' '..='~' => true,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        other => !other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_end_a_line_or_drive_a_terminal() {
        let nasty = "a\r\nb\u{1b}[2J\u{7f}\u{9b}31m\u{2028}\u{202e}\"\\é\0";
        for format in [Format::Json, Format::Text] {
            let mut line = Line::begin(format, Level::INFO);
            line.text("x", nasty);
            let line = String::from_utf8(line.finish()).unwrap();
            let body = line.strip_suffix('\n').unwrap();
            assert!(!body.contains(|c: char| c.is_control()), "{body:?}");
            assert!(!body.contains(['\u{2028}', '\u{202e}']), "{body:?}");
        }
        let mut quoted = String::new();
        push_quoted(&mut quoted, nasty);
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), nasty);
    }

    #[test]
    fn a_text_with_a_space_or_an_equals_sign_is_quoted() {
        let mut line = Line::begin(Format::Text, Level::WARN);
        line.text("a", "POST /x");
        line.text("b", "c=d");
        line.text("e", "");
        line.text("f", "plain");
        let line = String::from_utf8(line.finish()).unwrap();
        assert!(
            line.ends_with("  WARN access: a=\"POST /x\" b=\"c=d\" e=\"\" f=plain\n"),
            "{line}"
        );
    }

    #[test]
    fn times_are_milliseconds_with_three_decimals() {
        let mut line = Line::begin(Format::Text, Level::INFO);
        line.milliseconds("a", Duration::from_micros(61_000_007));
        line.milliseconds("b", Duration::from_nanos(999));
        let line = String::from_utf8(line.finish()).unwrap();
        assert!(line.ends_with(" a=61000.007 b=0.000\n"), "{line}");
    }
}
