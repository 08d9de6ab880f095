//! Connections are reused, closed at once, and no request is sent twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n";

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let server = Server::start(|mut connection: Connection| async move {
        while connection.request().await.is_some() {
            connection.send(OK).await;
        }
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    for round in 0..5_u64 {
        // Deadlines that do not concern connecting do not make another pool.
        let exchange = with_target(to(server.address), |target| {
            target.timeouts.idle = NEVER * 2;
            target.max_response_bytes = 1000 + round;
        });
        drain(upstream.send(exchange).await.unwrap()).await;
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_name_is_resolved_and_reached() {
    let server = Server::start(|mut connection: Connection| async move {
        connection.request().await;
        connection.send(OK).await;
    })
    .await;
    let url = format!("http://localhost:{}/", server.address.port());
    let upstream = HttpUpstream::try_new().unwrap();
    let reply = upstream.send(exchange(&url)).await.unwrap();
    assert_eq!(drain(reply).await.0, "ok");
}

/// A server that reports when a connection is closed on it.
async fn reporting(bytes: &'static str) -> (Server, mpsc::Receiver<&'static str>) {
    let (sender, events) = mpsc::channel(8);
    let server = Server::start(move |mut connection: Connection| {
        let sender = sender.clone();
        async move {
            connection.request().await;
            sender.send("requested").await.unwrap();
            connection.send(bytes).await;
            connection.closed().await;
            sender.send("closed").await.unwrap();
        }
    })
    .await;
    (server, events)
}

#[tokio::test]
async fn dropping_the_body_closes_the_connection() {
    let (server, mut events) = reporting(HEAD).await;
    let upstream = HttpUpstream::try_new().unwrap();
    let mut reply = upstream.send(to(server.address)).await.unwrap();
    assert_eq!(reply.body.next().await.unwrap().unwrap(), "x");
    drop(reply);
    assert_eq!(events.recv().await, Some("requested"));
    assert_eq!(events.recv().await, Some("closed"));
}

#[tokio::test]
async fn dropping_an_unread_body_closes_the_connection() {
    let (server, mut events) = reporting(HEAD).await;
    let upstream = HttpUpstream::try_new().unwrap();
    drop(upstream.send(to(server.address)).await.unwrap());
    assert_eq!(events.recv().await, Some("requested"));
    assert_eq!(events.recv().await, Some("closed"));
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let (server, mut events) = reporting("").await;
    let upstream = HttpUpstream::try_new().unwrap();
    {
        let mut send = upstream.send(to(server.address));
        tokio::select! {
            _ = &mut send => panic!("the server does not answer"),
            event = events.recv() => assert_eq!(event, Some("requested")),
        }
    }
    assert_eq!(events.recv().await, Some("closed"));
}

#[tokio::test]
async fn a_connection_that_closed_in_the_pool_is_replaced() {
    let server = Server::start(|mut connection: Connection| async move {
        connection.request().await;
        connection.send(OK).await;
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    for _ in 0..5 {
        let reply = upstream.send(to(server.address)).await;
        // The close and the next request may cross, and then the request is not sent again.
        match reply {
            Ok(reply) => assert_eq!(drain(reply).await.0, "ok"),
            Err(failure) => assert_eq!(failure.kind(), FailureKind::UpstreamError),
        }
    }
    assert!(server.connections() > 1);
}

#[tokio::test]
async fn a_request_that_was_read_is_not_sent_again() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let server = Server::start(move |mut connection: Connection| {
        let counter = Arc::clone(&counter);
        async move {
            while connection.request().await.is_some() {
                // The second one breaks, on the connection that the first one has warmed.
                if counter.fetch_add(1, Ordering::SeqCst) == 1 {
                    return;
                }
                connection.send(OK).await;
            }
        }
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    drain(upstream.send(to(server.address)).await.unwrap()).await;
    let failure = failure_of(&upstream, to(server.address)).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamError);
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    assert_eq!(server.connections(), 1);
}
