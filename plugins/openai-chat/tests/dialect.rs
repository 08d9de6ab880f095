//! The dialect `openai-chat`, natively.

#[path = "dialect/quirks.rs"]
mod quirks;

use openai_chat::{OpenAiChat, ReplyDecoder};
use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Decoder, Ending, FailureKind, Normalizer, ResponseHead};

#[test]
fn the_manifest_is_one_that_a_gateway_takes() {
    testing::assert_manifest(include_str!("../plugin.json"));
}

#[test]
fn each_operation_has_its_path_and_is_relayed_verbatim() {
    let cases = [
        (testing::chat("m"), "/chat/completions", "application/json"),
        (testing::chat_stream("m"), "/chat/completions", "text/event-stream"),
        (testing::embeddings("m"), "/embeddings", "application/json"),
    ];
    for (call, path, accept) in cases {
        let plan = OpenAiChat::plan(&call).unwrap();
        assert!(plan.verbatim && !plan.encode_body, "{path}");
        assert_eq!(plan.head.method, "POST");
        assert_eq!(plan.head.path_and_query, path);
        let headers: Vec<_> = plan
            .head
            .headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_str()))
            .collect();
        assert_eq!(headers, [("content-type", "application/json"), ("accept", accept)]);
    }
}

#[test]
fn an_operation_it_does_not_know_is_not_found() {
    let mut call = testing::chat("m");
    call.operation = "images".into();
    let failure = OpenAiChat::plan(&call).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[test]
fn a_stream_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    let body = testing::fixture("tests/replies/stream.sse");
    let replay = Replay::new(testing::chat_stream("little-1"));
    let documents = replay.at_every_slicing::<OpenAiChat>(&body).unwrap();
    assert_eq!(documents.len(), 4);
    assert_eq!(documents[3]["usage"]["total_tokens"], 7);
    replay.at_every_truncation::<OpenAiChat>(&body);
}

#[test]
fn a_whole_reply_is_the_same_at_every_slicing_and_never_whole_without_its_end() {
    let body = testing::fixture("tests/replies/whole.json");
    let replay = Replay::new(testing::chat("little-1"));
    let documents = replay.at_every_slicing::<OpenAiChat>(&body).unwrap();
    assert_eq!(documents, [testing::fixture_json("tests/replies/whole.json")]);
    replay.at_every_truncation::<OpenAiChat>(&body);
}

#[test]
fn documents_keep_every_byte() {
    let mut decoder =
        ReplyDecoder::new(testing::chat_stream("m"), testing::identity(), ResponseHead::new(200));
    let documents = decoder
        .push(b"data: {\"a\" : 1.0, \"b\":9007199254740993}\n\ndata: [DONE]\n\ndata: {}\n\n")
        .unwrap();
    assert_eq!(documents, [b"{\"a\" : 1.0, \"b\":9007199254740993}"]);
    assert!(decoder.push(b"data: {}\n\n").unwrap().is_empty());
    assert!(decoder.finish(Ending::Broken).unwrap().is_empty());
}

#[test]
fn an_error_in_a_good_status_is_no_answer() {
    let cases: [(&[u8], FailureKind); 4] = [
        (b"{\"error\":{\"message\":\"busy\",\"code\":503}}", FailureKind::UpstreamOverloaded),
        (b"<html>hello</html>", FailureKind::UpstreamError),
        (b"", FailureKind::UpstreamError),
        (b"[1]", FailureKind::UpstreamError),
    ];
    for (body, kind) in cases {
        let replay = Replay::new(testing::chat("m"));
        let failure = replay.at_every_slicing::<OpenAiChat>(body).unwrap_err();
        assert_eq!(failure.kind(), kind, "{failure}");
    }
    let event = b"data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}\n\n";
    let failure =
        Replay::new(testing::chat_stream("m")).at_every_slicing::<OpenAiChat>(event).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
}

#[test]
fn a_refusal_is_explained_by_its_code() {
    let body = br#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#;
    let failure = OpenAiChat::explain(&testing::chat("m"), &ResponseHead::new(400), body);
    assert_eq!(failure.kind(), FailureKind::ContextTooLong);
}

#[test]
fn an_azure_stream_begins_with_what_its_filter_says_of_the_prompt() {
    let body = testing::fixture("tests/replies/prompt_filter_results.sse");
    let replay = Replay::new(testing::chat_stream("gpt"));
    let documents = replay.at_every_slicing::<OpenAiChat>(&body).unwrap();
    assert_eq!(documents[0]["choices"], serde_json::json!([]));
    assert_eq!(documents[0]["prompt_filter_results"][0]["prompt_index"], 0);
    assert_eq!(documents.len(), 4);
    replay.at_every_truncation::<OpenAiChat>(&body);
}
