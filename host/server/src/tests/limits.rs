//! What the edge does about the limits of a key: refusals, headers, and the settling.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use exchange::{Failure, FailureKind, Usage};
use http::{Method, Request};
use pipeline::{
    Caller, CallerReply, CallerRequest, EndpointPattern, Meter, MeterLimits, Meters, ReplyBody,
};

use super::client::{Reply, TestClient, bare, chat};
use super::fake::{Fake, reply, stream_of};

fn limited(limits: MeterLimits) -> (Caller, Arc<Meter>) {
    let meter = Meters::default().meter("laptop", limits);
    (Caller { meter: Arc::clone(&meter), ..Caller::new("laptop") }, meter)
}

fn both() -> MeterLimits {
    let (requests, tokens) = (Some(60), Some(6000));
    MeterLimits {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        max_concurrent_requests: Some(1),
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Admits a request as the pipeline does, with a hundred tokens.
fn admit(request: &CallerRequest) -> Result<(), Failure> {
    if let Some(admission) = request.caller.meter.enter(now())? {
        request.trace.note(|notes| {
            notes.admission = Some(Arc::clone(&admission));
            notes.attempts = 1;
        });
        admission.reserve(100, now())?;
    }
    Ok(())
}

/// Admits each request, then does something.
fn admitting<F>(answer: F) -> Fake
where
    F: Fn(&CallerRequest) -> Result<CallerReply, Failure> + Send + Sync + 'static,
{
    Fake::new(move |request| std::future::ready(admit(&request).and_then(|()| answer(&request))))
}

fn counted(request: &CallerRequest, prompt: u64, completion: u64) {
    let usage = Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        cached_tokens: 0,
        reasoning_tokens: 0,
    };
    request.trace.note(|notes| notes.usage = Some(usage));
}

fn limit_headers(reply: &Reply) -> Vec<Option<&str>> {
    ["limit", "remaining", "reset"]
        .iter()
        .flat_map(|what| ["requests", "tokens"].map(|unit| format!("x-ratelimit-{what}-{unit}")))
        .map(|name| reply.header(&name))
        .collect()
}

fn tokens_left(meter: &Meter) -> u64 {
    meter.levels(now()).tokens.unwrap().remaining
}

#[tokio::test]
async fn a_key_may_call_what_its_patterns_name() {
    for (pattern, method, path, expected) in [
        ("/v1/chat/completions", Method::POST, "/v1/chat/completions", 200),
        ("/v1/chat/*", Method::POST, "/v1/chat/completions", 200),
        ("/v1/chat/*", Method::POST, "/v1/embeddings", 403),
        ("/v1/models", Method::GET, "/v1/models", 200),
        ("/v1/models", Method::HEAD, "/v1/models", 200),
        ("/v1/models", Method::GET, "/v1/models/smart", 403),
        ("/v1/models/{id}", Method::GET, "/v1/models/smart", 200),
        ("/v1/models*", Method::GET, "/v1/models/main/org/big", 200),
        ("/v1/models/smart", Method::GET, "/v1/models/smart", 403),
    ] {
        let endpoints = [EndpointPattern::new(pattern)].into();
        let caller = Caller { endpoints, ..Caller::new("laptop") };
        let mut client = TestClient::new(Fake::echo().with_caller(caller));
        let reply = client.send(bare(method, path)).await;
        assert_eq!(reply.status, expected, "{pattern} {path}");
        assert_eq!(reply.record.caller.as_deref(), Some("laptop"));
        if expected == 403 {
            assert_eq!(reply.error("code"), "endpoint_not_allowed");
            let named = if path.starts_with("/v1/models/") { "/v1/models/{id}" } else { path };
            let message = format!("this API key may not call {named}:");
            assert!(reply.error("message").as_str().unwrap().starts_with(&message));
        }
    }
}

#[tokio::test]
async fn without_the_right_to_call_the_body_is_not_read() {
    let endpoints = [EndpointPattern::new("/v1/models")].into();
    let caller = Caller { endpoints, ..Caller::new("laptop") };
    let mut client = TestClient::new(Fake::echo().with_caller(caller));
    let body = Body::from_stream(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<String, std::io::Error>>> { panic!("body was read") },
    ));
    assert_eq!(client.send(chat(body)).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_a_limited_key_tells_what_is_left() {
    let (caller, _) = limited(both());
    let fake = admitting(|_| Ok(reply(ReplyBody::Complete("{}".into()))));
    let mut client = TestClient::new(fake.with_caller(caller));
    for (request, expected) in [
        (bare(Method::GET, "/v1/models"), ["60", "6000", "60", "6000", "0s", "0s"]),
        (chat("{}"), ["60", "6000", "59", "5900", "1s", "1s"]),
        (bare(Method::GET, "/v1/models/none"), ["60", "6000", "59", "5900", "1s", "1s"]),
        (chat("{}"), ["60", "6000", "58", "5800", "2s", "2s"]),
    ] {
        let reply = client.send(request).await;
        assert_eq!(limit_headers(&reply), expected.map(Some));
    }
}

#[tokio::test(start_paused = true)]
async fn only_limits_that_there_are_are_told() {
    let requests = MeterLimits { requests_per_minute: Some(1), ..MeterLimits::default() };
    let concurrent = MeterLimits { max_concurrent_requests: Some(1), ..MeterLimits::default() };
    let some = [Some("1"), None, Some("0"), None, Some("1m0s"), None];
    for (limits, expected) in
        [(requests, some), (concurrent, [None; 6]), (MeterLimits::default(), [None; 6])]
    {
        let fake = admitting(|_| Ok(reply(ReplyBody::Complete("{}".into()))));
        let mut client = TestClient::new(fake.with_caller(limited(limits).0));
        assert_eq!(limit_headers(&client.send(chat("{}")).await), expected);
    }
    let mut client = TestClient::new(Fake::echo().with_caller(limited(requests).0));
    let unknown = Request::get("/v1/models").header("authorization", "Bearer pb-wrong");
    let reply = client.send(unknown.body(Body::empty()).unwrap()).await;
    assert_eq!(limit_headers(&reply), [None; 6]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_limit_and_wait() {
    let requests = MeterLimits { requests_per_minute: Some(1), ..MeterLimits::default() };
    let fake = admitting(|_| Ok(reply(ReplyBody::Complete("{}".into()))));
    let mut client = TestClient::new(fake.with_caller(limited(requests).0));
    assert_eq!(client.send(chat("{}")).await.status, 200);
    let refused = client.send(chat("{}")).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.error("code"), "rate_limit_exceeded");
    assert_eq!(refused.error("param"), serde_json::Value::Null);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("retry-after-ms"), Some("60000"));
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), Some("0"));
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_counted_is_settled_at_the_end() {
    type Behaviour = fn(&CallerRequest) -> Result<CallerReply, Failure>;
    let cases: [(&str, Behaviour, u64); 6] = [
        (
            "counted",
            |request| {
                counted(request, 30, 12);
                Ok(reply(ReplyBody::Complete("{}".into())))
            },
            42,
        ),
        ("not counted", |_| Ok(reply(ReplyBody::Complete("{}".into()))), 100),
        ("failed", |_| Err(Failure::new(FailureKind::UpstreamError, "no")), 0),
        (
            "failed, but counted",
            |request| {
                counted(request, 30, 0);
                Err(Failure::new(FailureKind::UpstreamError, "no"))
            },
            30,
        ),
        (
            "stream",
            |request| {
                counted(request, 200, 50);
                Ok(reply(stream_of(vec![Ok("data: 1\n\n")])))
            },
            250,
        ),
        (
            "broken stream",
            |_| {
                let cut = Failure::new(FailureKind::StreamTruncated, "cut");
                Ok(reply(stream_of(vec![Ok("data: 1\n\n"), Err(cut)])))
            },
            100,
        ),
    ];
    for (case, behaviour, spent) in cases {
        let (caller, meter) = limited(both());
        let mut client = TestClient::new(admitting(behaviour).with_caller(caller));
        client.send(chat("{}")).await;
        assert_eq!(tokens_left(&meter), 6000 - spent, "{case}");
        assert!(meter.enter(now()).is_ok(), "{case}: its place is free again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_its_place_and_what_was_reserved() {
    let (caller, meter) = limited(both());
    let fake = admitting(|_| Ok(reply(stream_of(vec![Ok("data: 1\n\n")]))));
    let mut client = TestClient::new(fake.with_caller(caller));
    let response = client.open(chat("{}")).await;
    assert!(meter.enter(now()).is_err(), "the answer has not ended");
    drop(response);
    assert_eq!(client.record().status, 499);
    assert_eq!(tokens_left(&meter), 5900);
    assert!(meter.enter(now()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_before_anything_was_sent_has_spent_nothing() {
    let (caller, meter) = limited(both());
    let fake = Fake::new(|request| async move {
        admit(&request)?;
        request.trace.note(|notes| notes.attempts = 0);
        std::future::pending().await
    });
    let mut client = TestClient::new(fake.with_caller(caller));
    let gone = tokio::time::timeout(Duration::from_secs(1), client.open(chat("{}"))).await;
    assert!(gone.is_err());
    assert_eq!(client.record().status, 499);
    assert_eq!(tokens_left(&meter), 6000);
    assert!(meter.enter(now()).is_ok());
}
