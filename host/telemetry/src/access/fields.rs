//! Names and order of the access line's fields.

use exchange::{AccessRecord, Failure, Outcome, Usage};

use super::line::Line;

/// Most bytes of a cause: chains of errors can be long, and one line is to stay one page.
const MAX_CAUSE_BYTES: usize = 2048;

/// Writes the fields of a record. Absent ones are left out.
pub(super) fn write(record: &AccessRecord, line: &mut Line) {
    line.text("request.id", record.request_id.as_str());
    line.text("http.endpoint", &record.endpoint);
    line.number("http.status", u64::from(record.status));
    line.text("outcome", outcome_label(&record.outcome));
    write_route(record, line);
    write_times(record, line);
    line.number("request_bytes", record.request_bytes);
    line.number("response_bytes", record.response_bytes);
    if let Some(usage) = &record.usage {
        write_usage(usage, line);
    }
    if let Outcome::Failed(failure) = &record.outcome {
        write_failure(failure, line);
    }
}

fn outcome_label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed(_) => "failed",
    }
}

fn write_route(record: &AccessRecord, line: &mut Line) {
    let texts = [
        ("caller.id", record.caller.as_deref()),
        ("operation", record.operation.map(|operation| operation.as_str())),
        ("model", record.model.as_deref()),
        ("provider.id", record.provider.as_deref()),
        ("provider.model", record.provider_model.as_deref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            line.text(name, text);
        }
    }
    if record.operation.is_some() {
        line.number("attempts", u64::from(record.attempts));
        line.flag("streaming", record.streaming);
    }
}

fn write_times(record: &AccessRecord, line: &mut Line) {
    line.milliseconds("duration_ms", record.duration);
    if let Some(first_byte) = record.first_byte {
        line.milliseconds("first_byte_ms", first_byte);
    }
    line.milliseconds("upstream_ms", record.upstream);
    line.milliseconds("gateway_ms", record.duration.saturating_sub(record.upstream));
}

fn write_usage(usage: &Usage, line: &mut Line) {
    line.number("usage.prompt_tokens", usage.prompt_tokens);
    line.number("usage.completion_tokens", usage.completion_tokens);
    line.number("usage.cached_tokens", usage.cached_tokens);
    line.number("usage.reasoning_tokens", usage.reasoning_tokens);
}

fn write_failure(failure: &Failure, line: &mut Line) {
    line.text("failure.kind", failure.kind().rule().label);
    line.text("failure.message", failure.message());
    if let Some(param) = failure.param() {
        line.text("failure.param", param);
    }
    if let Some(status) = failure.upstream_status() {
        line.number("failure.upstream_status", u64::from(status));
    }
    if let Some(code) = failure.upstream_code() {
        line.text("failure.upstream_code", code);
    }
    if let Some(cause) = failure.cause_chain() {
        let end = cause.floor_char_boundary(MAX_CAUSE_BYTES);
        line.text("failure.cause", cause.get(..end).unwrap_or_default());
    }
}
