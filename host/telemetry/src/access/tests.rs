//! What the access line says of a request.

use std::time::Duration;

use exchange::{Failure, FailureKind, Operation, RequestId, Usage};
use serde_json::{Value, json};

use super::*;
use crate::queue::capture::Captured;
use crate::subscriber::{LogSettings, build};

fn completed() -> AccessRecord {
    AccessRecord {
        request_id: RequestId::parse("req-1").unwrap(),
        endpoint: "POST /v1/chat/completions".into(),
        status: 200,
        outcome: Outcome::Completed,
        duration: Duration::from_micros(12_345),
        first_byte: Some(Duration::from_micros(11_000)),
        upstream: Duration::from_micros(12_300),
        caller: Some("laptop".into()),
        operation: Some(Operation::Chat),
        model: Some("smart".into()),
        provider: Some("main".into()),
        provider_model: Some("big-1".into()),
        attempts: 2,
        streaming: true,
        request_bytes: 10,
        response_bytes: 20,
        usage: Some(Usage {
            prompt_tokens: 1,
            completion_tokens: 2,
            cached_tokens: 3,
            reasoning_tokens: 4,
        }),
    }
}

fn failed(kind: FailureKind) -> AccessRecord {
    let failure = Failure::new(kind, "no\nluck")
        .with_param("model")
        .with_upstream_status(503)
        .with_upstream_code("busy")
        .with_cause(std::io::Error::other("10.0.0.7 refused"));
    AccessRecord { status: 502, outcome: Outcome::Failed(failure), ..completed() }
}

fn lines_of(format: Format, filter: &str, records: Vec<AccessRecord>) -> String {
    let captured = Captured::default();
    let (queue, flush) = LineQueue::new(captured.clone(), 100);
    let settings = LogSettings { format, filter: filter.to_owned() };
    let subscriber = build(&settings, queue.clone()).unwrap();
    let access = AccessLog::new(format, queue);
    tracing::subscriber::with_default(subscriber, || {
        records.into_iter().for_each(|record| access.record(record));
    });
    drop(flush);
    captured.text()
}

fn json_of(record: AccessRecord) -> Value {
    let text = lines_of(Format::Json, "info", vec![record]);
    assert_eq!(text.lines().count(), 1, "{text}");
    let mut line: Value = serde_json::from_str(&text).unwrap();
    let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
    assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    line
}

#[test]
fn a_completed_request_is_one_line_with_all_it_knows() {
    let expected = json!({
        "level": "INFO", "target": "access",
        "request.id": "req-1", "http.endpoint": "POST /v1/chat/completions", "http.status": 200,
        "outcome": "completed", "caller.id": "laptop", "operation": "chat", "model": "smart",
        "provider.id": "main", "provider.model": "big-1", "attempts": 2, "streaming": true,
        "duration_ms": 12.345, "first_byte_ms": 11.0, "upstream_ms": 12.3, "gateway_ms": 0.045,
        "request_bytes": 10, "response_bytes": 20,
        "usage.prompt_tokens": 1, "usage.completion_tokens": 2,
        "usage.cached_tokens": 3, "usage.reasoning_tokens": 4,
    });
    assert_eq!(json_of(completed()), expected);
}

#[test]
fn a_failed_request_names_kind_message_and_cause() {
    let line = json_of(failed(FailureKind::UpstreamError));
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["outcome"], "failed");
    assert_eq!(line["failure.kind"], "upstream-error");
    assert_eq!(line["failure.message"], "no\nluck");
    assert_eq!(line["failure.param"], "model");
    assert_eq!(line["failure.upstream_status"], 503);
    assert_eq!(line["failure.upstream_code"], "busy");
    assert_eq!(line["failure.cause"], "10.0.0.7 refused");
}

#[test]
fn the_level_is_the_failure_tables() {
    for (kind, level) in [
        (FailureKind::InvalidRequest, "INFO"),
        (FailureKind::UpstreamTimeout, "WARN"),
        (FailureKind::PluginFault, "ERROR"),
    ] {
        assert_eq!(json_of(failed(kind))["level"], level, "{kind:?}");
    }
    let cancelled = AccessRecord { status: 499, outcome: Outcome::Cancelled, ..completed() };
    assert_eq!(json_of(cancelled)["level"], "INFO");
}

#[test]
fn a_filter_can_leave_only_what_went_wrong() {
    let records = vec![completed(), failed(FailureKind::Internal)];
    let text = lines_of(Format::Text, "info,access=warn", records);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(" ERROR access: request.id=req-1 "), "{text}");
}

#[test]
fn what_is_not_known_is_left_out() {
    let record = AccessRecord {
        endpoint: "unknown path".into(),
        status: 404,
        first_byte: None,
        caller: None,
        operation: None,
        model: None,
        provider: None,
        provider_model: None,
        usage: None,
        ..failed(FailureKind::NotFound)
    };
    let line = json_of(record);
    for name in ["caller.id", "operation", "model", "attempts", "usage.prompt_tokens"] {
        assert!(line.get(name).is_none(), "{name}: {line}");
    }
}

#[test]
fn a_long_cause_is_cut() {
    let failure = Failure::new(FailureKind::Internal, "m").with_cause("é".repeat(5000));
    let line = json_of(AccessRecord { outcome: Outcome::Failed(failure), ..completed() });
    assert_eq!(line["failure.cause"].as_str().unwrap(), "é".repeat(1024));
}
