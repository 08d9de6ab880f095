use std::sync::atomic::Ordering;

use exchange::FailureKind;
use futures_util::StreamExt as _;
use pipeline::ReplyBody;
use serde_json::{Value, json};

use super::fakes::{Script, ask_for, bench, failed, read_stream};

const ONE: &str =
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\"}}]}\n\n";
const TWO: &str =
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn good_stream() -> Script {
    Script::Reply(200, vec![Ok(ONE), Ok(TWO), Ok(USAGE), Ok(DONE)])
}

#[tokio::test]
async fn usage_is_always_asked_for_and_only_told_when_the_caller_asked() {
    let bench = bench(vec![good_stream(), good_stream()]);
    let quiet = bench.chat(&ask_for("smart", true)).await.unwrap();
    assert_eq!(read_stream(quiet).await, ([ONE, TWO, DONE].concat(), None));
    assert_eq!(bench.trace.read().usage.unwrap().completion_tokens, 2);
    let sent: Value = serde_json::from_str(&bench.sent(0)).unwrap();
    assert_eq!(sent["stream_options"]["include_usage"], json!(true));

    let mut asking = ask_for("smart", true);
    asking["stream_options"] = json!({"include_usage": true});
    let told = bench.chat(&asking).await.unwrap();
    assert_eq!(read_stream(told).await, ([ONE, TWO, USAGE, DONE].concat(), None));
}

#[tokio::test]
async fn any_slicing_gives_the_same_stream() {
    let whole: String = [": ping\r\n\r\n", ONE, TWO, USAGE, DONE].concat();
    let leaked: &'static str = whole.leak();
    for size in [1, 2, 3, 7, 64] {
        let chunks: Vec<_> = (0..leaked.len())
            .step_by(size)
            .map(|at| Ok(&leaked[at..leaked.len().min(at + size)]))
            .collect();
        let bench = bench(vec![Script::Reply(200, chunks)]);
        let reply = bench.chat(&ask_for("smart", true)).await.unwrap();
        let (text, failure) = read_stream(reply).await;
        assert_eq!(failure, None, "{size}");
        let events: String = text.split_inclusive('\n').filter(|l| !l.starts_with(':')).collect();
        assert_eq!(events.trim_start(), [ONE, TWO, DONE].concat(), "{size}");
    }
}

#[tokio::test]
async fn an_error_as_the_first_event_goes_to_the_next_candidate() {
    let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
    for first in [
        vec![Ok(error)],
        vec![Ok(": ping\n\n"), Ok(error)],
        vec![],
        vec![Ok("<html>")],
        vec![Ok(DONE)],
        vec![Err(FailureKind::StreamTruncated)],
    ] {
        let bench = bench(vec![Script::Reply(200, first), good_stream()]);
        let reply = bench.chat(&ask_for("smart", true)).await.unwrap();
        assert_eq!((&*reply.provider, reply.attempts), ("two", 2));
    }
}

#[tokio::test]
async fn a_stream_without_its_end_is_told_as_truncated_and_not_retried() {
    for tail in [vec![], vec![Err(FailureKind::StreamTruncated)], vec![Ok("data: {\"id\":\"a\",")]]
    {
        let chunks = [vec![Ok(ONE)], tail].concat();
        let bench = bench(vec![Script::Reply(200, chunks)]);
        let reply = bench.chat(&ask_for("smart", true)).await.unwrap();
        let (text, failure) = read_stream(reply).await;
        assert_eq!(text, ONE, "only whole events are relayed");
        assert_eq!(failure, Some(FailureKind::StreamTruncated));
    }
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n";
    let bench = bench(vec![Script::Reply(200, vec![Ok(ONE), Ok(error), Ok(DONE)])]);
    let (text, failure) = read_stream(bench.chat(&ask_for("smart", true)).await.unwrap()).await;
    assert_eq!((text.as_str(), failure), (ONE, Some(FailureKind::UpstreamError)));
}

#[tokio::test]
async fn nothing_follows_the_end() {
    let bench = bench(vec![Script::Reply(
        200,
        vec![Ok(ONE), Ok("data: [DONE]\n\ndata: {\"x\":1}\n\ndata: [DONE]\n\n")],
    )]);
    let (text, failure) = read_stream(bench.chat(&ask_for("smart", true)).await.unwrap()).await;
    assert_eq!((text, failure), ([ONE, DONE].concat(), None));
}

#[tokio::test]
async fn a_caller_who_leaves_ends_the_upstream_exchange() {
    let bench = bench(vec![Script::Hang(vec![ONE]), Script::Hang(vec![])]);
    let reply = bench.chat(&ask_for("smart", true)).await.unwrap();
    assert_eq!(bench.http.open_bodies.load(Ordering::SeqCst), 1);
    drop(reply);
    assert_eq!(bench.http.open_bodies.load(Ordering::SeqCst), 0);

    let body = ask_for("smart", true);
    let waiting = bench.chat(&body);
    tokio::select! {
        biased;
        _ = waiting => panic!("answered"),
        () = tokio::task::yield_now() => {}
    }
    assert_eq!(bench.http.open_bodies.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_failure_before_the_head_is_the_answer_when_no_candidate_is_left() {
    let scripts = vec![
        Script::Fail(FailureKind::UpstreamTimeout),
        Script::Fail(FailureKind::UpstreamUnreachable),
    ];
    let bench = bench(scripts);
    let failure = failed(bench.chat(&ask_for("smart", true)).await);
    assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable);
}

#[tokio::test]
async fn an_error_inside_a_good_reply_does_not_quote_our_credential() {
    let error = "data: {\"error\":{\"message\":\"bad key sk-the-providers-secret\"}}\n\n";
    let first = bench(vec![Script::Reply(200, vec![Ok(error)])]);
    let failure = failed(first.chat(&ask_for("one/m", true)).await);
    assert_eq!(failure.message(), "bad key [redacted]");

    let later = bench(vec![Script::Reply(200, vec![Ok(ONE), Ok(error)])]);
    let reply = later.chat(&ask_for("one/m", true)).await.unwrap();
    let ReplyBody::Stream(stream) = reply.body else { panic!("not a stream") };
    let items: Vec<_> = stream.collect().await;
    let failure = items.into_iter().find_map(Result::err).unwrap();
    assert_eq!(failure.failure.message(), "bad key [redacted]");
}

#[tokio::test]
async fn an_error_reply_that_breaks_off_goes_to_the_next_candidate() {
    let broken = Script::Reply(500, vec![Ok("oops"), Err(FailureKind::StreamTruncated)]);
    let bench = bench(vec![broken, good_stream()]);
    assert_eq!(bench.chat(&ask_for("smart", true)).await.unwrap().attempts, 2);
}
