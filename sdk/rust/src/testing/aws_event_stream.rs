//! Event streams of AWS's encoding, written from what people can read.

use serde_json::Value;

use crate::split::AwsHeaderValue;

/// An event of a type, with a JSON payload: `:message-type` is `event`.
#[must_use]
pub fn aws_event(event_type: &str, payload: &[u8]) -> Vec<u8> {
    typed("event", ":event-type", event_type, payload)
}

/// An exception of a type, with a JSON payload: `:message-type` is `exception`.
#[must_use]
pub fn aws_exception(exception_type: &str, payload: &[u8]) -> Vec<u8> {
    typed("exception", ":exception-type", exception_type, payload)
}

/// A transcript as bytes: a list of `{"event": TYPE, "payload": {…}}` and
/// `{"exception": TYPE, "payload": {…}}`.
///
/// # Panics
/// If it is something else.
#[must_use]
pub fn aws_events(transcript: &Value) -> Vec<u8> {
    let list = transcript.as_array();
    assert!(list.is_some(), "a transcript is a list of events");
    list.into_iter().flatten().flat_map(event).collect()
}

fn event(entry: &Value) -> Vec<u8> {
    let payload = entry.get("payload").map(Value::to_string).unwrap_or_default();
    let named = |member: &str| entry.get(member).and_then(Value::as_str);
    match (named("event"), named("exception")) {
        (Some(name), None) => aws_event(name, payload.as_bytes()),
        (None, Some(name)) => aws_exception(name, payload.as_bytes()),
        _ => {
            assert!(entry.is_null(), "neither an event nor an exception: {entry}");
            Vec::new()
        }
    }
}

fn typed(message: &str, header: &str, kind: &str, payload: &[u8]) -> Vec<u8> {
    let headers = [
        (header, AwsHeaderValue::Text(kind)),
        (":content-type", AwsHeaderValue::Text("application/json")),
        (":message-type", AwsHeaderValue::Text(message)),
    ];
    aws_message(&headers, payload)
}

/// A message with any headers.
///
/// # Panics
/// If a header or the whole is longer than the encoding allows.
#[must_use]
pub fn aws_message(headers: &[(&str, AwsHeaderValue<'_>)], payload: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    for (name, value) in headers {
        written.push(u8::try_from(name.len()).expect("a header's name has up to 255 bytes"));
        written.extend(name.as_bytes());
        write_value(&mut written, value);
    }
    let length = |bytes: usize| u32::try_from(bytes).expect("a message has up to 4 GiB");
    let total = length(16 + written.len() + payload.len());
    let mut frame = total.to_be_bytes().to_vec();
    frame.extend(length(written.len()).to_be_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(written);
    frame.extend(payload);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

fn write_value(out: &mut Vec<u8>, value: &AwsHeaderValue<'_>) {
    match value {
        AwsHeaderValue::Bool(true) => out.push(0),
        AwsHeaderValue::Bool(false) => out.push(1),
        AwsHeaderValue::Byte(number) => write(out, 2, &number.to_be_bytes()),
        AwsHeaderValue::Short(number) => write(out, 3, &number.to_be_bytes()),
        AwsHeaderValue::Integer(number) => write(out, 4, &number.to_be_bytes()),
        AwsHeaderValue::Long(number) => write(out, 5, &number.to_be_bytes()),
        AwsHeaderValue::Bytes(bytes) => write_sized(out, 6, bytes),
        AwsHeaderValue::Text(text) => write_sized(out, 7, text.as_bytes()),
        AwsHeaderValue::Timestamp(time) => write(out, 8, &time.to_be_bytes()),
        AwsHeaderValue::Uuid(uuid) => write(out, 9, uuid),
    }
}

fn write(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    out.extend(bytes);
}

fn write_sized(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).expect("a header's value has up to 65535 bytes");
    write(out, kind, &length.to_be_bytes());
    out.extend(bytes);
}
