//! Bad requests, failures and panics.

use std::time::Duration;

use axum::body::Body;
use exchange::{Failure, FailureKind, Outcome};
use http::{HeaderName, HeaderValue, Method, Request};

use super::client::{Reply, TestClient, bare, chat};
use super::fake::{Fake, limits};
use crate::EdgeLimits;

fn kind_of(reply: &Reply) -> FailureKind {
    match &reply.record.outcome {
        Outcome::Failed(failure) => failure.kind(),
        other => panic!("not failed: {other:?}"),
    }
}

#[tokio::test]
async fn without_a_known_key_nothing_is_answered() {
    let mut client = TestClient::new(Fake::echo());
    for (header, hint) in [
        (None, "send your API key as"),
        (Some(("authorization", "Bearer pb-wrong")), "not known"),
        (Some(("authorization", "Basic abc")), "send your API key as"),
        (Some(("authorization", "Bearer ")), "send your API key as"),
        (Some(("x-api-key", "pb-wrong")), "not known"),
    ] {
        for path in ["/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/models/smart"] {
            let method = if path.contains("models") { Method::GET } else { Method::POST };
            let mut request = bare(method, path);
            request.headers_mut().remove("authorization");
            if let Some((name, value)) = header {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            let reply = client.send(request).await;
            assert_eq!(reply.status, 401, "{header:?} {path}");
            assert_eq!(reply.error("code"), "invalid_api_key");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            assert!(reply.error("message").as_str().unwrap().contains(hint), "{}", reply.text());
            assert!(!reply.text().contains("pb-wrong"), "{}", reply.text());
            assert_eq!(reply.record.caller, None);
        }
    }
}

#[tokio::test]
async fn without_a_key_the_body_is_not_read() {
    let mut client = TestClient::new(Fake::echo());
    let body = Body::from_stream(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<String, std::io::Error>>> { panic!("body was read") },
    ));
    let mut request = chat(body);
    request.headers_mut().remove("authorization");
    assert_eq!(client.send(request).await.status, 401);
}

