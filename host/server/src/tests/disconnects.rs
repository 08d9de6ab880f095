//! The caller goes away: all work on its request ends, and it is recorded once.

use exchange::Outcome;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pipeline::ReplyBody;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::fake::{DropSignal, Fake, KEY, reply};
use super::sockets::{Served, head_of_chat, soon};

/// Never answers. Tells when a request came and when its future was dropped.
fn stuck() -> (Fake, UnboundedReceiver<()>, UnboundedReceiver<()>) {
    let (came, comes) = unbounded_channel();
    let (dropped, drops) = unbounded_channel();
    let fake = Fake::new(move |_| {
        came.send(()).unwrap();
        let signal = DropSignal(dropped.clone());
        async move {
            let _keep = signal;
            std::future::pending().await
        }
    });
    (fake, comes, drops)
}

/// Streams one chunk and then nothing. Tells when the stream was dropped.
fn stalling() -> (Fake, UnboundedReceiver<()>) {
    let (dropped, drops) = unbounded_channel();
    let fake = Fake::new(move |_| {
        let signal = DropSignal(dropped.clone());
        let chunks = stream::iter([Ok("data: 1\n\n".into())]).chain(stream::pending());
        let stream = chunks.map(move |chunk| {
            let _keep = &signal;
            chunk
        });
        std::future::ready(Ok(reply(ReplyBody::Stream(Box::pin(stream)))))
    });
    (fake, drops)
}

#[tokio::test]
async fn leaving_before_the_first_byte_drops_the_services_future() {
    let (fake, mut comes, mut drops) = stuck();
    let mut served = Served::start(fake).await;
    let mut wire = served.connect().await;
    wire.write_chat("{}").await;
    soon(comes.recv()).await.unwrap();
    drop(wire);
    soon(drops.recv()).await.unwrap();
    let record = served.record().await;
    assert_eq!((record.status, record.response_bytes), (499, 0));
    assert!(matches!(record.outcome, Outcome::Cancelled));
    assert_eq!(record.caller.as_deref(), Some("laptop"));
    served.stop().await;
}

#[tokio::test]
async fn leaving_midway_drops_the_stream() {
    let (fake, mut drops) = stalling();
    let mut served = Served::start(fake).await;
    let mut wire = served.connect().await;
    wire.write_chat("{}").await;
    let text = wire.read_until("data: 1").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    drop(wire);
    soon(drops.recv()).await.unwrap();
    let record = served.record().await;
    assert_eq!(record.status, 499);
    assert!(matches!(record.outcome, Outcome::Cancelled));
    served.stop().await;
}

#[tokio::test]
async fn leaving_within_the_body_is_the_callers_affair_and_reaches_no_service() {
    for lines in ["content-length: 100\r\n", "transfer-encoding: chunked\r\n"] {
        let mut served = Served::start(Fake::new(|_| async { panic!("was asked") })).await;
        let mut wire = served.connect().await;
        wire.write(&head_of_chat(lines)).await;
        wire.write("5\r\n{\"a\":").await;
        drop(wire);
        let record = served.record().await;
        assert!(matches!(record.outcome, Outcome::Cancelled), "{lines}: {:?}", record.outcome);
        assert_eq!(record.status, 499);
        served.stop().await;
    }
}

#[tokio::test]
async fn resetting_one_http2_stream_drops_its_work_alone() {
    let (fake, mut drops) = stalling();
    let mut served = Served::start(fake).await;
    let socket = TokioIo::new(TcpStream::connect(served.address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = || {
        Request::post("http://x/v1/chat/completions")
            .header("authorization", format!("Bearer {KEY}"))
            .body(Full::<bytes::Bytes>::from("{}"))
            .unwrap()
    };
    let mut kept = soon(sender.send_request(request())).await.unwrap();
    let mut left = soon(sender.send_request(request())).await.unwrap();
    assert_eq!(left.version(), http::Version::HTTP_2);
    assert!(left.headers().contains_key("x-request-id"));
    soon(kept.body_mut().frame()).await.unwrap().unwrap();
    soon(left.body_mut().frame()).await.unwrap().unwrap();
    drop(left);
    soon(drops.recv()).await.unwrap();
    assert!(matches!(served.record().await.outcome, Outcome::Cancelled));
    assert!(drops.try_recv().is_err(), "the other stream goes on");
    drop(kept);
    soon(drops.recv()).await.unwrap();
    served.record().await;
    drop(sender);
    soon(connection).await.unwrap().unwrap();
    served.stop().await;
}
