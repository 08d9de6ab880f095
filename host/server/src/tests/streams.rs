//! Streams: relayed, kept alive, ended well or by one error event.

use std::time::Duration;

use exchange::{Failure, FailureKind, Outcome};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use pipeline::ReplyBody;
use tokio::sync::mpsc::unbounded_channel;

use super::client::{TestClient, chat};
use super::fake::{DropSignal, Fake, reply, stream_of};

const CHUNK: &str = "data: {\"n\":1}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn a_stream_is_relayed_as_it_is() {
    let mut client = TestClient::new(Fake::new(|_| async {
        Ok(reply(stream_of(vec![Ok(CHUNK), Ok(CHUNK), Ok(DONE)])))
    }));
    let reply = client.send(chat("{}")).await;
    assert_eq!(reply.text(), [CHUNK, CHUNK, DONE].concat());
    assert_eq!(reply.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-cache"));
    assert_eq!(reply.header("x-accel-buffering"), Some("no"));
    assert!(matches!(reply.record.outcome, Outcome::Completed));
}

#[tokio::test]
async fn a_failure_in_the_stream_is_one_event_and_no_clean_end() {
    let mut client = TestClient::new(Fake::new(|_| async {
        let failure = Failure::new(FailureKind::StreamTruncated, "broke off").with_cause("why");
        Ok(reply(stream_of(vec![Ok(CHUNK), Err(failure), Ok(DONE)])))
    }));
    let reply = client.send(chat("{}")).await;
    let event = reply.text().strip_prefix(CHUNK).unwrap();
    let expected = concat!(
        r#"data: {"error":{"message":"broke off","type":"upstream_error","param":null,"#,
        r#""code":"stream_truncated"}}"#,
        "\n\n"
    );
    assert_eq!(event, expected);
    assert_eq!(reply.record.status, 200);
    let Outcome::Failed(failure) = reply.record.outcome else { panic!("not failed") };
    assert_eq!(failure.cause_chain().as_deref(), Some("why"));
}

#[tokio::test]
async fn a_panic_in_the_stream_is_an_error_event_too() {
    let mut client = TestClient::new(Fake::new(|_| async {
        let items = stream::iter([0, 1]).map(|n| {
            assert!(n == 0, "a fault in the stream");
            Ok(CHUNK.into())
        });
        Ok(reply(ReplyBody::Stream(Box::pin(items))))
    }));
    let reply = client.send(chat("{}")).await;
    let event = reply.text().strip_prefix(CHUNK).unwrap();
    assert!(event.contains("\"internal_error\""), "{event}");
    assert!(matches!(reply.record.outcome, Outcome::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_comments_and_chunks_are_not() {
    let mut client = TestClient::new(Fake::new(|_| async {
        // Seconds before each chunk; a comment is due after 15 seconds of silence.
        let waits = stream::iter([0_u64, 14, 14, 31, 16, 1]).then(|seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok("data: x\n\n".into())
        });
        Ok(reply(ReplyBody::Stream(Box::pin(waits))))
    }));
    let reply = client.send(chat("{}")).await;
    let shape: String = reply
        .text()
        .split_terminator("\n\n")
        .map(|event| if event == ": keep-alive" { '-' } else { 'x' })
        .collect();
    assert_eq!(shape, "xxx--x-xx");
}

#[tokio::test]
async fn a_stream_that_is_dropped_midway_is_recorded_once_as_cancelled() {
    let (dropped, mut drops) = unbounded_channel();
    let mut client = TestClient::new(Fake::new(move |_| {
        let signal = DropSignal(dropped.clone());
        let stream = stream::iter([Ok(CHUNK.into())]).chain(stream::pending()).map(move |item| {
            let _keep = &signal;
            item
        });
        std::future::ready(Ok(reply(ReplyBody::Stream(Box::pin(stream)))))
    }));
    let mut body = client.open(chat("{}")).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, CHUNK);
    assert!(drops.try_recv().is_err());
    drop(body);
    assert!(drops.try_recv().is_ok());
    let record = client.record();
    assert!(matches!(record.outcome, Outcome::Cancelled));
    assert_eq!((record.status, record.response_bytes), (499, CHUNK.len() as u64));
}
