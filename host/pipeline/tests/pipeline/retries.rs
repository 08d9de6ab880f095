use std::time::Duration;

use exchange::FailureKind;
use routing::RetryPolicy;
use serde_json::json;

use super::fakes::{Script, ask_for, bench_with_retries, failed, whole_text};

const ANSWER: &str = r#"{"choices":[]}"#;

fn twice() -> RetryPolicy {
    let (base, max_wait) = (Duration::from_millis(100), Duration::from_secs(10));
    RetryPolicy { max_retries: 2, base, max_wait }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_tried_again_at_the_same_candidate() {
    let scripts = vec![
        Script::Fail(FailureKind::UpstreamUnreachable),
        Script::Reply(500, vec![Ok("oops")]),
        Script::Reply(200, vec![Ok(ANSWER)]),
    ];
    let bench = bench_with_retries(scripts, twice());
    let reply = bench.chat(&ask_for("m", false)).await.unwrap();
    assert_eq!((reply.attempts, &*reply.provider), (3, "one"));
    assert_eq!(whole_text(reply), ANSWER);
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_first_event_is_an_error_is_tried_again() {
    let scripts = vec![
        Script::Reply(200, vec![Ok("data: {\"error\":{\"message\":\"busy\"}}\n\n")]),
        Script::Reply(200, vec![Ok("data: {\"choices\":[]}\n\ndata: [DONE]\n\n")]),
    ];
    let bench = bench_with_retries(scripts, twice());
    let reply = bench.chat(&ask_for("m", true)).await.unwrap();
    assert_eq!(reply.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_retries_are_used_up_the_next_candidate_is_tried() {
    let failing = || Script::Fail(FailureKind::UpstreamError);
    let scripts = vec![failing(), failing(), failing(), Script::Reply(200, vec![Ok(ANSWER)])];
    let bench = bench_with_retries(scripts, twice());
    let reply = bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!((reply.attempts, &*reply.provider), (4, "two"));
}

#[tokio::test(start_paused = true)]
async fn what_could_bill_twice_or_cannot_help_is_not_tried_again() {
    for kind in [FailureKind::UpstreamTimeout, FailureKind::UpstreamAuth] {
        let bench = bench_with_retries(vec![Script::Fail(kind)], twice());
        let failure = failed(bench.chat(&ask_for("m", false)).await);
        assert_eq!(failure.kind(), kind);
        assert_eq!(bench.requests_sent(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_if_it_is_worth_it_and_passed_on_if_not() {
    // The fake dialect reads a wait of nine seconds out of every error.
    let limited = || Script::Reply(429, vec![Ok("slow down")]);
    let scripts = vec![limited(), Script::Reply(200, vec![Ok(ANSWER)])];
    let bench = bench_with_retries(scripts, twice());
    let began = tokio::time::Instant::now();
    let reply = bench.chat(&ask_for("m", false)).await.unwrap();
    assert_eq!(reply.attempts, 2);
    assert!(began.elapsed() >= Duration::from_secs(9));

    let impatient = RetryPolicy { max_wait: Duration::from_secs(2), ..twice() };
    let bench = bench_with_retries(vec![limited()], impatient);
    let failure = failed(bench.chat(&ask_for("m", false)).await);
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
    assert_eq!(failure.retry_after(), Some(Duration::from_secs(9)));
    assert_eq!(bench.requests_sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_in_trouble_is_not_given_more_than_its_budget_of_retries() {
    let scripts = (0..100).map(|_| Script::Fail(FailureKind::UpstreamError)).collect();
    let bench = bench_with_retries(scripts, twice());
    let requests = 20;
    for _ in 0..requests {
        failed(bench.chat(&ask_for("m", false)).await);
    }
    let retries = bench.requests_sent() - requests;
    assert!((10..20).contains(&retries), "{retries} retries of {requests} requests");
}

#[tokio::test]
async fn a_long_list_of_inputs_is_sent_in_parts_and_joined_in_order() {
    let part = |first: &'static str| Script::Reply(200, vec![Ok(first)]);
    let scripts = vec![
        part(
            r#"{"object":"list","data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}],"model":"there","usage":{"prompt_tokens":3,"total_tokens":3}}"#,
        ),
        part(
            r#"{"object":"list","data":[{"index":0,"embedding":[3]}],"model":"there","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
        ),
    ];
    let bench = bench_with_retries(scripts, RetryPolicy::NEVER);
    let body = json!({"model": "m", "input": ["a", "b", "c"]});
    let reply = bench.embed(&body).await.unwrap();
    let reply: serde_json::Value = serde_json::from_str(&whole_text(reply)).unwrap();
    let vectors: Vec<_> =
        reply["data"].as_array().unwrap().iter().map(|it| it["embedding"][0].clone()).collect();
    assert_eq!(vectors, [1, 2, 3]);
    assert_eq!(reply["usage"]["total_tokens"], 4);
    assert_eq!(bench.sent(1), r#"{"model":"m","input":["c"]}"#);
}
