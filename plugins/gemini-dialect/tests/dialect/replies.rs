//! Google's replies as canonical documents.

use gemini_dialect::Gemini;
use patchbay_sdk::testing::{self, Replay, assert_golden, fixture};
use patchbay_sdk::{Call, Ending, Failure, FailureKind};
use serde_json::{Value, json};

fn stream() -> Replay {
    Replay::new(testing::chat_stream("gemini-flash-latest"))
}

fn whole() -> Replay {
    Replay::new(testing::chat("gemini-flash-latest"))
}

fn replay_of(file: &str) -> Replay {
    if file.ends_with(".sse") { stream() } else { whole() }
}

/// A whole reply with one candidate that ended for a reason.
fn ended(reason: &str, parts: Value) -> Result<Value, Failure> {
    let candidate = json!({
        "content": {"parts": parts}, "finishReason": reason, "finishMessage": "Because.",
    });
    let body = json!({"candidates": [candidate]}).to_string();
    whole().decode::<Gemini>(&[body.as_bytes()], Ending::Clean).map(|mut list| list.remove(0))
}

fn kind(replay: &Replay, body: &[u8]) -> FailureKind {
    replay.at_every_slicing::<Gemini>(body).expect_err("this is no answer").kind()
}

#[test]
fn every_transcript_gives_its_documents_at_every_slicing_and_none_when_cut() {
    let files = [
        "text.sse",
        "text.json",
        "one_tool.sse",
        "one_tool.json",
        "two_tools.sse",
        "two_tools.json",
        "tool_without_arguments.sse",
        "tool_without_arguments.json",
        "reasoning.sse",
        "reasoning.json",
        "blocked_midway.sse",
        "blocked.json",
        "two_choices.sse",
        "image.sse",
        "image.json",
        "grounded.sse",
        "logprobs.json",
    ];
    for file in files {
        let body = fixture(&format!("tests/replies/{file}"));
        let replay = replay_of(file);
        let documents = replay.at_every_slicing::<Gemini>(&body);
        let documents = documents.unwrap_or_else(|failure| panic!("{file}: {failure}"));
        let name = file.replace('.', "_");
        assert_golden(&format!("tests/golden/replies/{name}.json"), &Value::Array(documents));
        replay.at_every_truncation::<Gemini>(&body);
    }
}

#[test]
fn a_stream_without_a_finish_reason_is_cut_off_however_cleanly_it_ends() {
    let body = fixture("tests/replies/text.sse");
    let text = String::from_utf8(body).unwrap();
    let (before, _) = text.rsplit_once("data: ").unwrap();
    assert_eq!(kind(&stream(), before.as_bytes()), FailureKind::StreamTruncated);
    assert_eq!(kind(&stream(), b""), FailureKind::StreamTruncated);
    assert_eq!(kind(&stream(), b": nothing\n\n"), FailureKind::StreamTruncated);

    let body = fixture("tests/replies/two_choices.sse");
    let text = String::from_utf8(body).unwrap();
    let (one_open, _) = text.rsplit_once("data: ").unwrap();
    assert_eq!(kind(&stream(), one_open.as_bytes()), FailureKind::StreamTruncated);
}

#[test]
fn a_reason_that_comes_early_does_not_end_the_answer() {
    let body = b"data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n\
        data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"late\"}]}}]}\n\n";
    let documents = stream().at_every_slicing::<Gemini>(body).unwrap();
    assert_eq!(documents[1]["choices"][0]["delta"]["content"], "late");
    assert_eq!(documents[2]["choices"][0]["finish_reason"], "stop");
}

#[test]
fn a_long_line_is_one_event() {
    let long = "x".repeat(100_000);
    let body = format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{long}\"}}]}},\
         \"finishReason\":\"STOP\"}}]}}\n\n"
    );
    let documents = stream().at_every_slicing::<Gemini>(body.as_bytes()).unwrap();
    assert_eq!(documents[1]["choices"][0]["delta"]["content"], long);
}

#[test]
fn every_reason_is_one_of_the_canonical_ones() {
    let cases = [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("CONTINUATION", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        ("UNEXPECTED_TOOL_CALL", "stop"),
        ("OTHER", "stop"),
        ("BRAND_NEW", "stop"),
    ];
    for (reason, canonical) in cases {
        let document = ended(reason, json!([{"text": "Hm."}])).unwrap();
        assert_eq!(document["choices"][0]["finish_reason"], canonical, "{reason}");
        assert_eq!(document["choices"][0]["message"]["finishMessage"], "Because.");
    }
    let document = ended("STOP", json!([{"functionCall": {"name": "f"}}])).unwrap();
    assert_eq!(document["choices"][0]["finish_reason"], "tool_calls");
    let document = ended("SAFETY", json!([])).unwrap();
    assert_eq!(document["choices"][0]["finish_reason"], "content_filter");
}

#[test]
fn a_model_that_failed_before_it_answered_is_a_failure_and_no_empty_answer() {
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "NO_IMAGE", "OTHER"] {
        let thought = json!([{"text": "Let me call.", "thought": true}]);
        let failure = ended(reason, thought).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError);
        assert_eq!(failure.upstream_code(), Some(reason));
        assert!(failure.message().contains("Because."), "{failure}");
    }
}