#[tokio::test]
async fn an_unknown_url_is_named_as_such_and_never_recorded_raw() {
    let mut client = TestClient::new(Fake::echo());
    let paths = ["/", "/v1", "/v1/", "/v1/models/", "/v1/chat/completions/", "/v2/secret-token"];
    for path in paths {
        let reply = client.send(bare(Method::GET, path)).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.error("code"), "unknown_url");
        assert_eq!(reply.record.endpoint, "unknown path", "{path}");
        assert!(!format!("{:?}", reply.record).contains("secret-token"));
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let mut client = TestClient::new(Fake::echo());
    for (method, path, allowed) in [
        (Method::GET, "/v1/chat/completions", "POST"),
        (Method::HEAD, "/v1/chat/completions", "POST"),
        (Method::OPTIONS, "/v1/embeddings", "POST"),
        (Method::POST, "/v1/models", "GET,HEAD"),
        (Method::DELETE, "/v1/models/a/b", "GET,HEAD"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::TRACE, "/health/ready", "GET,HEAD"),
    ] {
        let reply = client.send(bare(method.clone(), path)).await;
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
        assert_eq!(reply.record.endpoint, "wrong method");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_json_are_named_by_their_header() {
    let mut client = TestClient::new(Fake::echo());
    for (name, value, expected) in [
        ("content-type", "multipart/form-data; boundary=x", 400),
        ("content-type", "application/x-www-form-urlencoded", 400),
        ("content-type", "Application/X-WWW-Form-Urlencoded", 400),
        ("content-encoding", "gzip", 400),
        ("content-encoding", "zstd, gzip", 400),
        ("content-encoding", "identity", 200),
        ("content-type", "text/plain", 200),
        ("content-type", "application/json; charset=utf-8", 200),
    ] {
        let mut request = chat("{}");
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        let reply = client.send(request).await;
        assert_eq!(reply.status, expected, "{name}: {value}");
        if expected == 400 {
            assert_eq!(kind_of(&reply), FailureKind::InvalidRequest);
            assert!(reply.error("message").as_str().unwrap().contains(name), "{}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused_whether_announced_or_not() {
    let limits = EdgeLimits { max_body_bytes: 10, ..limits() };
    let mut client = TestClient::with_limits(Fake::echo(), limits);
    assert_eq!(client.send(chat("0123456789")).await.status, 200);
    let announced = client.send(chat("0123456789a")).await;
    assert_eq!((announced.status.as_u16(), announced.record.request_bytes), (413, 0));
    for pieces in [vec!["0123456789a"], vec!["01234", "56789", "a"]] {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let reply = client.send(chat(body)).await;
        assert_eq!(reply.status, 413);
        assert_eq!(reply.error("code"), "payload_too_large");
        assert_eq!(reply.error("message"), "the request's body is over 10 bytes");
        assert_eq!(reply.record.request_bytes, 11);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_in_time_is_refused() {
    let mut client = TestClient::new(Fake::echo());
    let body = Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
    let reply = client.send(chat(body)).await;
    assert_eq!(reply.status, 408);
    assert_eq!(reply.error("code"), "request_timeout");
}

#[tokio::test]
async fn every_kind_of_failure_is_answered_as_the_table_says() {
    for kind in FailureKind::ALL {
        if kind == FailureKind::Cancelled {
            // Nobody is there to be answered; see the next test.
            continue;
        }
        let mut client = TestClient::new(Fake::failing(move || {
            Failure::new(kind, "what and how").with_param("p").with_cause("10.0.0.7")
        }));
        let reply = client.send(chat("{}")).await;
        let rule = kind.rule();
        assert_eq!(reply.status.as_u16(), rule.status, "{kind:?}");
        assert_eq!(reply.error("type"), rule.error_type, "{kind:?}");
        assert_eq!(reply.error("code"), serde_json::json!(rule.code), "{kind:?}");
        assert_eq!(reply.error("param"), "p");
        assert!(!reply.text().contains("10.0.0.7"));
        assert_eq!(kind_of(&reply), kind);
    }
}

#[tokio::test]
async fn a_cancelled_request_is_recorded_as_the_callers_affair() {
    let cancelled = || Failure::new(FailureKind::Cancelled, "gone");
    let client = &mut TestClient::new(Fake::failing(cancelled));
    drop(client.open(chat("{}")).await);
    let record = client.record();
    assert_eq!(record.status, 499);
    assert!(matches!(record.outcome, Outcome::Cancelled));
}

#[tokio::test]
async fn callers_are_told_how_long_to_wait() {
    for (wait, seconds, milliseconds) in [
        (Duration::from_millis(1200), "2", "1200"),
        (Duration::from_secs(3), "3", "3000"),
        (Duration::from_nanos(1), "1", "0"),
    ] {
        let mut client = TestClient::new(Fake::failing(move || {
            Failure::new(FailureKind::UpstreamRateLimited, "slow down").with_retry_after(wait)
        }));
        let reply = client.send(chat("{}")).await;
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("retry-after"), Some(seconds));
        assert_eq!(reply.header("retry-after-ms"), Some(milliseconds));
        assert_eq!(reply.header("x-should-retry"), Some("true"));
    }
}

#[tokio::test]
async fn a_failure_names_the_provider_that_was_tried_last() {
    let mut client = TestClient::new(Fake::new(|request| async move {
        request.trace.note(|notes| {
            notes.provider = Some("main".into());
            notes.attempts = 2;
        });
        Err(Failure::new(FailureKind::UpstreamError, "no"))
    }));
    let reply = client.send(chat("{}")).await;
    assert_eq!(reply.header("x-patchbay-provider"), Some("main"));
    assert_eq!(reply.header("x-patchbay-attempts"), Some("2"));
}

#[tokio::test]
async fn a_panic_is_one_failed_request_with_all_that_holds_of_a_reply() {
    let mut client = TestClient::new(Fake::new(|_| async { panic!("the prompt was: secret") }));
    let reply = client.send(chat("{}")).await;
    assert_eq!(reply.status, 500);
    assert_eq!(kind_of(&reply), FailureKind::Internal);
    assert!(!format!("{:?}", reply.record).contains("secret"));
    let request = Request::get("/v1/models").header("authorization", "Bearer pb-panic");
    let reply = client.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status.as_u16(), kind_of(&reply)), (500, FailureKind::Internal));
}
