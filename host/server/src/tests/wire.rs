//! What only a connection shows: framing, limits, deadlines.

use std::time::Duration;

use exchange::Outcome;

use super::fake::{Fake, limits, reply, stream_of};
use super::sockets::{Served, head_of_chat};
use crate::EdgeLimits;

#[tokio::test]
async fn two_requests_share_a_connection() {
    let mut served = Served::start(Fake::echo()).await;
    let mut wire = served.connect().await;
    for body in ["{\"a\":1}", "{\"a\":2}"] {
        wire.write_chat(body).await;
        let text = wire.read_until(body).await;
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.contains(&format!("content-length: {}\r\n", body.len())), "{text}");
        assert!(!text.to_lowercase().contains("\r\nserver:"), "{text}");
        assert!(matches!(served.record().await.outcome, Outcome::Completed));
    }
    served.stop().await;
}

#[tokio::test]
async fn a_failed_stream_still_ends_its_framing() {
    let fake = Fake::new(|_| async {
        let failure = exchange::Failure::new(exchange::FailureKind::UpstreamError, "no");
        Ok(reply(stream_of(vec![Ok("data: 1\n\n"), Err(failure)])))
    });
    let mut served = Served::start(fake).await;
    let mut wire = served.connect().await;
    wire.write_chat("{}").await;
    let text = wire.read_until("\r\n0\r\n\r\n").await;
    assert!(text.contains("data: {\"error\":"), "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
    assert!(matches!(served.record().await.outcome, Outcome::Failed(_)));
    served.stop().await;
}

#[tokio::test]
async fn a_body_announced_too_large_is_refused_before_it_is_sent() {
    let mut served = Served::start(Fake::echo()).await;
    let mut wire = served.connect().await;
    wire.write(&head_of_chat("content-length: 65537\r\nexpect: 100-continue\r\n")).await;
    let text = wire.read_until("payload_too_large").await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    assert_eq!(served.record().await.request_bytes, 0);
    served.stop().await;
}

#[tokio::test]
async fn a_slow_body_is_answered_and_the_connection_closed() {
    let limits = EdgeLimits { body_read: Duration::from_millis(1), ..limits() };
    let mut served = Served::with_limits(Fake::echo(), limits).await;
    let mut wire = served.connect().await;
    wire.write(&head_of_chat("content-length: 10\r\n")).await;
    wire.write("{").await;
    let text = wire.read_to_end().await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(text.contains("x-request-id: "), "{text}");
    assert_eq!(served.record().await.status, 408);
    served.stop().await;
}

#[tokio::test]
async fn a_slow_head_closes_the_connection() {
    let limits = EdgeLimits { head_read: Duration::from_millis(1), ..limits() };
    let served = Served::with_limits(Fake::echo(), limits).await;
    let mut wire = served.connect().await;
    wire.write("POST /v1/chat/completions HTTP/1.1\r\nhost:").await;
    wire.read_to_end().await;
    served.stop().await;
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let served = Served::start(Fake::echo()).await;
    let long = format!("x-long: {}\r\n", "a".repeat(20 * 1024));
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    for lines in [long, many] {
        let mut wire = served.connect().await;
        wire.write(&head_of_chat(&lines)).await;
        let text = wire.read_until("\r\n\r\n").await;
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
    }
    served.stop().await;
}

#[tokio::test]
async fn framing_that_could_smuggle_a_request_is_refused() {
    let bad_chunk = head_of_chat("transfer-encoding: chunked\r\n") + "zz\r\n";
    let both = head_of_chat("content-length: 5\r\ncontent-length: 6\r\n");
    for request in [bad_chunk, both] {
        let served = Served::start(Fake::new(|_| async { panic!("was asked") })).await;
        let mut wire = served.connect().await;
        wire.write(&request).await;
        let text = wire.read_until("\r\n\r\n").await;
        assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    let limits = EdgeLimits { max_connections: 1, ..limits() };
    let mut served = Served::with_limits(Fake::echo(), limits).await;
    let mut first = served.connect().await;
    first.write_chat("{\"n\":1}").await;
    first.read_until("{\"n\":1}").await;
    served.record().await;
    let mut second = served.connect().await;
    second.write_chat("{\"n\":2}").await;
    first.write_chat("{\"n\":3}").await;
    first.read_until("{\"n\":3}").await;
    assert_eq!(served.record().await.request_bytes, 7);
    drop(first);
    second.read_until("{\"n\":2}").await;
    served.record().await;
    served.stop().await;
}
