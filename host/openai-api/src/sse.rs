//! Server-sent events: reading without copying, classifying, writing.
//!
//! Framing follows the HTML standard, section 9.2 "Server-sent events",
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>. [`EventReader`] splits what
//! an upstream sends into whole events, [`Payload`] says what an event's data is without parsing
//! it where that can be avoided, and the functions here write events.

mod event;
mod payload;
mod reader;

pub use event::Event;
pub use payload::{DocumentFacts, Payload, classify, classify_document, has_finish_reason};
pub use reader::{EventReader, EventTooLarge, Events};

/// The event that ends a stream of chunks, whole.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// Appends an event whose data is `json`, on a `data:` line for each of its lines.
pub fn write_event(json: &[u8], out: &mut Vec<u8>) {
    out.reserve(json.len() + 8);
    write_lines(b"data: ", json, out);
    out.push(b'\n');
}

/// Appends a comment, which readers skip: it keeps a connection alive.
pub fn write_comment(text: &str, out: &mut Vec<u8>) {
    write_lines(b": ", text.as_bytes(), out);
    out.push(b'\n');
}

/// A line break within the text would end the field, so each line gets its own.
fn write_lines(field: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
        let (line, after) = rest.split_at(end);
        write_line(field, line, out);
        rest = after.strip_prefix(b"\r\n").unwrap_or_else(|| after.get(1..).unwrap_or_default());
    }
    write_line(field, rest, out);
}

fn write_line(field: &[u8], line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(field);
    out.extend_from_slice(line);
    out.push(b'\n');
}

#[cfg(test)]
mod tests;
