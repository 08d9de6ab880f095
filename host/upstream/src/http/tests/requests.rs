//! What arrives at the provider, and what of it may be seen elsewhere.

use http::HeaderValue;
use tokio::sync::mpsc;

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Sends one exchange and returns the request as the server saw it.
async fn arrived(change: impl FnOnce(HttpExchange) -> HttpExchange) -> String {
    let (sender, mut requests) = mpsc::channel(1);
    let server = Server::start(move |mut connection: Connection| {
        let sender = sender.clone();
        async move {
            let request = connection.request().await.unwrap();
            sender.send(request).await.unwrap();
            connection.send(OK).await;
        }
    })
    .await;
    let upstream = HttpUpstream::try_new().unwrap();
    let reply = upstream.send(change(to(server.address))).await.unwrap();
    assert_eq!(drain(reply).await.0, "ok");
    requests.recv().await.unwrap()
}

#[tokio::test]
async fn method_path_headers_and_body_arrive_as_given() {
    let request = arrived(|mut exchange| {
        exchange.headers.insert("x-request-id", HeaderValue::from_static("req-1"));
        exchange.body = Bytes::from_static(br#"{"model":"m"}"#);
        exchange
    })
    .await;
    assert!(request.starts_with("POST /v1/chat HTTP/1.1\r\n"), "{request}");
    for part in [
        "\r\nx-request-id: req-1\r\n",
        "\r\ncontent-length: 13\r\n",
        "\r\naccept-encoding: gzip\r\n",
        "\r\nuser-agent: patchbay/",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"model\":\"m\"}"), "{request}");
    assert!(!request.contains("referer"), "{request}");
}

#[tokio::test]
async fn an_empty_body_is_no_body() {
    let request = arrived(|mut exchange| {
        exchange.method = Method::GET;
        exchange.body = Bytes::new();
        exchange
    })
    .await;
    assert!(request.starts_with("GET /v1/chat HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("content-length"), "{request}");
    assert!(!request.contains("transfer-encoding"), "{request}");
}

#[tokio::test]
async fn each_credential_use_arrives_in_its_place() {
    let cases = [
        ("bearer", "\r\nauthorization: Bearer sk-1/+ 2\r\n"),
        ("header:x-api-key", "\r\nx-api-key: sk-1/+ 2\r\n"),
        ("basic", "\r\nauthorization: Basic c2stMS8rIDI=\r\n"),
        ("query:key", "POST /v1/chat?key=sk-1%2F%2B+2 HTTP/1.1\r\n"),
    ];
    for (usage, part) in cases {
        let request = arrived(|exchange| with_credential(exchange, usage, "sk-1/+ 2")).await;
        assert!(request.contains(part), "{usage}: {request}");
    }
}

#[tokio::test]
async fn a_secret_is_in_no_failure() {
    let upstream = HttpUpstream::try_new().unwrap();
    let broken = Server::start(|mut connection: Connection| async move {
        connection.request().await;
    })
    .await;
    let refused = unused_address().await;
    for usage in ["bearer", "query:key", "basic", "header:x-api-key"] {
        for exchange in [
            to(broken.address),
            to(refused),
            exchange("http://169.254.169.254/"),
            exchange("ftp://127.0.0.1/"),
        ] {
            let exchange = with_credential(exchange, usage, "sk-0123456789");
            let failure = failure_of(&upstream, exchange).await;
            let shown = format!("{failure:?} {failure} {:?}", failure.cause_chain());
            assert!(!shown.contains("sk-0123456789"), "{usage}: {shown}");
            assert!(!shown.contains("c2stMDEyMzQ1Njc4OQ"), "{usage}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_program_credential_is_a_fault_of_the_configuration() {
    let upstream = HttpUpstream::try_new().unwrap();
    let exchange = with_credential(exchange("http://127.0.0.1:9/"), "env:KEY", "sk-0123456789");
    let failure = failure_of(&upstream, exchange).await;
    assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
}

#[tokio::test]
async fn nothing_is_sent_to_a_refused_address() {
    let upstream = HttpUpstream::try_new().unwrap();
    for url in ["http://169.254.169.254/latest", "http://[fe80::1]/", "https://[fd00:ec2::254]/"] {
        let failure = failure_of(&upstream, exchange(url)).await;
        assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{url}");
        assert!(failure.message().contains("network = \"anywhere\""), "{failure}");
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_is_unreachable_without_naming_the_address() {
    let upstream = HttpUpstream::try_new().unwrap();
    let address = unused_address().await;
    let failure = failure_of(&upstream, to(address)).await;
    assert_eq!(failure.kind(), FailureKind::UpstreamUnreachable);
    assert!(!failure.message().contains("127.0.0.1"), "{failure}");
    assert!(failure.cause_chain().unwrap().contains("refused"));
}

/// An address where nobody listens.
async fn unused_address() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}
