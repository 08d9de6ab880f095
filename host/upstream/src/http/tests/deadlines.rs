//! Each deadline of the operator ends the exchange and closes the connection.

use std::future::pending;

use tokio::sync::mpsc;

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// A server that answers with these bytes and waits until the other side closes, which it reports.
async fn silent_after(bytes: &'static str) -> (Server, mpsc::Receiver<()>) {
    let (sender, closed) = mpsc::channel(8);
    let server = Server::start(move |mut connection: Connection| {
        let sender = sender.clone();
        async move {
            connection.request().await;
            connection.send(bytes).await;
            connection.closed().await;
            sender.send(()).await.unwrap();
        }
    })
    .await;
    (server, closed)
}

fn assert_timeout(failure: &Failure, name: &str) {
    assert_eq!(failure.kind(), FailureKind::UpstreamTimeout, "{failure:?}");
    let words = format!("{name} timeout of 150ms");
    assert!(failure.message().contains(&words), "{failure}");
}

#[tokio::test]
async fn no_head_within_the_first_byte_timeout() {
    let (server, mut closed) = silent_after("").await;
    let upstream = HttpUpstream::try_new().unwrap();
    let exchange = with_target(to(server.address), |target| target.timeouts.first_byte = SOON);
    assert_timeout(&failure_of(&upstream, exchange).await, "first-byte");
    closed.recv().await.unwrap();
}

#[tokio::test]
async fn no_head_within_the_total_timeout() {
    let (server, mut closed) = silent_after("").await;
    let upstream = HttpUpstream::try_new().unwrap();
    let exchange = with_target(to(server.address), |target| target.timeouts.total = SOON);
    assert_timeout(&failure_of(&upstream, exchange).await, "total");
    closed.recv().await.unwrap();
}

#[tokio::test]
async fn no_bytes_within_the_idle_timeout() {
    let (server, mut closed) = silent_after(HEAD).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let exchange = with_target(to(server.address), |target| target.timeouts.idle = SOON);
    let mut reply = upstream.send(exchange).await.unwrap();
    assert_timeout(&reply.body.next().await.unwrap().unwrap_err(), "idle");
    // The connection closes although the body is still held.
    closed.recv().await.unwrap();
    assert!(reply.body.next().await.is_none());
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_ends_with_the_connect_timeout() {
    let server = Server::start(|connection: Connection| async move {
        let _held = connection;
        pending::<()>().await;
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    let exchange = exchange(&format!("https://{}/", server.address));
    let exchange = with_target(exchange, |target| target.timeouts.connect = SOON);
    assert_timeout(&failure_of(&upstream, exchange).await, "connect");
}
