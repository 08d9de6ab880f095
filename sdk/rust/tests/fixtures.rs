//! The fixtures that every SDK has to satisfy, in Rust.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use patchbay_sdk::request::{self, DataUrl};
use patchbay_sdk::split::{LineSplitter, SseEvent, SseSplitter, Utf8Splitter};
use patchbay_sdk::testing::every_cut;
use patchbay_sdk::{Failure, ResponseHead, explain, models};
use serde_json::{Value, json};

/// Runs every fixture of a folder.
fn check(folder: &str, run: impl Fn(&Value) -> Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    for file in files {
        let fixture: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(run(&fixture["input"]), fixture["expected"], "{}", file.display());
    }
}

/// What a splitter gives, the same at every slicing.
fn sliced(bytes: &[u8], split: impl Fn(&[&[u8]]) -> Value) -> Value {
    let whole = split(&[bytes]);
    every_cut(bytes, |pieces| assert_eq!(split(pieces), whole));
    whole
}

fn text<'a>(input: &'a Value, member: &str) -> &'a str {
    input[member].as_str().unwrap()
}

/// A status and a body.
fn reply(input: &Value) -> (ResponseHead, &[u8]) {
    let status = u16::try_from(input["status"].as_u64().unwrap()).unwrap();
    (ResponseHead::new(status), text(input, "body").as_bytes())
}

/// Without the members that are not there.
fn present(mut value: Value) -> Value {
    value.as_object_mut().unwrap().retain(|_, member| !member.is_null());
    value
}

fn failure(failure: &Failure) -> Value {
    present(json!({
        "kind": failure.kind().as_str(),
        "message": failure.message(),
        "param": failure.param(),
        "upstream_code": failure.upstream_code(),
    }))
}

fn event(event: &SseEvent) -> Value {
    present(json!({
        "event": event.event,
        "data": String::from_utf8_lossy(&event.data),
        "id": event.id,
        "retry_ms": event.retry_ms,
    }))
}

#[test]
fn server_sent_events_are_split() {
    check("sse", |input| {
        sliced(text(input, "text").as_bytes(), |pieces| {
            let mut splitter = SseSplitter::default();
            let mut events = Vec::new();
            for piece in pieces {
                events.extend(splitter.push(piece).unwrap());
            }
            events.extend(splitter.finish());
            events.iter().map(event).collect()
        })
    });
}

#[test]
fn lines_are_split() {
    check("lines", |input| {
        sliced(text(input, "text").as_bytes(), |pieces| {
            let mut splitter = LineSplitter::default();
            let mut lines = Vec::new();
            for piece in pieces {
                lines.extend(splitter.push(piece).unwrap());
            }
            lines.extend(splitter.finish());
            lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
        })
    });
}

#[test]
fn characters_are_split() {
    check("utf8", |input| {
        let bytes = BASE64_STANDARD.decode(text(input, "base64")).unwrap();
        sliced(&bytes, |pieces| {
            let mut splitter = Utf8Splitter::default();
            let mut text: String = pieces.iter().map(|piece| splitter.push(piece)).collect();
            text.push_str(&splitter.finish());
            text.into()
        })
    });
}

#[test]
fn waits_are_read() {
    check("retry_after", |input| {
        let headers: Vec<(String, String)> =
            serde_json::from_value(input["headers"].clone()).unwrap();
        let head = headers
            .iter()
            .fold(ResponseHead::new(429), |head, (name, value)| head.with_header(name, value));
        json!(explain::retry_after_ms(&head))
    });
}

#[test]
fn error_replies_are_explained() {
    check("explain", |input| {
        let (head, body) = reply(input);
        failure(&explain::reply(&head, body))
    });
}

#[test]
fn errors_inside_a_good_status_are_found() {
    check("error_in_stream", |input| {
        let document = input.as_str().unwrap().as_bytes();
        explain::error_instead_of_answer(document).map_or(Value::Null, |it| failure(&it))
    });
}

#[test]
fn model_lists_are_read() {
    check("models", |input| {
        let (head, body) = reply(input);
        match models::read_ids(&head, body) {
            Ok(ids) => json!({ "ids": ids }),
            Err(failure) => json!({ "kind": failure.kind().as_str() }),
        }
    });
}

#[test]
fn data_urls_are_read() {
    check("data_url", |input| {
        let url = DataUrl::parse(input.as_str().unwrap());
        url.map_or(Value::Null, |url| json!({ "media_type": url.media_type, "base64": url.base64 }))
    });
}

#[test]
fn path_segments_are_written() {
    check("path_segment", |input| request::path_segment(input.as_str().unwrap()).into());
}
