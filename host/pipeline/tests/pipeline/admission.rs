//! Requests at the limits of their key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{FailureKind, Operation};
use pipeline::{Caller, Meter, MeterLimits, Meters, Spent};
use serde_json::json;

use super::fakes::{Bench, Script, ask_for, bench, failed};

const ANSWER: &str = r#"{"choices":[]}"#;

fn answers(number: usize) -> Vec<Script> {
    (0..number).map(|_| Script::Reply(200, vec![Ok(ANSWER)])).collect()
}

fn limited(limits: MeterLimits) -> Caller {
    Caller { meter: Meters::default().meter("k", limits), ..Caller::new("k") }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn tokens_left(meter: &Meter) -> u64 {
    meter.levels(now()).tokens.unwrap().remaining
}

async fn ask(bench: &Bench, caller: &Caller) -> Result<(), exchange::Failure> {
    let body = ask_for("m", false).to_string();
    bench.ask(Operation::Chat, caller.clone(), body).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn requests_over_the_limit_are_refused_before_anything_is_sent() {
    let bench = bench(answers(3));
    let caller = limited(MeterLimits { requests_per_minute: Some(2), ..MeterLimits::default() });
    ask(&bench, &caller).await.unwrap();
    ask(&bench, &caller).await.unwrap();
    let refusal = ask(&bench, &caller).await.unwrap_err();
    assert_eq!(refusal.kind(), FailureKind::RateLimited);
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(bench.requests_sent(), 2);
    tokio::time::advance(Duration::from_secs(30)).await;
    ask(&bench, &caller).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_place_is_held_by_the_trace_until_it_is_settled() {
    let mut bench = bench(answers(2));
    let caller =
        limited(MeterLimits { max_concurrent_requests: Some(1), ..MeterLimits::default() });
    ask(&bench, &caller).await.unwrap();
    let first = std::mem::take(&mut bench.trace);
    let refusal = ask(&bench, &caller).await.unwrap_err();
    assert_eq!(refusal.kind(), FailureKind::RateLimited);
    assert!(bench.trace.read().admission.is_none(), "it never had a place");
    first.read().admission.unwrap().settle(Spent::Unknown, now());
    ask(&bench, &caller).await.unwrap();
    drop((first, std::mem::take(&mut bench.trace)));
    assert_eq!(bench.requests_sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_the_prompt_and_of_the_longest_answer_are_reserved() {
    let bench = bench(answers(1));
    let caller = limited(MeterLimits { tokens_per_minute: Some(1000), ..MeterLimits::default() });
    let mut body = ask_for("m", false);
    body["max_completion_tokens"] = json!(900);
    let ask = || bench.ask(Operation::Chat, caller.clone(), body.to_string());
    ask().await.unwrap();
    assert_eq!(tokens_left(&caller.meter), 1000 - 900 - 5);
    let refusal = failed(ask().await);
    assert!(refusal.message().contains("1000 tokens per minute"), "{refusal}");
    assert!(refusal.message().contains("may need 905"), "{refusal}");
    assert_eq!(bench.requests_sent(), 1);
    bench.trace.read().admission.unwrap().settle(Spent::Nothing, now());
    assert_eq!(tokens_left(&caller.meter), 95, "the trace has the refused one, which took nothing");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_wrong_reserves_no_tokens() {
    let bench = bench(vec![]);
    let caller = limited(MeterLimits { tokens_per_minute: Some(1000), ..MeterLimits::default() });
    for (body, expected) in [
        ("{".to_owned(), FailureKind::InvalidRequest),
        (ask_for("none", false).to_string(), FailureKind::NotFound),
    ] {
        let failure = failed(bench.ask(Operation::Chat, caller.clone(), body).await);
        assert_eq!(failure.kind(), expected);
        assert_eq!(tokens_left(&caller.meter), 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_without_limits_have_no_admission() {
    let bench = bench(answers(1));
    ask(&bench, &Caller::new("k")).await.unwrap();
    assert!(bench.trace.read().admission.is_none());
    assert_eq!(Arc::strong_count(&bench.trace), 1);
}

#[tokio::test(start_paused = true)]
async fn the_tokens_of_a_list_that_was_sent_in_parts_are_those_of_all_parts() {
    let part = |first: &'static str| Script::Reply(200, vec![Ok(first)]);
    let bench = bench(vec![
        part(
            r#"{"object":"list","data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}],"model":"there","usage":{"prompt_tokens":3,"total_tokens":3}}"#,
        ),
        part(
            r#"{"object":"list","data":[{"index":0,"embedding":[3]}],"model":"there","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
        ),
    ]);
    bench.embed(&json!({"model": "m", "input": ["a", "b", "c"]})).await.unwrap();
    assert_eq!(bench.trace.read().usage.unwrap().prompt_tokens, 4);
}
