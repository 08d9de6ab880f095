//! Deadlines and retries of a route, and when the next candidate is better than a wait.

use std::time::Duration;

use exchange::FailureKind;
use routing::RetryPolicy;
use tokio::time::Instant;

use super::fakes::{Script, ask_for, bench, bench_with_retries, failed};

const ANSWER: &str = r#"{"choices":[]}"#;

fn answer() -> Script {
    Script::Reply(200, vec![Ok(ANSWER)])
}

fn patient() -> RetryPolicy {
    let (base, max_wait) = (Duration::from_millis(100), Duration::from_secs(10));
    RetryPolicy { max_retries: 2, base, max_wait }
}

#[tokio::test(start_paused = true)]
async fn all_attempts_together_end_with_the_routes_time() {
    let bench = bench(vec![Script::Stall, Script::Stall]);
    let began = Instant::now();
    let failure = failed(bench.chat(&ask_for("hasty", false)).await);
    assert_eq!(failure.kind(), FailureKind::UpstreamTimeout);
    assert_eq!(failure.message(), "no provider answered within the 3000 ms of the route");
    assert_eq!(began.elapsed().as_secs(), 3);
    let seen = bench.http.seen.lock().unwrap();
    let timeouts: Vec<_> = seen.iter().map(|exchange| exchange.target.timeouts).collect();
    let in_seconds: Vec<_> = timeouts
        .iter()
        .map(|it| (it.first_byte.as_secs(), it.total.as_secs_f64().round()))
        .collect();
    assert_eq!(in_seconds, [(2, 3.0), (2, 1.0)]);
    assert!(timeouts.iter().all(|it| it.connect == Duration::from_mins(1)));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_late_for_the_route_leaves_time_for_the_next_one() {
    let bench = bench(vec![Script::Stall, answer()]);
    let began = Instant::now();
    let reply = bench.chat(&ask_for("hasty", false)).await.unwrap();
    assert_eq!((reply.attempts, &*reply.provider), (2, "two"));
    assert_eq!(began.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_the_routes_time_is_told_as_it_is() {
    let failing = || Script::Fail(FailureKind::UpstreamError);
    let bench = bench(vec![failing(), failing()]);
    let failure = failed(bench.chat(&ask_for("hasty", false)).await);
    assert_eq!((failure.kind(), failure.message()), (FailureKind::UpstreamError, "scripted"));
    let bench = super::fakes::bench(vec![Script::Stall]);
    let failure = failed(bench.chat(&ask_for("m", false)).await);
    assert_eq!((failure.kind(), failure.message()), (FailureKind::UpstreamTimeout, "scripted"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_longer_than_the_routes_time_is_not_begun() {
    // The fake dialect reads a wait of nine seconds out of every error.
    let limited = || Script::Reply(429, vec![Ok("slow down")]);
    let bench = bench_with_retries(vec![limited(), limited()], patient());
    let began = Instant::now();
    let failure = failed(bench.chat(&ask_for("hasty", false)).await);
    assert_eq!(failure.kind(), FailureKind::UpstreamRateLimited);
    assert_eq!(failure.retry_after(), Some(Duration::from_secs(9)));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_route_may_say_how_often_it_is_tried() {
    let mut scripts: Vec<_> = (0..9).map(|_| Script::Fail(FailureKind::UpstreamError)).collect();
    scripts.push(answer());
    let bench = bench(scripts);
    assert_eq!(bench.chat(&ask_for("obstinate", false)).await.unwrap().attempts, 10);
    let bench = super::fakes::bench(vec![Script::Fail(FailureKind::UpstreamError)]);
    failed(bench.chat(&ask_for("m", false)).await);
    assert_eq!(bench.requests_sent(), 1, "the provider's own");
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_not_waited_for_where_another_candidate_is_left() {
    let limited = || Script::Reply(429, vec![Ok("slow down")]);
    let bench = bench_with_retries(vec![limited(), answer()], patient());
    let began = Instant::now();
    let reply = bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!((reply.attempts, &*reply.provider), (2, "two"));
    assert_eq!(began.elapsed(), Duration::ZERO);

    // The last one is waited for.
    let bench = bench_with_retries(vec![limited(), limited(), answer()], patient());
    let reply = bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!((reply.attempts, &*reply.provider), (3, "two"));
    assert!(began.elapsed() >= Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn no_retry_waits_longer_than_the_first_where_another_candidate_is_left() {
    let failing = || Script::Fail(FailureKind::UpstreamError);
    let policy = RetryPolicy { max_retries: 8, ..patient() };
    for _ in 0..20 {
        let mut scripts: Vec<_> = (0..9).map(|_| failing()).collect();
        scripts.push(answer());
        let bench = bench_with_retries(scripts, policy);
        let began = Instant::now();
        let reply = bench.chat(&ask_for("smart", false)).await.unwrap();
        assert_eq!((reply.attempts, &*reply.provider), (10, "two"));
        // Timers tick in milliseconds.
        assert!(began.elapsed() <= 8 * (policy.base + Duration::from_millis(1)));
    }
}
