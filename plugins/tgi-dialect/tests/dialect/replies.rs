//! What a reply becomes.

use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Ending, FailureKind, ResponseHead};
use serde_json::{Value, json};
use tgi_dialect::Tgi;

fn told(replay: Replay, stops: Value, logprobs: bool) -> Replay {
    let mut extra = vec![("stops".to_owned(), stops.to_string())];
    if logprobs {
        extra.push(("logprobs".to_owned(), "true".to_owned()));
    }
    replay.with_extra(extra)
}

fn stream(logprobs: bool) -> Replay {
    let replay = Replay::new(testing::chat_stream("m"));
    told(replay, json!(["END", "<|im_end|>"]), logprobs)
}

fn whole(logprobs: bool) -> Replay {
    let head = ResponseHead::new(200).with_header("x-prompt-tokens", "12");
    let replay = Replay::new(testing::chat("m")).with_head(head);
    told(replay, json!(["END", "<|im_end|>"]), logprobs)
}

#[test]
fn every_stream_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    for (name, logprobs) in [
        ("text", false),
        ("stop_text", false),
        ("stop_text_with_logprobs", true),
        ("stop_token", false),
        ("length", false),
        ("logprobs", true),
        ("unknown", false),
        ("without_details", false),
    ] {
        let body = testing::fixture(&format!("tests/replies/{name}.sse"));
        let documents = stream(logprobs).at_every_slicing::<Tgi>(&body).unwrap();
        testing::assert_golden(&format!("tests/golden/replies/{name}.json"), &documents.into());
        stream(logprobs).at_every_truncation::<Tgi>(&body);
    }
}

#[test]
fn every_whole_reply_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    for (name, logprobs) in [
        ("whole_text", false),
        ("whole_list", false),
        ("whole_stop_text", true),
        ("whole_without_details", false),
    ] {
        let body = testing::fixture(&format!("tests/replies/{name}.json"));
        let documents = whole(logprobs).at_every_slicing::<Tgi>(&body).unwrap();
        testing::assert_golden(&format!("tests/golden/replies/{name}.json"), &documents.into());
        whole(logprobs).at_every_truncation::<Tgi>(&body);
    }
}

#[test]
fn a_prompts_tokens_are_counted_by_the_server_or_not_at_all() {
    let reply = |prefill: Value| {
        json!({"generated_text": "a", "details": {"finish_reason": "length",
            "generated_tokens": 1, "prefill": prefill, "tokens": []}})
        .to_string()
    };
    let plain = Replay::new(testing::chat("m"));
    let counted = |replay: &Replay, prefill: Value| {
        let documents = replay.decode::<Tgi>(&[reply(prefill).as_bytes()], Ending::Clean);
        documents.unwrap()[0]["usage"]["prompt_tokens"].clone()
    };
    assert_eq!(counted(&whole(false), json!([])), 12);
    assert_eq!(counted(&plain, json!([{"id": 1}, {"id": 2}])), 2);
    assert_eq!(counted(&plain, json!([])), Value::Null);
}

#[test]
fn a_line_of_any_length_is_read() {
    let text = "x".repeat(100_000);
    let token = json!({"id": 1, "text": text, "logprob": -0.5, "special": false});
    let event = json!({"index": 1, "token": token, "generated_text": text,
        "details": {"finish_reason": "length", "generated_tokens": 1, "input_length": 2}});
    let body = format!("data:{event}\n\n");
    let pieces: Vec<_> = body.as_bytes().chunks(4096).collect();
    let documents = stream(false).decode::<Tgi>(&pieces, Ending::Clean).unwrap();
    assert_eq!(documents[1]["choices"][0]["delta"]["content"], Value::String(text));
}

#[test]
fn what_follows_the_last_event_is_not_looked_at() {
    let mut body = testing::fixture("tests/replies/text.sse");
    let documents = stream(false).at_every_slicing::<Tgi>(&body).unwrap();
    body.extend_from_slice(b"data: [DONE]\n\ndata: {\"error\":\"late\"}\n\n");
    assert_eq!(stream(false).at_every_slicing::<Tgi>(&body).unwrap(), documents);
}

#[test]
fn a_stream_that_ends_cleanly_without_the_whole_text_is_truncated() {
    let body = testing::fixture("tests/replies/text.sse");
    let first = body.split_inclusive(|byte| *byte == b'}').next().unwrap_or_default();
    let failure = stream(false).at_every_slicing::<Tgi>(first).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::StreamTruncated);
}