#[test]
fn a_prompt_that_is_refused_is_a_failure_with_the_providers_reason() {
    for (file, code, said) in [
        ("prompt_blocked.json", "PROHIBITED_CONTENT", "PROHIBITED_CONTENT"),
        ("prompt_blocked.sse", "SAFETY", "Not this."),
    ] {
        let body = fixture(&format!("tests/replies/{file}"));
        let failure = replay_of(file).at_every_slicing::<Gemini>(&body).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ContentFiltered, "{file}");
        assert_eq!(failure.upstream_code(), Some(code), "{file}");
        assert!(failure.message().contains(said), "{failure}");
    }
}

#[test]
fn an_error_in_a_stream_or_in_a_good_status_is_no_answer() {
    use FailureKind as K;
    let body = fixture("tests/replies/error_in_stream.sse");
    let failure = stream().at_every_slicing::<Gemini>(&body).unwrap_err();
    assert_eq!(failure.kind(), K::UpstreamOverloaded);
    assert_eq!(failure.upstream_code(), Some("UNAVAILABLE"));
    assert_eq!(failure.message(), "The model is overloaded. Please try again later.");

    let cases: [(&[u8], K); 9] = [
        (
            br#"{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}"#,
            K::UpstreamRateLimited,
        ),
        (
            br#"[{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}]"#,
            K::InvalidRequest,
        ),
        (br#"{"error": "down"}"#, K::UpstreamError),
        (b"<html>hello</html>", K::UpstreamError),
        (b"", K::UpstreamError),
        (b"[]", K::UpstreamError),
        (b"{}", K::UpstreamError),
        (br#"{"candidates": [{}]}"#, K::UpstreamError),
        (br#"{"candidates": [{"content": {"parts": [7]}}]}"#, K::UpstreamError),
    ];
    for (body, expected) in cases {
        assert_eq!(kind(&whole(), body), expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_document_instead_of_a_stream_is_explained() {
    use FailureKind as K;
    let cases: [(&[u8], K); 4] = [
        (
            b"[{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"m\"\n  }\n}\n]",
            K::UpstreamOverloaded,
        ),
        (b"{\"candidates\": []}", K::UpstreamError),
        (b"<!doctype html>\n<p>hello</p>\n", K::UpstreamError),
        (b"data: <html>\n\n", K::UpstreamError),
    ];
    for (body, expected) in cases {
        assert_eq!(kind(&stream(), body), expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn counts_that_are_missing_follow_from_the_total() {
    let body =
        br#"{"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 9}}"#;
    let documents = whole().at_every_slicing::<Gemini>(body).unwrap();
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9});
    assert_eq!(documents[0]["usage"], usage);
}

#[test]
fn counts_of_another_type_cost_the_counts_and_not_the_answer() {
    let body =
        br#"{"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": "many"}}"#;
    let documents = whole().at_every_slicing::<Gemini>(body).unwrap();
    assert_eq!(documents[0]["choices"][0]["message"]["content"], "x");
    assert_eq!(documents[0].get("usage"), None);
}

#[test]
fn a_call_in_pieces_is_never_taken_for_a_whole_one() {
    for call in [json!({"name": "f", "willContinue": true}), json!({"partialArgs": []}), json!({})]
    {
        let failure = ended("STOP", json!([{"functionCall": call}])).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::UpstreamError, "{call}");
    }
}

#[test]
fn a_count_of_tokens_is_the_total() {
    let call = Call { operation: "count-tokens".into(), ..testing::chat("m") };
    let replay = Replay::new(call);
    let body = br#"{"totalTokens": 31, "promptTokensDetails": [{"modality": "TEXT"}]}"#;
    let documents = replay.at_every_slicing::<Gemini>(body).unwrap();
    assert_eq!(documents, [json!({"object": "token_count", "input_tokens": 31})]);
    replay.at_every_truncation::<Gemini>(body);
    for body in ["{}", "[31]", "", r#"{"totalTokens": "many"}"#] {
        assert_eq!(kind(&replay, body.as_bytes()), FailureKind::UpstreamError, "{body}");
    }
    let error = br#"{"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}"#;
    assert_eq!(kind(&replay, error), FailureKind::NotFound);
}
